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
  least_micros_ = begin.micros;
  offset_micros_ = begin.micros - micros(adjusted_);
}

void JobClock::adjust() {
  const env::Monotonic now = clock_.monotonic();
  const std::int64_t most = micros(now - adjusted_) / kSlewDivisor;
  adjusted_ = now;
  const std::int64_t behind = clock_.wall().micros - (offset_micros_ + micros(now));
  not_before(at(now));
  offset_micros_.fetch_add(std::clamp(behind, -most, most), std::memory_order_release);
}

}  // namespace rheon::engine
