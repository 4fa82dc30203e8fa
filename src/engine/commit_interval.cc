#include "engine/commit_interval.h"

#include <algorithm>

namespace rheon::engine {

void CommitInterval::committed(std::chrono::nanoseconds cost) {
  if (fixed_) {
    return;
  }
  const auto wanted =
      std::clamp(std::chrono::duration_cast<std::chrono::microseconds>(cost) * kCostShare,
                 kShortest, kLongest);
  value_ = (value_ * 3 + wanted) / 4;  // one slow commit is no reason to wait long
}

}  // namespace rheon::engine
