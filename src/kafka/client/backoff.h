#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

#include "env/clock.h"

namespace rheon::kafka {

/// How long to ask a broker for nothing that says so because of a quota (KIP-219): as long as it
/// says, within reason.
[[nodiscard]] constexpr env::Monotonic throttled_for(std::int32_t throttle_time_ms) {
  constexpr std::chrono::milliseconds kMost = std::chrono::seconds{30};
  return std::clamp(std::chrono::milliseconds{throttle_time_ms}, std::chrono::milliseconds{0},
                    kMost);
}

/// How long to wait before the next attempt: twice as long after each failure, up to a limit, and
/// up to a fifth more or less, so that many clients do not come back all at once.
class Backoff {
 public:
  Backoff(env::Random& random, env::Monotonic first, env::Monotonic most)
      : random_(random), first_(first), most_(most), next_(first) {}

  [[nodiscard]] env::Monotonic failed() {
    const env::Monotonic wait = next_;
    next_ = std::min(next_ * 2, most_);
    const auto percent = static_cast<std::int64_t>(random_.next() % 41) - 20;
    return wait + wait * percent / 100;
  }
  void succeeded() { next_ = first_; }

 private:
  env::Random& random_;
  env::Monotonic first_;
  env::Monotonic most_;
  env::Monotonic next_;
};

}  // namespace rheon::kafka
