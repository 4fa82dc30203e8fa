#include "base/ready_word.h"

#include <gtest/gtest.h>

#include <array>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

#include "base/spsc_ring.h"

namespace rheon {
namespace {

TEST(ReadyWord, GivesEachBitOnce) {
  ReadyWord ready;
  int wakes = 0;
  const auto wake = [&] { ++wakes; };
  ready.set(0, wake);
  ready.set(61, wake);
  ready.set(61, wake);
  EXPECT_EQ(ready.take(), 1 | (std::uint64_t{1} << 61));
  EXPECT_EQ(ready.take(), 0u);
  EXPECT_EQ(wakes, 0);
}

TEST(ReadyWord, ParksOnlyWhenNothingIsReady) {
  ReadyWord ready;
  ready.set(3, [] {});
  EXPECT_FALSE(ready.try_park());
  EXPECT_EQ(ready.take(), 8u);
  EXPECT_TRUE(ready.try_park());
}

TEST(ReadyWord, WakesAParkedConsumerAndKeepsTheBits) {
  ReadyWord ready;
  int wakes = 0;
  ASSERT_TRUE(ready.try_park());
  ready.set(1, [&] { ++wakes; });
  EXPECT_EQ(wakes, 1);
  ready.unpark();
  ready.set(2, [&] { ++wakes; });
  EXPECT_EQ(wakes, 1);
  EXPECT_EQ(ready.take(), 6u);
}

TEST(ReadyWordDeathTest, HasABitForEachInput) {
  ReadyWord ready;
  EXPECT_DEATH(ready.set(62, [] {}), "bit in the ready word");
}

/// Sleeps without a timeout: a lost wake-up hangs the test.
class Sleeper {
 public:
  void wake() {
    const std::lock_guard lock(mutex_);
    woken_ = true;
    changed_.notify_one();
  }
  void sleep() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return woken_; });
    woken_ = false;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool woken_ = false;
};

class Crowd {
 public:
  static constexpr unsigned kProducers = 3;
  static constexpr unsigned kItems = 20'000;

  void produce(unsigned producer) {
    for (unsigned i = 1; i <= kItems; ++i) {
      while (!rings_[producer].try_push(i)) {
        std::this_thread::yield();
      }
      ready_.set(producer, [&] { sleeper_.wake(); });
    }
  }

  void consume_all() {
    while (received_ < kProducers * kItems) {
      const std::uint64_t bits = ready_.take();
      for (unsigned producer = 0; producer < kProducers; ++producer) {
        if ((bits >> producer & 1) != 0) {
          drain(producer);
        }
      }
      if (bits == 0 && ready_.try_park()) {
        sleeper_.sleep();
        ready_.unpark();
      }
    }
  }

 private:
  void drain(unsigned producer) {
    unsigned item = 0;
    while (rings_[producer].try_pop(item)) {
      ASSERT_EQ(item, ++last_[producer]);
      ++received_;
    }
  }

  std::array<SpscRing<unsigned>, kProducers> rings_{SpscRing<unsigned>(4), SpscRing<unsigned>(4),
                                                    SpscRing<unsigned>(4)};
  std::array<unsigned, kProducers> last_{};
  unsigned received_ = 0;
  ReadyWord ready_;
  Sleeper sleeper_;
};

TEST(ReadyWord, NoWakeUpIsLostAmongThreads) {
  Crowd crowd;
  std::vector<std::thread> producers;
  for (unsigned i = 0; i < Crowd::kProducers; ++i) {
    producers.emplace_back([&crowd, i] { crowd.produce(i); });
  }
  crowd.consume_all();
  for (std::thread& producer : producers) {
    producer.join();
  }
}

}  // namespace
}  // namespace rheon
