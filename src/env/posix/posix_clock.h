#pragma once

#include "env/clock.h"

namespace rheon::env::posix {

class PosixClock : public Clock {
 public:
  EventTime wall() override;
  Monotonic monotonic() override;
};

/// Numbers from the system's generator for secrets, taken in blocks per thread.
class PosixRandom : public Random {
 public:
  std::uint64_t next() override;
};

}  // namespace rheon::env::posix
