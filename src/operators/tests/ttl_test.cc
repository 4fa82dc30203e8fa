// How long keyed state lives, seen through whole jobs in virtual time.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <string_view>

#include "connect/files/csv.h"
#include "operators/operator.h"
#include "testing/topology.h"

namespace rheon {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::Topology;

constexpr EventTime kStart{1'704'067'200'000'000};

void counts_for_an_hour(Job& job) {
  job.from("words", Source<std::string_view>{})
      .key_by([](std::string_view word) { return word; })
      .aggregate("counts", count(), ttl(hours{1}))
      .to("out", files::csv("out"));
}

/// Ten minutes after a word: how often it has come; 0 when that is not known any more.
struct TellLater : KeyedOperator<std::string_view, std::string_view, std::uint64_t> {
  Value<std::uint64_t> seen{*this, "seen", ttl(hours{1})};
  Timer later{*this, "later"};

  void process(const std::string_view&, Context& ctx) {
    ++seen.get_or_create();
    later.set(ctx.time() + minutes{10});
  }
  void on_timer(const Timer&, Context& ctx) { ctx.emit(seen.exists() ? *seen.get() : 0); }
};

void told_later(Job& job) {
  job.from("words", Source<std::string_view>{})
      .key_by([](std::string_view word) { return word; })
      .process<TellLater>("told")
      .to("out", files::csv("out"));
}

TEST(Ttl, NothingExpiresBeforeTheFirstWatermark) {
  Topology topology(counts_for_an_hour);
  topology.input<std::string_view>("words").push({"a", "a", "a"});
  EXPECT_THAT(topology.output<std::uint64_t>("out"), ElementsAre(1, 2, 3));
}

TEST(Ttl, AnAccumulatorBeginsAnewWhenItsTimeIsOver) {
  Topology topology(counts_for_an_hour);
  auto words = topology.input<std::string_view>("words");
  words.push_at(kStart, "a").push_at(kStart + minutes{1}, "a");
  words.watermark(kStart + minutes{59}).push_at(kStart + minutes{59}, "a");
  words.watermark(kStart + minutes{120}).push_at(kStart + minutes{120}, "a");
  EXPECT_THAT(topology.output<std::uint64_t>("out"), ElementsAre(1, 2, 3, 1));
}

TEST(Ttl, ACrashDoesNotMakeStateLiveLonger) {
  Topology topology(counts_for_an_hour);
  auto words = topology.input<std::string_view>("words");
  words.push_at(kStart, "a");
  topology.crash_and_restore();
  words.watermark(kStart + minutes{61});
  topology.crash_and_restore();
  words.push_at(kStart + minutes{61}, "a");
  EXPECT_THAT(topology.output<std::uint64_t>("out"), ElementsAre(1, 1));
}

TEST(Ttl, ATimerFindsTheStateOfItsTimeHoweverFarTheWatermarkJumps) {
  Topology topology(told_later);
  topology.input<std::string_view>("words").push_at(kStart, "a").push_at(kStart, "a");
  topology.watermark(kStart + hours{48});
  EXPECT_THAT(topology.output<std::uint64_t>("out"), ElementsAre(2));
}

TEST(Ttl, ATimerThatFiresWhenTheJobDrainsFindsItsState) {
  Topology topology(told_later);
  topology.input<std::string_view>("words").push_at(kStart, "a");
  EXPECT_THAT(topology.output<std::uint64_t>("out"), IsEmpty());
  topology.end();
  EXPECT_THAT(topology.output<std::uint64_t>("out"), ElementsAre(1));
}

}  // namespace
}  // namespace rheon
