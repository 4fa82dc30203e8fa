// Records that come behind the watermark, seen through whole jobs in virtual time.

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

using std::chrono::minutes;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::Topology;

constexpr EventTime kFirstHour{1'704'067'200'000'000};

/// Takes what is on time; "kept" also when it is late.
struct OnTime : KeyedOperator<std::string_view, std::string_view, std::string_view> {
  Counter kept{*this, "kept", unbounded()};
  SideOutput<std::string_view> late{*this, "late"};

  void process(const std::string_view& word, Context& ctx) {
    if (!ctx.is_late()) {
      ctx.emit(word);
    } else if (word == "kept") {
      kept.add();
    } else if (word == "shown") {
      ctx.emit(late, word);
    } else if (word == "unwanted") {
      ctx.drop("unwanted");
    }
  }
};

auto on_time(Job& job) {
  return job.from("words", Source<std::string_view>{})
      .key_by([](std::string_view word) { return word; })
      .process<OnTime>("on time");
}

void push_late(Topology& topology, std::initializer_list<std::string_view> words) {
  auto input = topology.input<std::string_view>("words");
  input.push_at(kFirstHour + minutes{10}, "early").watermark(kFirstHour + minutes{5});
  for (const std::string_view word : words) {
    input.push_at(kFirstHour, word);
  }
}

std::uint64_t counter(Topology& topology, const std::string& what) {
  return topology.worker().ledger().get("operator/on time/" + what);
}

void quarantining(Job& job) { on_time(job).to("out", files::csv("out")); }
void dropping(Job& job) {
  const auto words = on_time(job).drop_late().renamed_from("punctual");
  words.to("out", files::csv("out"));
  words.side(&OnTime::late).to("late", files::csv("late"));
}

TEST(Late, ARecordThatIsNeitherEmittedNorKeptGoesToQuarantine) {
  Topology topology(quarantining);
  push_late(topology, {"a", "b"});
  EXPECT_THAT(topology.output<std::string_view>("out"), ElementsAre("early"));
  EXPECT_EQ(counter(topology, "quarantined"), 2u);
  EXPECT_EQ(counter(topology, "late"), 0u);
  EXPECT_THAT(topology.worker().ledger().imbalances(), IsEmpty());
}

TEST(Late, DropLateCountsItAsDropped) {
  Topology topology(dropping);
  push_late(topology, {"a", "b"});
  EXPECT_EQ(counter(topology, "quarantined"), 0u);
  EXPECT_EQ(counter(topology, "dropped/late"), 2u);
  EXPECT_THAT(topology.worker().ledger().imbalances(), IsEmpty());
}

TEST(Late, WhatTheOperatorDoesWithALateRecordCounts) {
  Topology topology(dropping);
  push_late(topology, {"kept", "shown", "unwanted"});
  EXPECT_THAT(topology.output<std::string_view>("late"), ElementsAre("shown"));
  EXPECT_EQ(counter(topology, "late"), 1u);
  EXPECT_EQ(counter(topology, "absorbed"), 1u);
  EXPECT_EQ(counter(topology, "dropped/unwanted"), 1u);
  EXPECT_EQ(counter(topology, "dropped/late"), 0u);
  EXPECT_THAT(topology.worker().ledger().imbalances(), IsEmpty());
}

TEST(Late, ARecordAtTheWatermarkIsOnTime) {
  Topology topology(quarantining);
  auto words = topology.input<std::string_view>("words");
  words.watermark(kFirstHour).push_at(kFirstHour, "exactly");
  EXPECT_THAT(topology.output<std::string_view>("out"), ElementsAre("exactly"));
}

}  // namespace
}  // namespace rheon
