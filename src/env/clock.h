#pragma once

#include <chrono>
#include <cstdint>

#include "base/types.h"

namespace rheon::env {

/// Time since an arbitrary start; never goes back.
using Monotonic = std::chrono::nanoseconds;

class Clock {
 public:
  virtual ~Clock() = default;
  /// The wall clock: may jump in both directions.
  [[nodiscard]] virtual EventTime wall() = 0;
  [[nodiscard]] virtual Monotonic monotonic() = 0;
};

class Random {
 public:
  virtual ~Random() = default;
  [[nodiscard]] virtual std::uint64_t next() = 0;
};

}  // namespace rheon::env
