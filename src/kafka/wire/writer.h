#pragma once

// Writing what reader.h reads, at the end of a string.

#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>

namespace rheon::kafka::wire {

class Writer {
 public:
  explicit Writer(std::string& out) : out_(out) {}

  template <class Integer>
  void integer(Integer value) {
    char bytes[sizeof(Integer)];
    put_integer(bytes, value);
    out_.append(bytes, sizeof(Integer));
  }
  /// ... at a place that has been written.
  template <class Integer>
  static void put_integer(char* at, Integer value) {
    const auto bits = static_cast<std::make_unsigned_t<Integer>>(value);
    for (std::size_t i = 0; i < sizeof(Integer); ++i) {
      at[i] = static_cast<char>(static_cast<std::uint8_t>(bits >> (8 * (sizeof(Integer) - 1 - i))));
    }
  }
  void unsigned_varint(std::uint32_t value) { varint_bits(value); }
  void varint(std::int32_t value) {
    varint_bits((static_cast<std::uint32_t>(value) << 1) ^ (value < 0 ? UINT32_MAX : 0));
  }
  void varlong(std::int64_t value) {
    varint_bits((static_cast<std::uint64_t>(value) << 1) ^ (value < 0 ? UINT64_MAX : 0));
  }
  void bytes(std::string_view bytes) { out_.append(bytes); }

  [[nodiscard]] std::string& out() { return out_; }

 private:
  void varint_bits(std::uint64_t bits) {
    while (bits >= 0x80) {
      out_.push_back(static_cast<char>(static_cast<std::uint8_t>(bits | 0x80)));
      bits >>= 7;
    }
    out_.push_back(static_cast<char>(static_cast<std::uint8_t>(bits)));
  }

  std::string& out_;
};

}  // namespace rheon::kafka::wire
