#include "testing/topology.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "base/tests/seeds.h"
#include "connect/files/csv.h"
#include "connect/files/lines.h"
#include "operators/operator.h"

namespace rheon {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

/// "10:20" of some day.
EventTime at(std::string_view clock) {
  const auto hours = (clock[0] - '0') * 10 + (clock[1] - '0');
  const auto minute = (clock[3] - '0') * 10 + (clock[4] - '0');
  return EventTime{1'704'067'200'000'000} + minutes{60 * hours + minute};
}

struct Click {
  std::string_view user;
  EventTime time;
};
RHEON_FIELDS(Click, user, time)

struct Session {
  std::string_view user;
  std::uint32_t clicks = 0;
  EventTime last;
  friend auto operator==(const Session&, const Session&) -> bool = default;
};
RHEON_FIELDS(Session, user, clicks, last)

struct OpenSession {
  std::uint32_t clicks = 0;
  EventTime last;
};
RHEON_FIELDS(OpenSession, clicks, last)

struct Sessionize : KeyedOperator<std::string_view, Click, Session> {
  Value<OpenSession> open{*this, "open", ttl(std::chrono::hours{24})};
  Timer expiry{*this, "expiry"};
  SideOutput<Click> late{*this, "late"};

  void process(const Click& click, Context& ctx) {
    if (ctx.is_late(click)) {
      return ctx.emit(late, click);
    }
    OpenSession& session = open.get_or_create();
    ++session.clicks;
    session.last = std::max(session.last, click.time);
    expiry.set(session.last + minutes{30});
  }
  void on_timer(const Timer&, Context& ctx) {
    const OpenSession closed = open.take();
    ctx.emit({ctx.key(), closed.clicks, closed.last});
  }
};

void sessions_job(Job& job) {
  auto clicks =
      job.from("clicks", Source<Click>{}).event_time(&Click::time, out_of_order(seconds{5}));
  auto sessions = clicks.key_by(&Click::user).process<Sessionize>("sessions");
  sessions.to("out", files::csv("unused"));
  sessions.side(&Sessionize::late).to("late", files::csv("unused too"));
}

void wordcount(Job& job) {
  auto input = job.param<std::string>("input", "glob of text files");
  job.from("lines", files::lines(input))
      .key_by([](std::string_view line) { return line; })
      .aggregate("counts", count(), unbounded())
      .to("csv", files::csv("out"));
}

TEST(Topology, ClosesASessionThirtyMinutesAfterItsLastClick) {
  testing::Topology topology(sessions_job);
  topology.input<Click>("clicks").push({{"alice", at("10:00")}, {"alice", at("10:20")}});
  topology.watermark(at("10:49"));
  EXPECT_THAT(topology.output<Session>("out"), IsEmpty());
  topology.watermark(at("10:51"));
  EXPECT_THAT(topology.output<Session>("out"), ElementsAre(Session{"alice", 2, at("10:20")}));
}

TEST(Topology, LateClicksGoToTheSideOutput) {
  testing::Topology topology(sessions_job);
  topology.input<Click>("clicks").push({{"alice", at("10:00")}, {"bob", at("11:00")}});
  topology.input<Click>("clicks").push({"alice", at("10:10")});
  EXPECT_EQ(topology.output<Click>("late").size(), 1u);
  topology.watermark(at("12:00"));
  EXPECT_THAT(
      topology.output<Session>("out"),
      UnorderedElementsAre(Session{"alice", 1, at("10:00")}, Session{"bob", 1, at("11:00")}));
}

TEST(Topology, ACrashChangesNothing) {
  testing::Topology topology(sessions_job);
  topology.input<Click>("clicks").push({"alice", at("10:00")});
  topology.crash_and_restore();
  topology.input<Click>("clicks").push({"alice", at("10:20")});
  topology.crash_and_restore().watermark(at("10:51")).crash_and_restore();
  EXPECT_THAT(topology.output<Session>("out"), ElementsAre(Session{"alice", 2, at("10:20")}));
}

TEST(Topology, NothingThatHappensAtRandomChangesTheAnswer) {
  for (const std::uint64_t seed : testing::seeds(20)) {
    SCOPED_TRACE(testing::repeat(seed));
    testing::Topology topology(sessions_job);
    topology.at_random(seed);
    auto clicks = topology.input<Click>("clicks");
    clicks.push({{"alice", at("10:00")}, {"bob", at("10:01")}, {"alice", at("10:20")}});
    clicks.push({{"carol", at("10:40")}, {"bob", at("10:45")}});
    topology.watermark(at("11:30"));
    ASSERT_THAT(
        topology.output<Session>("out"),
        UnorderedElementsAre(Session{"alice", 2, at("10:20")}, Session{"bob", 1, at("10:01")},
                             Session{"bob", 1, at("10:45")}, Session{"carol", 1, at("10:40")}));
    EXPECT_THAT(topology.worker().ledger().imbalances(), IsEmpty());
  }
}

TEST(Topology, TakesTextAndEnds) {
  testing::Topology topology(wordcount, {{"input", "*.txt"}});
  topology.input<std::string_view>("lines").push({"a", "b", "a"});
  topology.rescale(3);
  topology.input<std::string_view>("lines").push("a");
  topology.end();
  EXPECT_THAT(topology.output<std::uint64_t>("csv"), UnorderedElementsAre(1, 1, 2, 3));
}

TEST(Topology, SaysWhichEndsTheJobHas) {
  testing::Topology topology(wordcount, {{"input", "*.txt"}});
  try {
    static_cast<void>(topology.input<std::string_view>("line"));
    FAIL();
  } catch (const std::logic_error& error) {
    EXPECT_THAT(error.what(), HasSubstr("no source 'line'; it has: 'lines'"));
  }
}

/// What the test is told when it asks for this.
template <class Ask>
std::string refused(const Ask& ask) {
  try {
    ask();
  } catch (const std::logic_error& error) {
    return error.what();
  }
  return "nothing";
}

TEST(Topology, SaysOfWhichTypeRecordsAre) {
  testing::Topology topology(wordcount, {{"input", "*.txt"}});
  EXPECT_EQ(refused([&] { static_cast<void>(topology.input<std::string>("lines")); }),
            "the records of source 'lines' are of type std::string_view; the test asks for "
            "std::string");
  EXPECT_EQ(refused([&] { static_cast<void>(topology.output<int>("csv")); }),
            "the records of sink 'csv' are of type unsigned long; the test asks for int");
  EXPECT_EQ(refused([&] { static_cast<void>(topology.keyed_output<int, std::uint64_t>("csv")); }),
            "the keys of sink 'csv' are of type std::string_view; the test asks for int");
  testing::Topology unkeyed(
      [](Job& job) { job.from("lines", files::lines("in")).to("csv", files::csv("out")); });
  EXPECT_EQ(refused([&] { static_cast<void>(unkeyed.keyed_output<int, std::string_view>("csv")); }),
            "the records of sink 'csv' have no keys: ask for output<T>() of them");
}

TEST(Topology, AJobThatCannotStartSaysWhy) {
  try {
    testing::Topology topology(wordcount);
    FAIL();
  } catch (const std::runtime_error& error) {
    EXPECT_THAT(error.what(), HasSubstr("--input"));
  }
}

}  // namespace
}  // namespace rheon
