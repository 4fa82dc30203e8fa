#pragma once

#include <cstdint>

namespace rheon::connect::generator {

/// Spreads a counter over 64 bits (the finalizer of splitmix64). Frozen: the words of every seed
/// depend on it.
[[nodiscard]] constexpr std::uint64_t mix(std::uint64_t v) {
  v += 0x9e3779b97f4a7c15;
  v = (v ^ (v >> 30)) * 0xbf58476d1ce4e5b9;
  v = (v ^ (v >> 27)) * 0x94d049bb133111eb;
  return v ^ (v >> 31);
}

}  // namespace rheon::connect::generator
