#pragma once

#include <string_view>

namespace rheon::connect {

/// True when the text is valid UTF-8 (no overlong forms, no surrogates, nothing above U+10FFFF).
[[nodiscard]] bool is_utf8(std::string_view text);

}  // namespace rheon::connect
