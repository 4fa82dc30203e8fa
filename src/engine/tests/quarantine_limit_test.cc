#include "engine/quarantine_limit.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace rheon::engine {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::AllOf;
using ::testing::HasSubstr;

class QuarantineLimitTest : public ::testing::Test {
 protected:
  void epoch(env::Monotonic now, std::uint64_t in, std::uint64_t quarantined) {
    limit_.add({{"operator/parse/in", in},
                {"operator/parse/emitted", in - quarantined},
                {"operator/parse/quarantined", quarantined},
                {"edge/parse->sums.0/sent", in - quarantined}},
               now);
  }
  [[nodiscard]] bool stops() const { return !limit_.check({}).has_value(); }

  QuarantineLimit limit_{10};
};

TEST_F(QuarantineLimitTest, ATenthMayGo) {
  epoch(seconds{1}, 10'000, 1'000);
  EXPECT_FALSE(stops());
  epoch(seconds{1}, 1, 1);
  EXPECT_TRUE(stops());
}

TEST_F(QuarantineLimitTest, AHundredMayGoWhateverTheirShare) {
  epoch(seconds{1}, 100, 100);
  EXPECT_FALSE(stops());
  epoch(seconds{2}, 1, 1);
  EXPECT_TRUE(stops());
}

TEST_F(QuarantineLimitTest, WhatIsOlderThanAMinuteDoesNotCount) {
  for (int s = 0; s < 300; ++s) {
    epoch(seconds{s} + milliseconds{500}, 1, 1);
  }
  EXPECT_FALSE(stops());
}

TEST_F(QuarantineLimitTest, ReasonsThatLookLikeCountersDoNotCount) {
  epoch(seconds{1}, 1'000, 0);
  limit_.add({{"operator/parse/dropped/quarantined", 1'000}, {"operator/parse/dropped/a/in", 1}},
             seconds{1});
  EXPECT_FALSE(stops());
  epoch(seconds{1}, 0, 100);
  limit_.add({{"operator/parse/dropped/in", 100'000}}, seconds{1});
  epoch(seconds{1}, 0, 1);
  EXPECT_TRUE(stops());
}

TEST_F(QuarantineLimitTest, TimersHaveAShareOfTheirOwn) {
  const auto timers = [this](std::uint64_t fired, std::uint64_t threw) {
    limit_.add({{"operator/parse/timers", fired}, {"operator/parse/quarantined_timers", threw}},
               seconds{1});
  };
  timers(100'000, 0);
  epoch(seconds{1}, 1'000, 100);
  EXPECT_FALSE(stops());
  epoch(seconds{1}, 1, 1);
  EXPECT_TRUE(stops()) << "however many timers fire meanwhile";
}

TEST_F(QuarantineLimitTest, TimersThatThrowStopAJobAsRecordsDo) {
  epoch(seconds{1}, 100'000, 0);
  limit_.add({{"operator/parse/timers", 1'000}, {"operator/parse/quarantined_timers", 101}},
             seconds{1});
  EXPECT_THAT(limit_.check({}).error().message,
              HasSubstr("'parse' has sent 101 of 1000 timers to quarantine"));
}

TEST_F(QuarantineLimitTest, TheSentenceNamesOperatorNumbersReasonAndOption) {
  epoch(seconds{1}, 1'000, 500);
  EXPECT_THAT(limit_.check({{"parse", "'x' (a.txt:7) because \"no number\""}}).error().message,
              AllOf(HasSubstr("'parse' has sent 500 of 1000 records to quarantine"),
                    HasSubstr("more than 10 %; one of them is 'x' (a.txt:7) because"),
                    HasSubstr("--max-quarantined-percent")));
}

TEST_F(QuarantineLimitTest, AnEdgeHasTakenWhatItSentAndWhatItKept) {
  limit_.add({{"edge/lines->counts.0/sent", 900},
              {"edge/lines->counts.0/quarantined", 100},
              {"edge/lines->counts.0/received", 900}},
             seconds{1});
  EXPECT_FALSE(stops());
  limit_.add({{"edge/lines->counts.0/quarantined", 101}}, seconds{1});
  EXPECT_THAT(limit_.check({}).error().message,
              HasSubstr("'lines->counts.0' has sent 201 of 1101 records to quarantine"));
}

TEST_F(QuarantineLimitTest, AHundredPercentNeverStops) {
  QuarantineLimit none(100);
  none.add({{"operator/parse/in", 1'000}, {"operator/parse/quarantined", 1'000}}, seconds{1});
  EXPECT_TRUE(none.check({}));
}

}  // namespace
}  // namespace rheon::engine
