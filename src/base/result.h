#pragma once

// The one error model: an expected failure is a Result with a code and a sentence that says what
// to do about it. A broken invariant is RHEON_ASSERT (base/assert.h).

#include <string>
#include <tl/expected.hpp>
#include <utility>

namespace rheon {

enum class ErrorCode {
  kInvalidInput,  // bad usage or input; programs exit with 2
  kRefused,       // incompatible, foreign or busy data; programs exit with 3
  kNotFound,
  kNoSpace,  // no room on the disk, or a quota: may be tried again when there is space
  kIo,       // any other failed call to the system
  kClosed,   // whoever read what we write is gone: trying again does not help
  kCorrupt,  // bytes that are not what was written
  kInternal,
};

struct Error {
  ErrorCode code;
  std::string message;  // a sentence; names the file, the job or the record it is about
};

template <class T>
using Result = tl::expected<T, Error>;
using Status = Result<void>;

[[nodiscard]] inline tl::unexpected<Error> fail(ErrorCode code, std::string message) {
  return tl::unexpected<Error>(Error{code, std::move(message)});
}

}  // namespace rheon

#define RHEON_CONCAT_IMPL(a, b) a##b
#define RHEON_CONCAT(a, b) RHEON_CONCAT_IMPL(a, b)

/// Returns from the calling function with the error of `expression`, if it has one.
#define RHEON_TRY(expression)                                                   \
  do {                                                                          \
    if (auto rheon_status = (expression); !rheon_status.has_value()) {          \
      return ::tl::unexpected<::rheon::Error>(std::move(rheon_status).error()); \
    }                                                                           \
  } while (false)

/// `RHEON_ASSIGN(auto file, files.open(path));` declares `file`, or returns with the error.
#define RHEON_ASSIGN(declaration, expression) \
  RHEON_ASSIGN_IMPL(RHEON_CONCAT(rheon_result_, __LINE__), declaration, expression)
#define RHEON_ASSIGN_IMPL(result, declaration, expression)              \
  auto result = (expression);                                           \
  if (!result.has_value()) {                                            \
    return ::tl::unexpected<::rheon::Error>(std::move(result).error()); \
  }                                                                     \
  declaration = std::move(*result)
