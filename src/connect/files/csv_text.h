#pragma once

// The parts of a CSV line, written without looking at the room that is left: callers have made it.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include "base/bytes.h"
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

namespace detail {

/// Copies 1 to 16 bytes without a call.
inline void copy_short(char* to, const char* from, std::size_t size) {
  const auto move = [&]<class Word>(Word first, Word last) {
    std::memcpy(&first, from, sizeof first);
    std::memcpy(&last, from + size - sizeof last, sizeof last);
    std::memcpy(to, &first, sizeof first);
    std::memcpy(to + size - sizeof last, &last, sizeof last);
  };
  if (size >= 8) {
    move(std::uint64_t{}, std::uint64_t{});
  } else if (size >= 4) {
    move(std::uint32_t{}, std::uint32_t{});
  } else if (size >= 2) {
    move(std::uint16_t{}, std::uint16_t{});
  } else {
    *to = *from;
  }
}

#if defined(__SSE2__)
/// A bit for each of the 16 bytes that needs quotes.
[[nodiscard]] inline unsigned special_bytes(const char* at) {
  const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
  const auto is = [&](char c) { return _mm_cmpeq_epi8(bytes, _mm_set1_epi8(c)); };
  return static_cast<unsigned>(_mm_movemask_epi8(
      _mm_or_si128(_mm_or_si128(is(','), is('"')), _mm_or_si128(is('\n'), is('\r')))));
}
#endif

}  // namespace detail

/// The text, quoted only when it must be.
[[nodiscard]] inline char* put_text(char* at, std::string_view text) {
  const std::size_t size = text.size();
#if defined(__SSE2__)
  if (size - 1 < 16) {
    detail::copy_short(at, text.data(), size);
    if ((detail::special_bytes(at) & ((1u << size) - 1)) == 0) {
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
