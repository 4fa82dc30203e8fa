// How long keyed state lives, seen through whole jobs in virtual time.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "connect/files/csv.h"
#include "operators/operator.h"
#include "testing/topology.h"

namespace rheon {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::Topology;

constexpr EventTime kFirstDay{1'704'067'200'000'000};

void counts_for_an_hour(Job& job) {
  job.from("words", Source<std::string_view>{})
      .key_by([](std::string_view word) { return word; })
      .aggregate("counts", count(), ttl(hours{1}))
      .to("out", files::csv("out"));
}

/// The same by the job's clock, whatever the event times.
void counts_for_an_hour_of_the_clock(Job& job) {
  job.from("words", Source<std::string_view>{})
      .key_by([](std::string_view word) { return word; })
      .aggregate("counts", count(), processing_time_ttl(hours{1}))
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

/// "+word" is remembered for an hour; "?word" tells whether it still is, and writes nothing.
struct Ask : KeyedOperator<std::string_view, std::string_view, std::uint64_t> {
  Value<std::uint64_t> seen{*this, "seen", ttl(hours{1})};

  void process(const std::string_view& text, Context& ctx) {
    if (text.starts_with('+')) {
      seen.get_or_create() = 1;
    } else {
      ctx.emit(seen.exists() && seen.get() != nullptr ? 1 : 0);
    }
  }
};

void asked(Job& job) {
  job.from("words", Source<std::string_view>{})
      .key_by([](std::string_view text) { return text.substr(1); })
      .process<Ask>("asked")
      .to("out", files::csv("out"));
}

/// What is over is swept away little by little; who asks before that must not see it either.
TEST(Ttl, WhatIsOverCannotBeReadThoughItHasNotBeenSweptYet) {
  Topology topology(asked);
  auto words = topology.input<std::string_view>("words");
  std::vector<std::string> keys(2'000);
  for (std::size_t i = 0; i < keys.size(); ++i) {
    keys[i] = "word" + std::to_string(i);
    words.push_at(kFirstDay, "+" + keys[i]);
  }
  words.push_at(kFirstDay, "?word7");
  EXPECT_THAT(topology.output<std::uint64_t>("out"), ElementsAre(1));
  words.watermark(kFirstDay + minutes{61});
  for (const std::string& key : keys) {
    words.push_at(kFirstDay + minutes{61}, "?" + key);
  }
  std::vector<std::uint64_t> told = topology.output<std::uint64_t>("out");
  ASSERT_EQ(told.size(), 1 + keys.size());
  told.erase(told.begin());
  EXPECT_THAT(told, Each(0));
}

TEST(Ttl, NothingExpiresBeforeTheFirstWatermark) {
  Topology topology(counts_for_an_hour);
  topology.input<std::string_view>("words").push({"a", "a", "a"});
  EXPECT_THAT(topology.output<std::uint64_t>("out"), ElementsAre(1, 2, 3));
}

TEST(Ttl, AnAccumulatorBeginsAnewWhenItsTimeIsOver) {
  Topology topology(counts_for_an_hour);
  auto words = topology.input<std::string_view>("words");
  words.push_at(kFirstDay, "a").push_at(kFirstDay + minutes{1}, "a");
  words.watermark(kFirstDay + minutes{59}).push_at(kFirstDay + minutes{59}, "a");
  words.watermark(kFirstDay + minutes{120}).push_at(kFirstDay + minutes{120}, "a");
  EXPECT_THAT(topology.output<std::uint64_t>("out"), ElementsAre(1, 2, 3, 1));
}

TEST(Ttl, OfTheClockDoesNotLookAtEventTime) {
  Topology topology(counts_for_an_hour_of_the_clock);
  auto words = topology.input<std::string_view>("words");
  words.push_at(kFirstDay, "a").watermark(kFirstDay + hours{3}).push_at(kFirstDay + hours{3}, "a");
  EXPECT_THAT(topology.output<std::uint64_t>("out"), ElementsAre(1, 2));
  topology.advance(minutes{59});
  words.push_at(kFirstDay + hours{3}, "a");
  topology.advance(minutes{59});
  topology.crash_and_restore();
  words.push_at(kFirstDay + hours{3}, "a");
  topology.advance(minutes{61});
  words.push_at(kFirstDay + hours{3}, "a");
  EXPECT_THAT(topology.output<std::uint64_t>("out"), ElementsAre(1, 2, 3, 4, 1));
}

TEST(Ttl, CountsFromTheLastWrite) {
  Topology topology(counts_for_an_hour);
  auto words = topology.input<std::string_view>("words");
  words.push_at(kFirstDay, "a");
  for (int i = 1; i <= 3; ++i) {
    words.watermark(kFirstDay + i * minutes{50}).push_at(kFirstDay + i * minutes{50}, "a");
  }
  EXPECT_THAT(topology.output<std::uint64_t>("out"), ElementsAre(1, 2, 3, 4));
}

TEST(Ttl, OfAnOperatorsStateCountsFromTheLastWriteToo) {
  Topology topology(asked);
  auto words = topology.input<std::string_view>("words");
  words.push_at(kFirstDay, "+a");
  words.watermark(kFirstDay + minutes{50}).push_at(kFirstDay + minutes{50}, "+a");
  words.watermark(kFirstDay + minutes{100}).push_at(kFirstDay + minutes{100}, "?a");
  words.watermark(kFirstDay + minutes{110}).push_at(kFirstDay + minutes{110}, "?a");
  EXPECT_THAT(topology.output<std::uint64_t>("out"), ElementsAre(1, 0));
}

TEST(Ttl, IsOverAtTheMomentItEnds) {
  Topology topology(asked);
  auto words = topology.input<std::string_view>("words");
  words.push_at(kFirstDay, "+a");
  words.watermark(kFirstDay + hours{1} - std::chrono::microseconds{1})
      .push_at(kFirstDay + hours{1}, "?a");
  words.watermark(kFirstDay + hours{1}).push_at(kFirstDay + hours{1}, "?a");
  EXPECT_THAT(topology.output<std::uint64_t>("out"), ElementsAre(1, 0));
}

TEST(Ttl, ACrashDoesNotMakeStateLiveLonger) {
  Topology topology(counts_for_an_hour);
  auto words = topology.input<std::string_view>("words");
  words.push_at(kFirstDay, "a");
  topology.crash_and_restore();
  words.watermark(kFirstDay + minutes{61});
  topology.crash_and_restore();
  words.push_at(kFirstDay + minutes{61}, "a");
  EXPECT_THAT(topology.output<std::uint64_t>("out"), ElementsAre(1, 1));
}

TEST(Ttl, ATimerFindsTheStateOfItsTimeHoweverFarTheWatermarkJumps) {
  Topology topology(told_later);
  topology.input<std::string_view>("words").push_at(kFirstDay, "a").push_at(kFirstDay, "a");
  topology.watermark(kFirstDay + hours{48});
  EXPECT_THAT(topology.output<std::uint64_t>("out"), ElementsAre(2));
}

TEST(Ttl, ATimerThatFiresWhenTheJobDrainsFindsItsState) {
  Topology topology(told_later);
  topology.input<std::string_view>("words").push_at(kFirstDay, "a");
  EXPECT_THAT(topology.output<std::uint64_t>("out"), IsEmpty());
  topology.end();
  EXPECT_THAT(topology.output<std::uint64_t>("out"), ElementsAre(1));
}

}  // namespace
}  // namespace rheon
