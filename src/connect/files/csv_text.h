#pragma once

// The parts of a CSV line, written without looking at the room that is left: callers have made it.

#include <bit>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "base/bytes.h"
#include "base/short_text.h"
#include "base/types.h"

namespace rheon::connect::csv {

/// Room that put_text() may touch for a text of this size.
[[nodiscard]] inline std::size_t text_room(std::size_t size) { return 2 * size + 18; }

/// Writes the text in quotes, its quotes doubled.
[[nodiscard]] char* put_quoted(char* at, std::string_view text);
[[nodiscard]] bool needs_quotes(std::string_view text);
[[nodiscard]] char* put_time(char* at, EventTime time);
[[nodiscard]] char* put_seconds(char* at, std::chrono::microseconds duration);
[[nodiscard]] char* put_hex(char* at, Bytes bytes);

[[nodiscard]] inline char* put_word(char* at, std::string_view word) {
  std::memcpy(at, word.data(), word.size());
  return at + word.size();
}

#if defined(RHEON_SHORT_TEXT)
namespace detail {

/// A bit for each of the 16 bytes that needs quotes.
[[nodiscard]] inline unsigned special_bytes(ShortText bytes) {
  const auto special = (bytes == ',') | (bytes == '"') | (bytes == '\n') | (bytes == '\r');
  return bits_of(reinterpret_cast<ShortText>(special));
}

}  // namespace detail
#endif

/// The text, quoted only when it must be.
[[nodiscard]] inline char* put_text(char* at, std::string_view text) {
  const std::size_t size = text.size();
#if defined(RHEON_SHORT_TEXT)
  if (size - 1 < kShortTextBytes && loads_short_text(text.data())) [[likely]] {
    const ShortText bytes = load_short_text(text.data());
    store_short_text(at, bytes);
    if ((detail::special_bytes(bytes) & ((1u << size) - 1)) == 0) [[likely]] {
      return at + size;
    }
    return put_quoted(at, text);
  }
#endif
  if (needs_quotes(text)) {
    return put_quoted(at, text);
  }
  if (size > 0) {
    std::memcpy(at, text.data(), size);
  }
  return at + size;
}

namespace detail {
inline constexpr char kTwoDigits[] =
    "00010203040506070809101112131415161718192021222324252627282930313233343536373839"
    "40414243444546474849505152535455565758596061626364656667686970717273747576777879"
    "8081828384858687888990919293949596979899";
}  // namespace detail

namespace detail {

/// The eight decimal digits of v < 10^8, the first one in the lowest byte.
[[nodiscard]] inline std::uint64_t eight_digits(std::uint64_t v) {
  // Two halves of four digits, four of two, eight of one: each by a division for all at once.
  const std::uint64_t fours = v / 10000 | (v % 10000) << 32;
  const std::uint64_t hundreds = (fours * 10486 >> 20) & 0x0000007f0000007f;
  const std::uint64_t twos = hundreds | (fours - 100 * hundreds) << 16;
  const std::uint64_t tens = (twos * 103 >> 10) & 0x000f000f000f000f;
  return tens | (twos - 10 * tens) << 8;
}

inline constexpr std::uint64_t kZeros = 0x3030303030303030;  // "00000000"

inline void store_little_endian(char* at, std::uint64_t v) {
  if constexpr (std::endian::native == std::endian::big) {
    v = __builtin_bswap64(v);
  }
  std::memcpy(at, &v, sizeof v);
}

}  // namespace detail

/// Touches up to 24 bytes. How many digits a number has cannot be foreseen by the processor, so
/// there is no branch on it.
[[nodiscard]] inline char* put_number(char* at, std::uint64_t v) {
  constexpr std::uint64_t kEight = 100'000'000;
  if (v >= kEight) [[unlikely]] {
    at = put_number(at, v / kEight);
    detail::store_little_endian(at, detail::eight_digits(v % kEight) | detail::kZeros);
    return at + 8;
  }
  const std::uint64_t digits = detail::eight_digits(v);
  const auto leading = static_cast<unsigned>(std::countr_zero(digits | 1ULL << 56)) / 8;
  detail::store_little_endian(at, (digits | detail::kZeros) >> (8 * leading));
  return at + 8 - leading;
}

}  // namespace rheon::connect::csv
