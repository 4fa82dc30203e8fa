#include "engine/watermarks.h"

#include <gtest/gtest.h>

namespace rheon::engine {
namespace {

using std::chrono::microseconds;

SourceWatermarks watermarks_of(std::size_t partitions, microseconds out_of_order = {}) {
  WatermarkStrategy strategy;
  strategy.out_of_order = out_of_order;
  strategy.idle_after = microseconds{100};
  SourceWatermarks watermarks(strategy);
  for (std::size_t i = 0; i < partitions; ++i) {
    watermarks.add({});
  }
  return watermarks;
}

TEST(SourceWatermarks, StandAtMinusInfinityUntilEveryPartitionHasARecord) {
  auto w = watermarks_of(2);
  EXPECT_EQ(w.current(), (Watermark{EventTime::min(), false}));
  w.saw(0, EventTime{50});
  EXPECT_EQ(w.current().time, EventTime::min());
  w.saw(1, EventTime{20});
  EXPECT_EQ(w.current().time, EventTime{20});
}

TEST(SourceWatermarks, LieBehindTheLatestRecordByTheBound) {
  auto w = watermarks_of(1, microseconds{10});
  w.saw(0, EventTime{50});
  w.saw(0, EventTime{45});
  EXPECT_EQ(w.current().time, EventTime{40});
}

TEST(SourceWatermarks, NameThePartitionThatHoldsThemBack) {
  auto w = watermarks_of(3);
  w.saw(0, EventTime{50});
  w.saw(1, EventTime{20});
  w.saw(2, EventTime{30});
  EXPECT_EQ(w.slowest(), 1u);
}

TEST(SourceWatermarks, LeaveAPartitionOutOnceItsEndHasLasted) {
  auto w = watermarks_of(2);
  w.saw(0, EventTime{500});
  w.saw(1, EventTime{20});
  w.at_end(1, true, EventTime{1000});
  EXPECT_EQ(w.current().time, EventTime{20});
  w.at_end(1, true, EventTime{1100});
  EXPECT_EQ(w.current().time, EventTime{500});
}

TEST(SourceWatermarks, CountTheLimitAnewWhenThereWasMoreToRead) {
  auto w = watermarks_of(2);
  w.saw(0, EventTime{500});
  w.saw(1, EventTime{20});
  w.at_end(1, true, EventTime{1000});
  w.at_end(1, false, EventTime{1050});
  w.at_end(1, true, EventTime{1060});
  w.at_end(1, true, EventTime{1110});
  EXPECT_EQ(w.current().time, EventTime{20});
}

TEST(SourceWatermarks, NeverGoBackWhenAnIdlePartitionAwakes) {
  auto w = watermarks_of(2);
  w.saw(0, EventTime{500});
  w.saw(1, EventTime{20});
  w.at_end(1, true, EventTime{1000});
  w.at_end(1, true, EventTime{1100});
  EXPECT_EQ(w.current().time, EventTime{500});
  w.saw(1, EventTime{30});
  EXPECT_EQ(w.current(), (Watermark{EventTime{500}, false}));
}

TEST(SourceWatermarks, AreIdleWithoutPartitions) { EXPECT_TRUE(watermarks_of(0).current().idle); }

TEST(SourceWatermarks, FollowWhatTheInputPromises) {
  auto w = watermarks_of(1, microseconds{10});
  w.saw(0, EventTime{50});
  w.promised(0, EventTime{70});
  EXPECT_EQ(w.current().time, EventTime{70});
}

SourceTime on_shard(std::size_t partitions, Watermark watermark, std::string held_by,
                    bool ended = false) {
  return {partitions, ended, watermark.idle, watermark.time, std::move(held_by)};
}

TEST(SourceTime, TheSlowestShardThatIsNotIdleHoldsTheWatermark) {
  SourceTime all;
  all.add(on_shard(0, {EventTime{1}, true}, "", /*ended=*/true));
  EXPECT_TRUE(all.idle);
  all.add(on_shard(2, {EventTime{30}, false}, "c"));
  all.add(on_shard(1, {EventTime{5}, true}, "idle"));
  all.add(on_shard(2, {EventTime{20}, false}, "b"));
  all.add(on_shard(1, {EventTime{40}, false}, "d"));
  EXPECT_EQ(all.partitions, 6u);
  EXPECT_FALSE(all.idle);
  EXPECT_FALSE(all.ended);
  EXPECT_EQ(all.watermark, EventTime{20});
  EXPECT_EQ(all.held_by, "b");
}

TEST(SourceTime, EndsWhenAllShardsHave) {
  SourceTime all;
  all.add(on_shard(1, {EventTime{30}, true}, "", /*ended=*/true));
  EXPECT_TRUE(all.ended);
  all.add(on_shard(1, {EventTime{30}, false}, "a"));
  EXPECT_FALSE(all.ended);
}

}  // namespace
}  // namespace rheon::engine
