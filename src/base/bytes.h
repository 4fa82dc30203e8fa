#pragma once

#include <cstddef>
#include <span>
#include <string_view>

namespace rheon {

/// Binary data. Text is std::string_view; both are views that own nothing.
using Bytes = std::span<const std::byte>;

[[nodiscard]] inline Bytes as_bytes(std::string_view text) {
  return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}
[[nodiscard]] inline std::string_view as_text(Bytes bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace rheon
