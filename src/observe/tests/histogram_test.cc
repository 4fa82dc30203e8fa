#include "observe/histogram.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

namespace rheon::observe {
namespace {

TEST(Histogram, IsEmptyAtFirst) {
  const Histogram histogram;
  EXPECT_EQ(histogram.count(), 0u);
  EXPECT_EQ(histogram.max(), 0u);
  EXPECT_EQ(histogram.value_at(99), 0u);
}

TEST(Histogram, IsExactForSmallValues) {
  Histogram histogram;
  for (std::uint64_t value = 1; value <= 1000; ++value) {
    histogram.record(value);
  }
  EXPECT_EQ(histogram.value_at(0), 1u);
  EXPECT_EQ(histogram.value_at(50), 500u);
  EXPECT_EQ(histogram.value_at(99), 990u);
  EXPECT_EQ(histogram.value_at(99.9), 999u);
  EXPECT_EQ(histogram.value_at(100), 1000u);
  EXPECT_EQ(histogram.sum(), 500'500u);
}

TEST(Histogram, KeepsThreeDigitsOfAnyValue) {
  for (unsigned bit = 0; bit < 40; ++bit) {
    for (const std::int64_t near : {-1, 0, 1}) {
      const std::uint64_t value = (std::uint64_t{1} << bit) + static_cast<std::uint64_t>(near);
      if (value > Histogram::kMaxValue) {
        continue;
      }
      Histogram histogram;
      histogram.record(value);
      histogram.record(Histogram::kMaxValue);
      const std::uint64_t seen = histogram.value_at(50);
      EXPECT_GE(seen, value);
      EXPECT_LE(seen - value, value / 1024);
    }
  }
}

TEST(Histogram, AgreesWithSortingTheValues) {
  for (unsigned seed = 0; seed < 10; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    std::lognormal_distribution<double> latency(8, 2);
    std::vector<std::uint64_t> values(5000);
    Histogram histogram;
    for (std::uint64_t& value : values) {
      value = static_cast<std::uint64_t>(latency(random));
      histogram.record(value);
    }
    std::sort(values.begin(), values.end());
    for (const double percentile : {0.1, 10.0, 50.0, 90.0, 99.0, 99.9, 100.0}) {
      const double rank = std::ceil(percentile * static_cast<double>(values.size()) / 100);
      const std::uint64_t exact = values[static_cast<std::size_t>(rank) - 1];
      EXPECT_GE(histogram.value_at(percentile), exact) << percentile;
      EXPECT_LE(histogram.value_at(percentile), exact + exact / 1024) << percentile;
    }
  }
}

TEST(Histogram, LargeValuesShareTheLastBucket) {
  Histogram histogram;
  histogram.record(Histogram::kMaxValue * 5);
  EXPECT_EQ(histogram.max(), Histogram::kMaxValue * 5);
  EXPECT_EQ(histogram.value_at(50), Histogram::kMaxValue * 5);
}

TEST(Histogram, MergesAndClears) {
  Histogram one;
  Histogram other;
  one.record(10, 99);
  other.record(70'000);
  one.merge(other);
  one.merge(Histogram());
  EXPECT_EQ(one.count(), 100u);
  EXPECT_EQ(one.value_at(99), 10u);
  EXPECT_EQ(one.value_at(100), 70'000u);
  EXPECT_EQ(one.max(), 70'000u);
  one.clear();
  EXPECT_EQ(one.count(), 0u);
  EXPECT_EQ(one.value_at(50), 0u);
}

}  // namespace
}  // namespace rheon::observe
