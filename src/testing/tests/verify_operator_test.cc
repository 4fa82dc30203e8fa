#include "testing/verify_operator.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace rheon {
namespace {

using std::chrono::minutes;
using ::testing::HasSubstr;
using testing::verify_operator;

constexpr EventTime at(int minute) {
  return EventTime{1'704'067'200'000'000 + std::int64_t{minute} * 60'000'000};
}

struct Reading {
  std::string_view sensor;
  std::int64_t value = 0;
};
RHEON_FIELDS(Reading, sensor, value)

/// Emits the largest value of the last ten minutes without a reading.
struct Peaks : KeyedOperator<std::string_view, Reading, std::int64_t> {
  Value<std::int64_t> peak{*this, "peak", unbounded()};
  Timer quiet{*this, "quiet"};

  void process(const Reading& reading, Context& ctx) {
    peak.set(peak.exists() ? std::max(*peak.get(), reading.value) : reading.value);
    quiet.set(ctx.time() + minutes{10});
  }
  void on_timer(const Timer&, Context& ctx) { ctx.emit(peak.take()); }
};

TEST(Peaks, KeepsTheContract) {
  verify_operator<Peaks>(&Reading::sensor)
      .record(at(0), {"north", 3})
      .record(at(1), {"south", 8})
      .record(at(4), {"north", 7})
      .record(at(5), {"north", 5})
      .watermark(at(11))
      .record(at(12), {"south", -2})
      .watermark(at(60))
      .emits({8, 7, -2});
}

/// What the contract test is for: a plain member.
struct RemembersInAMember : KeyedOperator<std::string_view, Reading, std::int64_t> {
  std::int64_t sum = 0;
  void process(const Reading& reading, Context& ctx) { ctx.emit(sum += reading.value); }
};

/// The clock is not part of the input.
struct LooksAtTheClock : KeyedOperator<std::string_view, Reading, std::int64_t> {
  void process(const Reading&, Context& ctx) { ctx.emit(ctx.now().micros); }
};

std::string problem_of(const std::function<void()>& check) {
  try {
    check();
  } catch (const std::runtime_error& error) {
    return error.what();
  }
  return "";
}

TEST(VerifyOperator, FindsAMemberThatIsNotRestored) {
  EXPECT_THAT(problem_of([] {
                verify_operator<RemembersInAMember>(&Reading::sensor)
                    .record(at(0), {"north", 3})
                    .record(at(1), {"north", 4})
                    .emits({3, 7});
              }),
              HasSubstr("with a restore into a fresh instance after every item"));
}

TEST(VerifyOperator, FindsWhatDependsOnTheClock) {
  EXPECT_NE(problem_of([] {
              verify_operator<LooksAtTheClock>(&Reading::sensor).record(at(0), {"a", 1}).emits({1});
            }),
            "");
}

TEST(VerifyOperator, SaysWhenTheAnswerIsAnother) {
  EXPECT_THAT(problem_of([] {
                verify_operator<Peaks>(&Reading::sensor)
                    .record(at(0), {"north", 3})
                    .watermark(at(11))
                    .emits({4});
              }),
              HasSubstr("something else than expected"));
}

}  // namespace
}  // namespace rheon
