#pragma once

#include <chrono>
#include <cstdint>
#include <random>

#include "env/clock.h"

namespace rheon::env::fake {

/// Time that moves only when told to. Starts at 2024-01-01 UTC.
class FakeClock : public Clock {
 public:
  EventTime wall() override { return wall_; }
  Monotonic monotonic() override { return monotonic_; }

  /// Both clocks; `time` is not negative.
  void advance(std::chrono::nanoseconds time) {
    monotonic_ += time;
    remainder_ += time;
    const auto micros = std::chrono::floor<std::chrono::microseconds>(remainder_);
    remainder_ -= micros;
    wall_ = wall_ + micros;
  }
  /// The wall clock jumps, the other one does not.
  void set_wall(EventTime time) { wall_ = time; }

 private:
  EventTime wall_{1'704'067'200'000'000};
  Monotonic monotonic_ = std::chrono::seconds{1};
  std::chrono::nanoseconds remainder_{0};  // of time that wall_, in microseconds, does not show
};

/// The same numbers for the same seed, everywhere.
class FakeRandom : public Random {
 public:
  explicit FakeRandom(std::uint64_t seed) : generator_(seed) {}
  std::uint64_t next() override { return generator_(); }

 private:
  std::mt19937_64 generator_;
};

}  // namespace rheon::env::fake
