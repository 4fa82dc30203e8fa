#pragma once

// How much one call of user code may emit, so that one record cannot take all memory.

#include <cstddef>

namespace rheon::operators {

/// Output bytes of one call beyond which it counts as one that throws.
inline constexpr std::size_t kMaxOutputPerInputBytes = 64 << 20;

[[noreturn]] void throw_too_much_output();

}  // namespace rheon::operators
