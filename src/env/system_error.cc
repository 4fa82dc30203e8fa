#include "env/system_error.h"

#include <cerrno>
#include <system_error>

namespace rheon::env {
namespace {

ErrorCode code_of(int error_number) {
  switch (error_number) {
    case ENOENT:
      return ErrorCode::kNotFound;
    case EPIPE:
      return ErrorCode::kClosed;
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
      return ErrorCode::kNoSpace;
    case EWOULDBLOCK:
      return ErrorCode::kRefused;
    default:
      return ErrorCode::kIo;
  }
}

/// What to do about it, where that does not depend on what was to be done.
std::string_view advice_on(int error_number) {
  return error_number == EROFS ? ": make it writable, or use another directory" : "";
}

}  // namespace

Error system_error(std::string_view what, std::string_view path, int error_number) {
  std::string message = "cannot ";
  message.append(what).append(" '").append(path).append("': ");
  message += std::generic_category().message(error_number);
  message += advice_on(error_number);
  return Error{code_of(error_number), std::move(message)};
}

}  // namespace rheon::env
