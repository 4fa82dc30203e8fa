#include "engine/job_clock.h"

#include <algorithm>

namespace rheon::engine {

namespace {
constexpr std::int64_t kSlewDivisor = 20;  // 5 %
}

void JobClock::start(EventTime persisted) {
  const EventTime wall = clock_.wall();
  const EventTime begin = persisted.is_finite() ? std::max(persisted, wall) : wall;
  adjusted_ = clock_.monotonic();
  offset_micros_ =
      begin.micros - std::chrono::duration_cast<std::chrono::microseconds>(adjusted_).count();
}

void JobClock::adjust() {
  const env::Monotonic now = clock_.monotonic();
  const std::int64_t passed =
      std::chrono::duration_cast<std::chrono::microseconds>(now - adjusted_).count();
  adjusted_ = now;
  const std::int64_t behind = clock_.wall().micros - at(now).micros;
  const std::int64_t most = passed / kSlewDivisor;  // less than has passed: it never goes back
  offset_micros_ += std::clamp(behind, -most, most);
}

}  // namespace rheon::engine
