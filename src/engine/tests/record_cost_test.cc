#include "engine/record_cost.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace rheon::engine {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using std::chrono::seconds;

/// Messages that are as full as they may be, of records that cost so much.
void add_full(RecordCost& cost, std::size_t messages, Work each) {
  for (; messages > 0; --messages) {
    const std::size_t records = records_at_once(cost.each());
    cost.add(records, each * static_cast<std::int64_t>(records));
  }
}

TEST(RecordCost, RisesAtOnce) {
  RecordCost cost;
  cost.add(1, milliseconds{100});
  EXPECT_EQ(cost.each(), milliseconds{100});
  cost.add(10, milliseconds{5'000});
  EXPECT_EQ(cost.each(), milliseconds{500});
}

TEST(RecordCost, IsJudgedByEightMessagesOrByMuchWork) {
  RecordCost cost;
  add_full(cost, 7, nanoseconds{0});
  EXPECT_EQ(cost.each(), RecordCost::kFirst);
  add_full(cost, 1, nanoseconds{0});
  EXPECT_EQ(cost.each(), RecordCost::kFirst / 2);
  cost.add(1, RecordCost::kJudged - nanoseconds{1});
  EXPECT_EQ(cost.each(), RecordCost::kFirst / 2);
  cost.add(1, nanoseconds{1 + 2 * RecordCost::kFirst.count()});
  EXPECT_EQ(cost.each(), RecordCost::kJudged / 2 + RecordCost::kFirst);
}

TEST(RecordCost, OfNoRecordsSaysNothing) {
  RecordCost cost;
  cost.add(0, seconds{1});
  EXPECT_EQ(cost.each(), RecordCost::kFirst);
  cost.add(1, nanoseconds{0});
  EXPECT_EQ(cost.each(), seconds{1}) << "what came before the first one is its own";
}

TEST(RecordCost, FallsByHalves) {
  RecordCost cost;
  std::size_t messages = 0;
  while (cost.each() > nanoseconds{30}) {
    add_full(cost, RecordCost::kJudgedBatches, nanoseconds{30});
    messages += RecordCost::kJudgedBatches;
    ASSERT_LT(messages, 1'000u);
  }
  EXPECT_EQ(cost.each(), nanoseconds{30});
  EXPECT_EQ(messages, 152u) << "16 ms are not far from 30 ns times two to the 19th";
}

TEST(RecordCost, OfWhatIsSlowNowAndThenIsNotForgotten) {
  RecordCost cost;
  std::size_t most = 0;
  for (std::size_t record = 0; record < 20'000;) {
    const std::size_t records = records_at_once(cost.each());
    most = record > 1'000 ? std::max(most, records) : most;
    Work work{0};
    for (std::size_t i = 0; i < records; ++i) {
      work += ++record % 100 == 0 ? milliseconds{100} : milliseconds{0};
    }
    cost.add(records, work);
  }
  EXPECT_LE(most, 16u) << "2 would be it, of a millisecond on average";
}

TEST(RecordCost, SaysHowManyRecordsGoAtOnce) {
  EXPECT_EQ(records_at_once(nanoseconds{0}), kBatchRecords);
  EXPECT_EQ(records_at_once(nanoseconds{30}), kBatchRecords);
  EXPECT_EQ(records_at_once(RecordCost::kFirst), 1u);
  EXPECT_EQ(records_at_once(milliseconds{1}), 2u);
  EXPECT_EQ(records_at_once(seconds{100}), 1u);
}

TEST(RecordCost, IsKnownWhenItNoLongerFallsByHalves) {
  RecordCost cost;
  EXPECT_FALSE(cost.known());
  cost.add(8, milliseconds{1});
  EXPECT_FALSE(cost.known());
  EXPECT_EQ(cost.each(), RecordCost::kFirst / 2);
  cost.add(1, milliseconds{100});
  EXPECT_TRUE(cost.known());
}

TEST(RecordCost, SaysHowManyAMessageMayHold) {
  EXPECT_EQ(records_of_a_message(nanoseconds{30}, kPackedRecords), kPackedRecords);
  EXPECT_EQ(records_of_a_message(nanoseconds{30}, kBatchRecords), kBatchRecords);
  EXPECT_EQ(records_of_a_message(nanoseconds{250}, kPackedRecords), 2'000u);
  EXPECT_EQ(records_of_a_message(nanoseconds{600}, kPackedRecords), kBatchRecords);
  EXPECT_EQ(records_of_a_message(milliseconds{1}, kPackedRecords), 2u);
}

TEST(RecordCost, SaysHowManyAPollMayEmit) {
  EXPECT_EQ(records_of_a_poll(nanoseconds{0}, 1), kBatchRecords);
  EXPECT_EQ(records_of_a_poll(nanoseconds{30}, 2), 2 * kPackedRecords);
  EXPECT_EQ(records_of_a_poll(nanoseconds{500}, 2), 2'000u);
  EXPECT_EQ(records_of_a_poll(milliseconds{1}, 1), 16u);
  EXPECT_EQ(records_of_a_poll(milliseconds{1}, 2), 16u) << "for several shards to work on";
}

TEST(RecordCost, SaysHowManyStandInAChannel) {
  EXPECT_EQ(records_in_channel(RecordCost::kFirst), 1u);
  EXPECT_EQ(records_in_channel(kWorkAtOnce), 8u);
  EXPECT_EQ(records_in_channel(milliseconds{5}), 3u);
  EXPECT_EQ(records_in_channel(seconds{100}), 1u);
}

}  // namespace
}  // namespace rheon::engine
