#include "env/faulty/jumping_clock.h"

#include <gtest/gtest.h>

#include <string>

#include "env/fake/fake_env.h"

namespace rheon::env::faulty {
namespace {

using namespace std::chrono_literals;

class JumpingClockTest : public ::testing::Test {
 protected:
  [[nodiscard]] JumpingClock clock(const std::string& plan) {
    return {env_.clock(), *parse_clock_plan(plan)};
  }
  /// How far it is ahead of the real one after so much more time.
  [[nodiscard]] std::chrono::microseconds ahead(JumpingClock& clock,
                                                std::chrono::milliseconds after) {
    env_.clock().advance(after);
    EXPECT_EQ(clock.monotonic(), env_.clock().monotonic());
    return clock.wall() - env_.clock().wall();
  }

  fake::FakeEnv env_;
};

TEST_F(JumpingClockTest, WithoutAPlanItIsTheRealOne) {
  JumpingClock same = clock("");
  EXPECT_EQ(ahead(same, 0ms), 0ms);
  EXPECT_EQ(ahead(same, 10s), 0ms);
}

TEST_F(JumpingClockTest, JumpsInBothDirectionsWhenItsTimeHasCome) {
  JumpingClock jumps = clock("0:-3600,10:7200,10:1,30:-315360000");
  EXPECT_EQ(ahead(jumps, 0ms), -1h);
  EXPECT_EQ(ahead(jumps, 9ms), -1h);
  EXPECT_EQ(ahead(jumps, 1ms), 1h + 1s);
  EXPECT_EQ(ahead(jumps, 19ms), 1h + 1s);
  EXPECT_EQ(ahead(jumps, 1ms), 1h + 1s - 87600h);
}

TEST_F(JumpingClockTest, StandsStillAndGoesOnFromThere) {
  JumpingClock stands = clock("10:stop,20:5,30:go");
  EXPECT_EQ(ahead(stands, 10ms), 0ms);
  EXPECT_EQ(ahead(stands, 9ms), -9ms);
  EXPECT_EQ(ahead(stands, 1ms), 5s - 10ms);
  EXPECT_EQ(ahead(stands, 10ms), 5s - 20ms);
  EXPECT_EQ(ahead(stands, 10ms), 5s - 20ms);
}

TEST(ClockPlan, AnythingElseIsRefused) {
  for (const std::string text : {"x", "5", "5:", ":7", "-1:7", "5:7x", "5:halt", "5:7,", "5:7,4:7",
                                 "5:7,,6:7", "99999999999999999999:7"}) {
    EXPECT_EQ(parse_clock_plan(text).has_value(), text == "5:7,") << text;
  }
}

}  // namespace
}  // namespace rheon::env::faulty
