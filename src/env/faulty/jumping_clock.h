#pragma once

#include <chrono>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "env/clock.h"

namespace rheon::env::faulty {

/// What a wall clock does beside going on.
struct ClockChange {
  enum class What {
    kJump,
    kStop,  // it stands still, but may be set
    kGo,    // ... and goes on from where it stands
  };

  std::chrono::milliseconds after{0};  // since the clock was made
  What what = What::kJump;
  std::chrono::seconds by{0};  // of a jump
};
using ClockPlan = std::vector<ClockChange>;  // in order of `after`

/// "0:-3600,250:stop,900:go,1000:86400": an hour slow from its start, stands still from 250 ms to
/// 900 ms, and 100 ms later is set a day ahead. Empty: nothing. kInvalidInput when it is something
/// else.
[[nodiscard]] Result<ClockPlan> parse_clock_plan(std::string_view text);

/// A clock whose wall time jumps and stands still as the plan says; its monotonic time does
/// neither. Any thread.
class JumpingClock : public Clock {
 public:
  JumpingClock(Clock& real, ClockPlan plan);

  EventTime wall() override;
  Monotonic monotonic() override { return real_.monotonic(); }

 private:
  Clock& real_;
  const ClockPlan plan_;
  const EventTime began_wall_;
  const Monotonic began_;
};

}  // namespace rheon::env::faulty
