#pragma once

// Copying and comparing texts of up to 16 bytes without a branch on their length: most keys and
// words are that short, and their lengths cannot be foreseen by the processor.
//
// A load of 16 bytes may go beyond the end of a text, never beyond its page: what is loaded too
// much is not used. Under sanitizers, and on machines without SSE2, nothing is loaded too much.

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "base/sanitizers.h"

#if defined(__SSE2__) && !RHEON_SANITIZER
#define RHEON_SHORT_TEXT 1
#endif

namespace rheon {

inline constexpr std::size_t kShortTextBytes = 16;

#if defined(RHEON_SHORT_TEXT)

/// True when 16 bytes can be loaded from `at` as soon as one can.
[[nodiscard]] inline bool loads_short_text(const char* at) {
  constexpr std::uintptr_t kPageBytes = 4096;
  return (reinterpret_cast<std::uintptr_t>(at) & (kPageBytes - 1)) <= kPageBytes - kShortTextBytes;
}
// The compiler's own vectors: users' builds are spared 2,700 lines of <emmintrin.h>.
using ShortText [[gnu::vector_size(kShortTextBytes)]] = char;

[[nodiscard]] inline ShortText load_short_text(const char* at) {
  __asm__("" : "+r"(at));  // the compiler need not know where the text ends
  ShortText text;
  std::memcpy(&text, at, sizeof text);
  return text;
}
inline void store_short_text(char* to, ShortText text) { std::memcpy(to, &text, sizeof text); }
/// A bit for each byte: 1 where all bits of the byte are.
[[nodiscard]] inline unsigned bits_of(ShortText bytes) {
  return static_cast<unsigned>(__builtin_ia32_pmovmskb128(bytes));
}

#endif

/// Copies the text. `to` has room for it, and for 16 bytes when it is shorter.
inline void copy_text(char* to, std::string_view text) {
#if defined(RHEON_SHORT_TEXT)
  if (text.size() - 1 < kShortTextBytes && loads_short_text(text.data())) [[likely]] {
    store_short_text(to, load_short_text(text.data()));
    return;
  }
#endif
  if (!text.empty()) {
    std::memcpy(to, text.data(), text.size());
  }
}

[[nodiscard]] inline bool same_text(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) {
    return false;
  }
#if defined(RHEON_SHORT_TEXT)
  if (a.size() - 1 < kShortTextBytes && loads_short_text(a.data()) && loads_short_text(b.data()))
      [[likely]] {
    const auto same = load_short_text(a.data()) == load_short_text(b.data());
    return (~bits_of(reinterpret_cast<ShortText>(same)) & ((1u << a.size()) - 1)) == 0;
  }
#endif
  return a.empty() || std::memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace rheon
