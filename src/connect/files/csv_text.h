#pragma once

// The parts of a CSV line, written without looking at the room that is left: callers have made it.

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
[[nodiscard]] inline unsigned special_bytes(__m128i bytes) {
  const auto is = [&](char c) { return _mm_cmpeq_epi8(bytes, _mm_set1_epi8(c)); };
  return static_cast<unsigned>(_mm_movemask_epi8(
      _mm_or_si128(_mm_or_si128(is(','), is('"')), _mm_or_si128(is('\n'), is('\r')))));
}

}  // namespace detail
#endif

/// The text, quoted only when it must be.
[[nodiscard]] inline char* put_text(char* at, std::string_view text) {
  const std::size_t size = text.size();
#if defined(RHEON_SHORT_TEXT)
  if (size - 1 < kShortTextBytes && loads_short_text(text.data())) [[likely]] {
    const __m128i bytes = load_short_text(text.data());
    _mm_storeu_si128(reinterpret_cast<__m128i*>(at), bytes);
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

[[nodiscard]] inline std::size_t digits_of(std::uint64_t v) {
  std::size_t digits = 1;
  for (;;) {
    if (v < 10) {
      return digits;
    }
    if (v < 100) {
      return digits + 1;
    }
    if (v < 1000) {
      return digits + 2;
    }
    if (v < 10000) {
      return digits + 3;
    }
    v /= 10000;
    digits += 4;
  }
}

[[nodiscard]] inline char* put_number(char* at, std::uint64_t v) {
  const std::size_t digits = digits_of(v);
  char* end = at + digits;
  char* back = end;
  while (v >= 100) {
    const std::uint64_t rest = v % 100;
    v /= 100;
    back -= 2;
    std::memcpy(back, detail::kTwoDigits + 2 * rest, 2);
  }
  if (v >= 10) {
    std::memcpy(back - 2, detail::kTwoDigits + 2 * v, 2);
  } else {
    back[-1] = static_cast<char>('0' + v);
  }
  return end;
}

}  // namespace rheon::connect::csv
