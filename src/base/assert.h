#pragma once

// Broken invariants. On in release builds too: going on with a broken invariant would write wrong
// results to durable places.

namespace rheon {

/// Prints the sentence with its place to standard error and aborts the process.
[[noreturn]] void assertion_failed(const char* condition, const char* sentence, const char* file,
                                   int line) noexcept;

}  // namespace rheon

#define RHEON_ASSERT(condition, sentence)            \
  (__builtin_expect(static_cast<bool>(condition), 1) \
       ? static_cast<void>(0)                        \
       : ::rheon::assertion_failed(#condition, sentence, __FILE__, __LINE__))
