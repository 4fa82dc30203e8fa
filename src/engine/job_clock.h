#pragma once

// The job's own processing clock: follows the monotonic clock, is drawn to the wall clock by at
// most 5 %, and never goes back, not over a restart either.

#include <algorithm>
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
  /// It has shown `seen` to somebody: a thread that reads the clock while adjust() sets it back may
  /// be a little ahead of it. The thread of adjust().
  void not_before(EventTime seen) {
    if (seen.micros > least_micros_.load(std::memory_order_relaxed)) {
      least_micros_.store(seen.micros, std::memory_order_release);
    }
  }
  /// Any thread.
  [[nodiscard]] EventTime at(env::Monotonic monotonic) const {
    const std::int64_t offset = offset_micros_.load(std::memory_order_acquire);
    return EventTime{
        std::max(offset + micros(monotonic), least_micros_.load(std::memory_order_acquire))};
  }
  [[nodiscard]] EventTime now() const { return at(clock_.monotonic()); }
  [[nodiscard]] env::Monotonic monotonic() const { return clock_.monotonic(); }

 private:
  [[nodiscard]] static std::int64_t micros(env::Monotonic monotonic) {
    return std::chrono::duration_cast<std::chrono::microseconds>(monotonic).count();
  }

  env::Clock& clock_;
  std::atomic<std::int64_t> offset_micros_{0};  // job time minus monotonic time
  // What it has shown at most, as far as is known: there it waits until the offset is as far.
  std::atomic<std::int64_t> least_micros_{INT64_MIN};
  env::Monotonic adjusted_{0};
};

}  // namespace rheon::engine
