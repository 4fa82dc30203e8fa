#include "engine/commit_interval.h"

#include <gtest/gtest.h>

namespace rheon::engine {
namespace {

using namespace std::chrono_literals;

[[nodiscard]] std::chrono::microseconds after_commits(CommitInterval& interval, int commits,
                                                      std::chrono::nanoseconds cost) {
  for (int i = 0; i < commits; ++i) {
    interval.committed(cost);
  }
  return interval.value();
}

TEST(CommitInterval, BeginsWithTheShortestAndStaysThereWhenCommitsCostNothing) {
  CommitInterval interval(std::nullopt);
  EXPECT_EQ(interval.value(), 10ms);
  EXPECT_EQ(after_commits(interval, 100, 0ns), 10ms);
  EXPECT_EQ(after_commits(interval, 100, 250us), 10ms) << "a fortieth of it";
}

TEST(CommitInterval, GrowsUntilCommitsTakeAFortieth) {
  CommitInterval interval(std::nullopt);
  EXPECT_GE(after_commits(interval, 30, 2ms), 79ms);
  EXPECT_LE(interval.value(), 80ms);
}

TEST(CommitInterval, OneSlowCommitDoesNotMakeItLong) {
  CommitInterval interval(std::nullopt);
  EXPECT_LT(after_commits(interval, 1, 1s), 35ms);
}

TEST(CommitInterval, IsNeverLongerThanATenthOfASecond) {
  CommitInterval interval(std::nullopt);
  EXPECT_GE(after_commits(interval, 50, 60s), 99ms);
  EXPECT_LE(interval.value(), 100ms);
}

TEST(CommitInterval, IsShortAgainWhenCommitsCostLittle) {
  CommitInterval interval(std::nullopt);
  EXPECT_GE(after_commits(interval, 50, 60s), 99ms);
  EXPECT_LE(after_commits(interval, 50, 1us), 10'010us);
}

TEST(CommitInterval, IsWhatTheUserSays) {
  CommitInterval interval(5ms);
  EXPECT_EQ(after_commits(interval, 50, 60s), 5ms);
}

}  // namespace
}  // namespace rheon::engine
