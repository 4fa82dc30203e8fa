#include "engine/job_clock.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <random>

#include "env/fake/fake_env.h"

namespace rheon::engine {
namespace {

using namespace std::chrono_literals;

EventTime later(EventTime time, std::chrono::microseconds by) {
  return EventTime{time.micros + by.count()};
}

class JobClockTest : public ::testing::Test {
 protected:
  /// Lets time pass in steps of 100 ms, as a worker does; the smallest step that the clock made.
  std::chrono::microseconds pass(std::chrono::microseconds time) {
    std::chrono::microseconds least = std::chrono::microseconds::max();
    for (; time > 0us; time -= 100ms) {
      const EventTime before = clock_.now();
      env_.clock().advance(100ms);
      clock_.adjust();
      least = std::min(least, std::chrono::microseconds{clock_.now().micros - before.micros});
    }
    return least;
  }

  env::fake::FakeEnv env_;
  JobClock clock_{env_.clock()};
};

TEST_F(JobClockTest, BeginsWithTheWallClock) {
  clock_.start(EventTime::min());
  EXPECT_EQ(clock_.now(), env_.clock().wall());
}

TEST_F(JobClockTest, DoesNotGoBackOverARestartAlthoughTheWallClockWasSetBack) {
  const EventTime persisted = later(env_.clock().wall(), 1h);
  clock_.start(persisted);
  EXPECT_EQ(clock_.now(), persisted);
}

TEST_F(JobClockTest, FollowsTheWallClockOverARestartThatTookLong) {
  const EventTime persisted = env_.clock().wall();
  env_.clock().advance(10h);
  clock_.start(persisted);
  EXPECT_EQ(clock_.now(), env_.clock().wall());
}

TEST_F(JobClockTest, WaitsWhereAnotherThreadHasSeenIt) {
  clock_.start(EventTime::min());
  const EventTime seen = later(clock_.now(), 3ms);
  clock_.not_before(seen);
  EXPECT_EQ(clock_.now(), seen);
  clock_.not_before(env_.clock().wall());
  EXPECT_EQ(clock_.now(), seen);
  env_.clock().advance(2ms);
  EXPECT_EQ(clock_.now(), seen);
  env_.clock().advance(2ms);
  EXPECT_EQ(clock_.now(), later(seen, 1ms));
  EXPECT_EQ(clock_.now(), env_.clock().wall());
}

TEST_F(JobClockTest, GoesOnAtNineteenTwentiethsWhenTheWallClockWasSetBack) {
  clock_.start(EventTime::min());
  env_.clock().set_wall(later(env_.clock().wall(), -10s));
  EXPECT_EQ(pass(100s), 95ms);
  EXPECT_NE(clock_.now(), env_.clock().wall());
  pass(101s);
  EXPECT_EQ(clock_.now(), env_.clock().wall());
  EXPECT_EQ(pass(1s), 100ms);
}

TEST_F(JobClockTest, CatchesUpWithAWallClockThatJumpedAhead) {
  clock_.start(EventTime::min());
  const EventTime before = clock_.now();
  env_.clock().set_wall(later(env_.clock().wall(), 10s));
  pass(100s);
  EXPECT_EQ(clock_.now(), later(before, 105s));
  pass(101s);
  EXPECT_EQ(clock_.now(), env_.clock().wall());
}

TEST_F(JobClockTest, DoesNotGoBackBetweenTwoLooksEither) {
  clock_.start(EventTime::min());
  env_.clock().set_wall(later(env_.clock().wall(), -10s));
  for (int i = 0; i < 100; ++i) {
    env_.clock().advance(100ms);
    const EventTime before = clock_.now();
    clock_.adjust();
    EXPECT_EQ(clock_.now(), before);
    env_.clock().advance(4ms);
    EXPECT_EQ(clock_.now(), before) << "it waits for 5 ms";
    env_.clock().advance(2ms);
    EXPECT_GT(clock_.now(), before);
    EXPECT_LT(clock_.now(), later(before, 2ms));
  }
}

TEST_F(JobClockTest, NeverStopsWhateverTheWallClockDoes) {
  std::mt19937_64 random(1);
  clock_.start(EventTime::min());
  for (int i = 0; i < 300; ++i) {
    const auto jump =
        std::chrono::seconds{static_cast<std::int64_t>(random() % 20'000'000) - 10'000'000};
    env_.clock().set_wall(later(env_.clock().wall(), jump));
    const std::chrono::microseconds step = pass(100ms * (1 + random() % 20));
    EXPECT_GE(step, 95ms);
    EXPECT_LE(step, 105ms);
  }
}

}  // namespace
}  // namespace rheon::engine
