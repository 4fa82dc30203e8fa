#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace rheon::env {

/// "cannot <what> '<path>': <the system's words>", with the code that belongs to `error_number`.
[[nodiscard]] Error system_error(std::string_view what, std::string_view path, int error_number);

[[nodiscard]] inline tl::unexpected<Error> fail_system(std::string_view what, std::string_view path,
                                                       int error_number) {
  return tl::unexpected<Error>(system_error(what, path, error_number));
}

}  // namespace rheon::env
