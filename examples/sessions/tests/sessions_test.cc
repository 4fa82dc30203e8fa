#include "sessions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rheon/testing.h>

using namespace std::chrono_literals;
using rheon::EventTime;
using rheon::testing::Topology;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

namespace {

EventTime at(std::chrono::seconds since_1970) { return EventTime{0} + since_1970; }

TEST(Sessions, OneIsOverWhenNothingMoreCanBelongToIt) {
  Topology topology(sessions, {{"input", "-"}, {"output", "-"}});
  topology.input<std::string_view>("lines").push({"600,alice", "1200,alice"});
  topology.watermark(at(1200s + kGap));
  EXPECT_THAT((topology.keyed_output<std::string_view, Session>("csv")), IsEmpty());
  topology.watermark(at(1201s + kGap));
  EXPECT_THAT((topology.keyed_output<std::string_view, Session>("csv")),
              ElementsAre(Pair("alice", Session{at(600s), at(1200s), 2})));
}

TEST(Sessions, AClickBetweenTwoJoinsThem) {
  Topology topology(sessions, {{"input", "-"}, {"output", "-"}});
  topology.input<std::string_view>("lines").push({"0,bob", "1801,bob"}).push("1600,bob").end();
  EXPECT_THAT((topology.keyed_output<std::string_view, Session>("csv")),
              ElementsAre(Pair("bob", Session{at(0s), at(1801s), 3})));
}

TEST(Sessions, ALateClickGoesToItsOwnOutput) {
  Topology topology(sessions, {{"input", "-"}, {"output", "-"}});
  topology.input<std::string_view>("lines").push("7200,alice");
  topology.input<std::string_view>("lines").push("600,bob").end();
  EXPECT_THAT((topology.keyed_output<std::string_view, Click>("late")).size(), 1);
}

TEST(Sessions, NothingThatHappensOnTheWayChangesThem) {
  for (const std::uint64_t seed : {1, 2, 3}) {
    Topology topology(sessions, {{"input", "-"}, {"output", "-"}});
    topology.at_random(seed);  // crashes and other numbers of shards between any two steps
    topology.input<std::string_view>("lines").push({"0,bob", "no click", "60,bob"}).end();
    EXPECT_THAT((topology.keyed_output<std::string_view, Session>("csv")),
                ElementsAre(Pair("bob", Session{at(0s), at(60s), 2})));
  }
}

TEST(Sessionize, KeepsTheContractOfOperators) {
  rheon::testing::verify_operator<Sessionize>(&Click::user)
      .record(at(0s), {at(0s), "alice"})
      .record(at(60s), {at(60s), "alice"})
      .record(at(90s), {at(90s), "bob"})
      .watermark(at(91s + kGap))
      .emits({{at(0s), at(60s), 2}, {at(90s), at(90s), 1}});
}

}  // namespace
