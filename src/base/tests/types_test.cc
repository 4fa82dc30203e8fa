#include "base/types.h"

#include <gtest/gtest.h>

namespace rheon {
namespace {

using std::chrono::microseconds;

TEST(EventTime, IsOrderedWithNoneBelowAll) {
  EXPECT_EQ(EventTime{}, EventTime::none());
  EXPECT_LT(EventTime::none(), EventTime::min());
  EXPECT_LT(EventTime::min(), EventTime{0});
  EXPECT_LT(EventTime{0}, EventTime::max());
}

TEST(EventTime, OnlyWhatIsBetweenTheReservedValuesIsFinite) {
  EXPECT_FALSE(EventTime::none().is_finite());
  EXPECT_FALSE(EventTime::min().is_finite());
  EXPECT_FALSE(EventTime::max().is_finite());
  EXPECT_TRUE(EventTime{0}.is_finite());
  EXPECT_TRUE((EventTime{EventTime::min().micros + 1}).is_finite());
}

TEST(EventTime, AddsAndSubtracts) {
  EXPECT_EQ(EventTime{5} + microseconds{7}, EventTime{12});
  EXPECT_EQ(EventTime{5} - microseconds{7}, EventTime{-2});
  EXPECT_EQ(EventTime{5} - EventTime{7}, microseconds{-2});
}

TEST(EventTime, Saturates) {
  const EventTime late{EventTime::max().micros - 10};
  const EventTime early{EventTime::min().micros + 10};
  EXPECT_EQ(late + microseconds{9}, EventTime{late.micros + 9});
  EXPECT_EQ(late + microseconds{10}, EventTime::max());
  EXPECT_EQ(late + microseconds{11}, EventTime::max());
  EXPECT_EQ(late + microseconds::max(), EventTime::max());
  EXPECT_EQ(early - microseconds{10}, EventTime::min());
  EXPECT_EQ(early - microseconds{11}, EventTime::min());
  EXPECT_EQ(early - microseconds{12}, EventTime::min());
  EXPECT_EQ(early - microseconds::max(), EventTime::min());
  EXPECT_EQ(early + microseconds::min(), EventTime::min());
  EXPECT_EQ(late - microseconds::min(), EventTime::max());
}

TEST(EventTime, SubtractsTheLeastDurationExactly) {
  EXPECT_EQ(EventTime{-5} - microseconds::min(),
            EventTime{std::numeric_limits<std::int64_t>::max() - 4});
}

TEST(EventTime, DistancesSaturate) {
  EXPECT_EQ(EventTime::max() - EventTime::min(), microseconds::max());
  EXPECT_EQ(EventTime::min() - EventTime::max(), microseconds::min());
}

TEST(EventTime, ReservedValuesStayWhatTheyAre) {
  for (const EventTime time : {EventTime::none(), EventTime::min(), EventTime::max()}) {
    EXPECT_EQ(time + microseconds{1}, time);
    EXPECT_EQ(time - microseconds{1}, time);
  }
}

TEST(Strong, ComparesByValue) {
  EXPECT_EQ(Epoch{3}, Epoch{3});
  EXPECT_LT(ShardId{1}, ShardId{2});
  EXPECT_EQ(KeyGroup{}.value, 0u);
}

}  // namespace
}  // namespace rheon
