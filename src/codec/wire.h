#pragma once

// Writing and reading the small parts that every stored format is made of: fixed-width integers
// (little-endian), varints (LEB128), length-prefixed bytes. A reader never reads past its end:
// after the first mistake failed() is true and everything it returns is zero or empty.

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace rheon::codec {

inline void put_u8(std::string& out, std::uint8_t v) { out.push_back(static_cast<char>(v)); }

namespace detail {
template <class T>
void put_little_endian(std::string& out, T v) {
  char bytes[sizeof(T)];
  for (std::size_t i = 0; i < sizeof(T); ++i) {
    bytes[i] = static_cast<char>(static_cast<std::uint8_t>(v >> (8 * i)));
  }
  out.append(bytes, sizeof(T));
}
template <class T>
T get_little_endian(const char* at) {
  T v = 0;
  for (std::size_t i = 0; i < sizeof(T); ++i) {
    v = static_cast<T>(v | (static_cast<T>(static_cast<std::uint8_t>(at[i])) << (8 * i)));
  }
  return v;
}
}  // namespace detail

inline void put_u32(std::string& out, std::uint32_t v) { detail::put_little_endian(out, v); }
inline void put_u64(std::string& out, std::uint64_t v) { detail::put_little_endian(out, v); }
inline void put_i64(std::string& out, std::int64_t v) {
  put_u64(out, static_cast<std::uint64_t>(v));
}

inline void put_varint(std::string& out, std::uint64_t v) {
  while (v >= 0x80) {
    out.push_back(static_cast<char>(static_cast<std::uint8_t>(v | 0x80)));
    v >>= 7;
  }
  out.push_back(static_cast<char>(static_cast<std::uint8_t>(v)));
}

/// A varint length, then the bytes.
inline void put_bytes(std::string& out, std::string_view bytes) {
  put_varint(out, bytes.size());
  out.append(bytes);
}

/// Reads what the functions above wrote. Views it returns point into the bytes it was given.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : at_(bytes.data()), end_(at_ + bytes.size()) {}

  [[nodiscard]] bool failed() const { return failed_; }
  [[nodiscard]] bool at_end() const { return at_ == end_; }
  [[nodiscard]] std::size_t left() const { return static_cast<std::size_t>(end_ - at_); }

  std::uint8_t u8() { return fixed<std::uint8_t>(); }
  std::uint32_t u32() { return fixed<std::uint32_t>(); }
  std::uint64_t u64() { return fixed<std::uint64_t>(); }
  std::int64_t i64() { return static_cast<std::int64_t>(u64()); }

  std::uint64_t varint() {
    std::uint64_t v = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      if (at_ == end_) {
        break;
      }
      const auto byte = static_cast<std::uint8_t>(*at_++);
      v |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
      if (byte < 0x80) {
        if (shift == 63 && byte > 1) {
          break;
        }
        return v;
      }
    }
    return fail();
  }

  std::string_view bytes() { return take(varint()); }

  /// The next `size` bytes.
  std::string_view take(std::uint64_t size) {
    if (size > left()) {
      fail();
      return {};
    }
    const std::string_view result(at_, size);
    at_ += size;
    return result;
  }

 private:
  template <class T>
  T fixed() {
    if (left() < sizeof(T)) {
      return static_cast<T>(fail());
    }
    const T v = detail::get_little_endian<T>(at_);
    at_ += sizeof(T);
    return v;
  }
  std::uint64_t fail() {
    failed_ = true;
    at_ = end_;
    return 0;
  }

  const char* at_;
  const char* end_;
  bool failed_ = false;
};

}  // namespace rheon::codec
