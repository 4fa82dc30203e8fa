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

#if defined(__SSE2__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define RHEON_SHORT_TEXT 1
#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || \
    __has_feature(memory_sanitizer)
#undef RHEON_SHORT_TEXT
#endif
#endif
#endif

#if defined(RHEON_SHORT_TEXT)
#include <emmintrin.h>
#endif

namespace rheon {

inline constexpr std::size_t kShortTextBytes = 16;

#if defined(RHEON_SHORT_TEXT)

/// True when 16 bytes can be loaded from `at` as soon as one can.
[[nodiscard]] inline bool loads_short_text(const char* at) {
  constexpr std::uintptr_t kPageBytes = 4096;
  return (reinterpret_cast<std::uintptr_t>(at) & (kPageBytes - 1)) <= kPageBytes - kShortTextBytes;
}
[[nodiscard]] inline __m128i load_short_text(const char* at) {
  __asm__("" : "+r"(at));  // the compiler need not know where the text ends
  return _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
}

#endif

/// Copies the text. `to` has room for it, and for 16 bytes when it is shorter.
inline void copy_text(char* to, std::string_view text) {
#if defined(RHEON_SHORT_TEXT)
  if (text.size() - 1 < kShortTextBytes && loads_short_text(text.data())) [[likely]] {
    _mm_storeu_si128(reinterpret_cast<__m128i*>(to), load_short_text(text.data()));
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
    const auto different = ~static_cast<unsigned>(
        _mm_movemask_epi8(_mm_cmpeq_epi8(load_short_text(a.data()), load_short_text(b.data()))));
    return (different & ((1u << a.size()) - 1)) == 0;
  }
#endif
  return a.empty() || std::memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace rheon
