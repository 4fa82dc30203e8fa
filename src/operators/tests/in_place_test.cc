// Steps that need no copy of their records change the batch itself, unless others read it, too.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <stdexcept>
#include <vector>

#include "connect/files/csv.h"
#include "env/fake/fake_env.h"
#include "operators/filter.h"
#include "operators/map.h"
#include "testing/topology.h"

namespace rheon {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::Topology;

std::int64_t doubled(std::int64_t n) { return 2 * n; }
bool is_even(std::int64_t n) { return n % 2 == 0; }
std::int64_t no_four(std::int64_t n) {
  if (n == 4) {
    throw std::domain_error("four");
  }
  return n;
}

TEST(InPlace, WhatOneBranchChangesTheOthersDoNotSee) {
  Topology topology([](Job& job) {
    const auto numbers = job.from("numbers", Source<std::int64_t>{});
    numbers.map("doubled", doubled).map("again", doubled).to("fourfold", files::csv("out"));
    const auto seen = numbers.peek("seen", [](std::int64_t) {});
    seen.filter("even", is_even).map("even doubled", doubled).to("twofold", files::csv("out2"));
    seen.to("as they were", files::csv("out3"));
  });
  topology.input<std::int64_t>("numbers").push({1, 2, 3, 4});
  EXPECT_THAT(topology.output<std::int64_t>("fourfold"), ElementsAre(4, 8, 12, 16));
  EXPECT_THAT(topology.output<std::int64_t>("twofold"), ElementsAre(4, 8));
  EXPECT_THAT(topology.output<std::int64_t>("as they were"), ElementsAre(1, 2, 3, 4));
  EXPECT_THAT(topology.worker().ledger().imbalances(), IsEmpty());
}

TEST(InPlace, EveryRecordIsAccountedFor) {
  Topology topology([](Job& job) {
    job.from("numbers", Source<std::int64_t>{})
        .filter("even", is_even)
        .map("no four", no_four, quarantine)
        .to("out", files::csv("out"));
  });
  topology.hold();
  topology.input<std::int64_t>("numbers").push({1, 2, 4, 5, 6, 4, 8});
  topology.release();
  EXPECT_THAT(topology.output<std::int64_t>("out"), ElementsAre(2, 6, 8));
  const engine::Ledger& ledger = topology.worker().ledger();
  EXPECT_EQ(ledger.get("operator/even/dropped/filter"), 2u);
  EXPECT_EQ(ledger.get("operator/even/emitted"), 5u);
  EXPECT_EQ(ledger.get("operator/no four/quarantined"), 2u);
  EXPECT_EQ(ledger.get("operator/no four/out"), 3u);
  EXPECT_THAT(ledger.imbalances(), IsEmpty());
}

using Numbers = engine::Batch<engine::NoKey, std::int64_t>;

struct Keeping final : engine::Receiver {
  void on_batch(std::uint32_t, engine::BatchBase& batch) override {
    for (const auto& slot : static_cast<Numbers&>(batch).slots) {
      values.push_back(slot.value);
    }
    for (const engine::TraceMark& mark : batch.traces) {
      traced.push_back(values[mark.index]);
      spans.push_back(mark.context.span);
    }
  }
  void on_watermark(const engine::Watermark&) override {}
  void on_barrier(const engine::Barrier&) override {}
  std::vector<std::int64_t> values;
  std::vector<std::int64_t> traced;
  std::vector<std::uint64_t> spans;
};

TEST(InPlace, AFollowedRecordIsFollowedToItsNewPlace) {
  env::fake::FakeEnv env;
  engine::ShardContext shard;
  shard.env = &env;
  for (const bool shared : {false, true}) {
    operators::Filter<engine::NoKey, std::int64_t, bool (*)(std::int64_t)> even(
        "even", shard, operators::OnThrow::kStop, is_even);
    Keeping kept;
    even.connect(0, {&kept, 0});
    Numbers batch;
    for (std::int64_t n = 1; n <= 6; ++n) {
      batch.slots.push_back({{}, n, EventTime{n}});
    }
    batch.traces = {{0, {1, 1, 7}}, {3, {1, 2, 8}}, {5, {1, 3, 9}}};
    batch.shared = shared;
    shard.spans.clear();
    even.on_batch(0, batch);
    EXPECT_THAT(kept.values, ElementsAre(2, 4, 6));
    EXPECT_THAT(kept.traced, ElementsAre(4, 6)) << (shared ? "shared" : "in place");
    ASSERT_EQ(shard.spans.size(), 3u) << "also of the one that went";
    EXPECT_EQ(shard.spans[1].parent, 8u);
    EXPECT_THAT(kept.spans, ElementsAre(shard.spans[1].context.span, shard.spans[2].context.span));
  }
}

}  // namespace
}  // namespace rheon
