#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "codec/wire.h"

namespace rheon::fuzz {

/// Fuzzed bytes as a row of values, in the encoding of codec/wire.h. Whatever is asked for is
/// given: behind the end all is zero or empty, and a text that is cut off is what is left of it.
class Input {
 public:
  Input(const std::uint8_t* data, std::size_t size)
      : left_(reinterpret_cast<const char*>(data), size) {}

  [[nodiscard]] bool empty() const { return left_.empty(); }
  std::uint8_t byte() {
    const auto result = static_cast<std::uint8_t>(left_.empty() ? 0 : left_.front());
    left_.remove_prefix(left_.empty() ? 0 : 1);
    return result;
  }
  /// A varint.
  std::uint64_t number() {
    codec::Reader reader(left_);
    const std::uint64_t result = reader.varint();
    left_.remove_prefix(left_.size() - reader.left());
    return result;
  }
  /// Its length as a number, then the bytes.
  std::string_view text() {
    const std::uint64_t size = number();
    const std::string_view result = left_.substr(0, size);
    left_.remove_prefix(result.size());
    return result;
  }
  /// All that is left.
  std::string_view rest() {
    const std::string_view result = left_;
    left_ = {};
    return result;
  }

 private:
  std::string_view left_;
};

}  // namespace rheon::fuzz
