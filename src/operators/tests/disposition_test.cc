// What a call says of its record, and what it does with it: each input is counted as one thing.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "connect/files/csv.h"
#include "operators/operator.h"
#include "testing/topology.h"

namespace rheon {
namespace {

using std::chrono::minutes;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using testing::Topology;

/// Does what its records say, in that order: e(mit), w(rite), d(rop), q(uarantine).
struct Obedient : KeyedOperator<std::string_view, std::string_view, std::string_view> {
  Counter written{*this, "written", unbounded()};

  void process(const std::string_view& order, Context& ctx) {
    for (const char verb : order) {
      switch (verb) {
        case 'e':
          ctx.emit(order);
          break;
        case 'w':
          written.add();
          break;
        case 'd':
          ctx.drop("not wanted");
          break;
        default:
          ctx.quarantine("bad");
      }
    }
  }
};

void obeys(Job& job) {
  job.from("orders", Source<std::string_view>{})
      .key_by([](std::string_view) { return std::string_view("one"); })
      .process<Obedient>("obedient", quarantine)
      .to("out", files::csv("out"));
}

std::vector<std::string> reasons(Topology& topology) {
  std::vector<std::string> found;
  for (const engine::Quarantined& record : topology.quarantined()) {
    found.push_back(record.reason);
  }
  return found;
}

std::uint64_t counted_as(Topology& topology, const std::string& name) {
  return topology.worker().ledger().get("operator/" + name);
}

TEST(Disposition, ACallMaySayOneThing) {
  Topology topology(obeys);
  topology.input<std::string_view>("orders").push({"e", "w", "ew", "d", "wd", "dw", "q"});
  EXPECT_EQ(counted_as(topology, "obedient/emitted"), 2u);
  EXPECT_EQ(counted_as(topology, "obedient/absorbed"), 1u);
  EXPECT_EQ(counted_as(topology, "obedient/dropped/not wanted"), 3u);
  EXPECT_THAT(reasons(topology), ElementsAre("bad"));
  EXPECT_EQ(topology.state("obedient", std::string_view("one")).counter("written"), 4u);
  EXPECT_THAT(topology.worker().ledger().imbalances(), IsEmpty());
}

TEST(Disposition, ACallThatDoesAnotherThingAsWellIsTakenBackInAnyOrder) {
  Topology topology(obeys);
  topology.input<std::string_view>("orders").push({"eq", "qe", "wq", "qw", "ed", "de", "dq", "dd"});
  EXPECT_THAT(topology.output<std::string_view>("out"), IsEmpty());
  EXPECT_EQ(counted_as(topology, "obedient/quarantined"), 8u);
  EXPECT_EQ(topology.state("obedient", std::string_view("one")).counter("written"), 0u);
  EXPECT_THAT(reasons(topology), ElementsAre("quarantine(\"bad\") in a call that has emitted",
                                             "quarantine(\"bad\") in a call that has emitted",
                                             "quarantine(\"bad\") in a call that has changed state",
                                             "quarantine(\"bad\") in a call that has changed state",
                                             "drop(\"not wanted\") in a call that has emitted",
                                             "drop(\"not wanted\") in a call that has emitted",
                                             HasSubstr("(\"not wanted\", then \"bad\")"),
                                             HasSubstr("(\"not wanted\", then \"not wanted\")")));
  EXPECT_THAT(topology.worker().ledger().imbalances(), IsEmpty());
}

constexpr EventTime kMorning{1'704'067'200'000'000};

/// Fires a minute after each word; words with "bad" throw then.
struct ThrowsLater : KeyedOperator<std::string_view, std::string_view, std::string_view> {
  Timer later{*this, "later"};
  void process(const std::string_view&, Context& ctx) { later.set(ctx.time() + minutes{1}); }
  void on_timer(const Timer&, Context& ctx) {
    ctx.emit(ctx.key());
    if (ctx.key().starts_with("bad")) {
      throw std::domain_error("bad luck");
    }
  }
};

void throws_later(Job& job) {
  job.from("words", Source<std::string_view>{})
      .key_by([](std::string_view word) { return word; })
      .process<ThrowsLater>("later", quarantine)
      .to("out", files::csv("out"));
}

TEST(Disposition, ATimerThatThrowsIsCountedAndIsNoInput) {
  Topology topology(throws_later);
  for (const std::string_view word : {"good", "bad", "worse"}) {
    topology.input<std::string_view>("words").push_at(kMorning, word);
  }
  topology.watermark(kMorning + minutes{2});
  EXPECT_THAT(topology.output<std::string_view>("out"), SizeIs(2));
  EXPECT_EQ(counted_as(topology, "later/timers"), 3u);
  EXPECT_EQ(counted_as(topology, "later/quarantined_timers"), 1u);
  EXPECT_EQ(counted_as(topology, "later/quarantined"), 0u);
  EXPECT_EQ(counted_as(topology, "later/out_from_timers"), 2u);
  EXPECT_EQ(topology.worker().ledger().quarantined(), 1u);
  EXPECT_THAT(topology.worker().ledger().imbalances(), IsEmpty());
  EXPECT_THAT(reasons(topology), ElementsAre("bad luck"));
}

/// A word is known for an hour after it has come; one with "bad" in front throws at the end.
struct Known : KeyedOperator<std::string_view, std::string_view, bool> {
  Value<std::uint64_t> value{*this, "value", ttl(minutes{60})};
  Counter counter{*this, "counter", ttl(minutes{60})};
  Map<std::string, int> map{*this, "map", ttl(minutes{60})};
  List<int> list{*this, "list", ttl(minutes{60})};

  void process(const std::string_view& word, Context& ctx) {
    if (word.ends_with("?")) {
      ctx.emit(value.exists());
      ctx.emit(counter.value() > 0);
      ctx.emit(map.contains("a"));
      ctx.emit(!list.empty());
      return;
    }
    ++value.get_or_create();
    value.set(7);
    counter.add();
    map.put("a", 1);
    list.push_back(1);
    if (word.ends_with("!")) {
      throw std::domain_error("bad luck");
    }
  }
};

TEST(Disposition, ACallThatThrowsRenewsNoTtl) {
  for (const std::string_view again : {"word!", "word"}) {
    Topology topology([](Job& job) {
      job.from("words", Source<std::string_view>{})
          .key_by([](std::string_view word) { return word.substr(0, 4); })
          .process<Known>("known", quarantine)
          .to("out", files::csv("out"));
    });
    auto words = topology.input<std::string_view>("words");
    words.watermark(kMorning).push_at(kMorning, "word");
    words.watermark(kMorning + minutes{40}).push_at(kMorning + minutes{40}, again);
    words.watermark(kMorning + minutes{70}).push_at(kMorning + minutes{70}, "word?");
    const std::vector<bool> known = topology.output<bool>("out");
    EXPECT_THAT(known, SizeIs(4));
    EXPECT_THAT(known, Each(again == "word")) << again;
  }
}

}  // namespace
}  // namespace rheon
