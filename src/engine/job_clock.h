#pragma once

// The job's own processing clock: follows the monotonic clock, is drawn to the wall clock by at
// most 5 %, and never goes back, not over a restart either.

#include <atomic>
#include <chrono>
#include <cstdint>

#include "base/types.h"
#include "env/clock.h"

namespace rheon::engine {

class JobClock {
 public:
  explicit JobClock(env::Clock& clock) : clock_(clock) {}

  /// At start: max(persisted, wall).
  void start(EventTime persisted);
  /// Draws the clock nearer to the wall; about every 100 ms, one thread.
  void adjust();
  /// Any thread.
  [[nodiscard]] EventTime at(env::Monotonic monotonic) const {
    return EventTime{offset_micros_.load(std::memory_order_relaxed) +
                     std::chrono::duration_cast<std::chrono::microseconds>(monotonic).count()};
  }
  [[nodiscard]] EventTime now() const { return at(clock_.monotonic()); }
  [[nodiscard]] env::Monotonic monotonic() const { return clock_.monotonic(); }

 private:
  env::Clock& clock_;
  std::atomic<std::int64_t> offset_micros_{0};  // job time minus monotonic time
  env::Monotonic adjusted_{0};
};

}  // namespace rheon::engine
