#include "api/parameters.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "api/job.h"
#include "base/tests/seeds.h"

namespace rheon {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

/// Runs `describe` with these values; the mistake, or nothing.
template <class Describe>
std::string mistake_of(Parameters::Values values, Describe&& describe) {
  Job job("job", Parameters(std::move(values), /*complete=*/true));
  describe(job);
  const Status status = job.parameters().check();
  return status.has_value() ? "" : status.error().message;
}

TEST(Parameters, DurationsHaveAUnit) {
  EXPECT_EQ(*parse_duration("10ms"), 10ms);
  EXPECT_EQ(*parse_duration("3min"), 3min);
  EXPECT_EQ(*parse_duration("2h"), 2h);
  EXPECT_EQ(*parse_duration("1d"), 24h);
  for (const char* wrong :
       {"", "5", "s", "5 s", "5weeks", "1e3s", "99999999999999999999s", "9999999999999999d"}) {
    EXPECT_FALSE(parse_duration(wrong).has_value()) << wrong;
  }
}

TEST(Parameters, DurationsArePrintedAsTheyAreRead) {
  for (const std::uint64_t seed : testing::seeds(200)) {
    SCOPED_TRACE(testing::repeat(seed));
    std::mt19937_64 random(seed);
    constexpr std::int64_t kUnits[] = {1, 1000, 1'000'000, 60'000'000, 86'400'000'000};
    const std::chrono::microseconds duration{static_cast<std::int64_t>(random() % 10'000) *
                                             kUnits[random() % 5]};
    EXPECT_EQ(*parse_duration(format_duration(duration)), duration);
  }
  EXPECT_EQ(format_duration(0us), "0us");
}

TEST(Parameters, NumbersAreReadToTheirEnd) {
  EXPECT_EQ(*parse_integer("-12"), -12);
  for (const char* wrong : {"", "x", "12x", "1.5", "99999999999999999999"}) {
    EXPECT_FALSE(parse_integer(wrong).has_value()) << wrong;
  }
  EXPECT_EQ(*parse_number("-2.5e3"), -2500);
  for (const char* wrong : {"", "x", "2.5x", "1e999"}) {
    EXPECT_FALSE(parse_number(wrong).has_value()) << wrong;
  }
}

TEST(Parameters, YesAndNoHaveManyWords) {
  for (const char* yes : {"true", "yes", "on", "1", ""}) {
    EXPECT_TRUE(*parse_yes_no(yes)) << yes;
  }
  for (const char* no : {"false", "no", "off", "0"}) {
    EXPECT_FALSE(*parse_yes_no(no)) << no;
  }
  EXPECT_THAT(parse_yes_no("perhaps").error().message, HasSubstr("'perhaps' is neither"));
}

TEST(Parameters, GiveTheirValuesToTheJob) {
  std::string text;
  int number = 0;
  bool yes = false;
  std::chrono::seconds time{0};
  EXPECT_EQ(mistake_of({{"text", "t"}, {"number", "-7"}, {"yes", "on"}, {"time", "2min"}},
                       [&](Job& job) {
                         text = job.param<std::string>("text", "a text");
                         number = job.param<int>("number", "a number");
                         yes = job.param<bool>("yes", "yes or no", false);
                         time = job.param<std::chrono::seconds>("time", "a time");
                       }),
            "");
  EXPECT_EQ(text, "t");
  EXPECT_EQ(number, -7);
  EXPECT_TRUE(yes);
  EXPECT_EQ(time, 120s);
}

TEST(Parameters, ThatAreNotGivenAreWhatTheJobFallsBackTo) {
  int number = 0;
  EXPECT_EQ(mistake_of({}, [&](Job& job) { number = job.param<int>("number", "a number", 7); }),
            "");
  EXPECT_EQ(number, 7);
}

TEST(Parameters, EveryMistakeNamesItsParameter) {
  const auto one = [](Job& job) {
    static_cast<void>(job.param<std::uint8_t>("size", "how large it is"));
  };
  EXPECT_THAT(mistake_of({}, one), HasSubstr("--size is missing: how large it is."));
  EXPECT_THAT(mistake_of({{"size", "many"}}, one), HasSubstr("'many' is not a whole number"));
  EXPECT_THAT(mistake_of({{"size", "300"}}, one), HasSubstr("--size: '300' is out of range"));
  EXPECT_THAT(mistake_of({{"size", "3"}, {"sise", "4"}}, one),
              HasSubstr("this job has no parameter --sise"));
}

TEST(Parameters, OfSeveralMistakesTheFirstIsTold) {
  EXPECT_THAT(mistake_of({{"size", "many"}},
                         [](Job& job) {
                           static_cast<void>(job.param<int>("size", "how large it is"));
                           static_cast<void>(job.param<int>("count", "how many there are"));
                         }),
              HasSubstr("'many'"));
  EXPECT_THAT(mistake_of({{"count", "many"}},
                         [](Job& job) {
                           static_cast<void>(job.param<int>("size", "how large it is"));
                           static_cast<void>(job.param<int>("count", "how many there are"));
                         }),
              HasSubstr("--size is missing"));
}

TEST(Parameters, AreNotMissedWhenTheJobIsOnlyDescribed) {
  Job job("job", Parameters({}, /*complete=*/false));
  EXPECT_EQ(job.param<std::string>("input", "glob"), "");
  EXPECT_TRUE(job.parameters().check().has_value());
  EXPECT_THAT(job.parameters().unset(), ::testing::ElementsAre("input"));
}

}  // namespace
}  // namespace rheon
