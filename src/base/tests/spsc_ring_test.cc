#include "base/spsc_ring.h"

#include <gtest/gtest.h>

#include <deque>
#include <memory>
#include <random>
#include <thread>

namespace rheon {
namespace {

TEST(SpscRing, RoundsItsCapacityUp) {
  EXPECT_EQ(SpscRing<int>(0).capacity(), 1u);
  EXPECT_EQ(SpscRing<int>(1).capacity(), 1u);
  EXPECT_EQ(SpscRing<int>(5).capacity(), 8u);
  EXPECT_EQ(SpscRing<int>(8).capacity(), 8u);
}

TEST(SpscRing, RefusesWithoutTakingTheItem) {
  SpscRing<std::unique_ptr<int>> ring(1);
  EXPECT_TRUE(ring.try_push(std::make_unique<int>(1)));
  auto second = std::make_unique<int>(2);
  EXPECT_FALSE(ring.try_push(std::move(second)));
  ASSERT_NE(second, nullptr);
  std::unique_ptr<int> out;
  EXPECT_TRUE(ring.try_pop(out));
  EXPECT_EQ(*out, 1);
  EXPECT_FALSE(ring.try_pop(out));
  EXPECT_EQ(*out, 1);
  EXPECT_TRUE(ring.try_push(std::move(second)));
}

TEST(SpscRing, BehavesLikeABoundedDeque) {
  for (unsigned seed = 0; seed < 50; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    SpscRing<unsigned> ring(1 + random() % 9);
    std::deque<unsigned> model;
    for (unsigned i = 0; i < 2000; ++i) {
      if (random() % 2 == 0) {
        const bool fits = model.size() < ring.capacity();
        ASSERT_EQ(ring.try_push(i), fits);
        if (fits) {
          model.push_back(i);
        }
      } else {
        unsigned item = 0;
        const unsigned* const front = ring.front();
        ASSERT_EQ(front != nullptr, !model.empty());
        if (front != nullptr) {
          ASSERT_EQ(*front, model.front());
        }
        ASSERT_EQ(ring.try_pop(item), !model.empty());
        if (!model.empty()) {
          ASSERT_EQ(item, model.front());
          model.pop_front();
        }
      }
      ASSERT_EQ(ring.size_approx(), model.size());
    }
  }
}

TEST(SpscRing, TwoThreadsLoseNothingAndKeepTheOrder) {
  constexpr int kItems = 200'000;
  SpscRing<std::unique_ptr<int>> ring(8);
  std::thread producer([&] {
    for (int i = 0; i < kItems; ++i) {
      auto item = std::make_unique<int>(i);
      while (!ring.try_push(std::move(item))) {
        std::this_thread::yield();
      }
    }
  });
  std::unique_ptr<int> item;
  int wrong = 0;
  for (int expected = 0; expected < kItems; ++expected) {
    while (!ring.try_pop(item)) {
      std::this_thread::yield();
    }
    wrong += *item != expected ? 1 : 0;
  }
  producer.join();
  EXPECT_EQ(wrong, 0);
  EXPECT_EQ(ring.size_approx(), 0u);
}

}  // namespace
}  // namespace rheon
