#include "engine/inbox.h"

#include <gtest/gtest.h>

#include <memory>
#include <random>
#include <set>
#include <vector>

#include "base/tests/seeds.h"
#include "env/fake/fake_threads.h"

namespace rheon::engine {
namespace {

constexpr Watermark wm(std::int64_t micros, bool idle = false) { return {EventTime{micros}, idle}; }

/// An inbox with some lanes, and the channels behind them.
class InboxTest : public ::testing::Test {
 protected:
  void make_lanes(std::size_t lanes, std::size_t capacity = 4) {
    for (std::size_t i = 0; i < lanes; ++i) {
      channels_.push_back(std::make_unique<Channel>(capacity, sender_, receiver_));
      channels_.back()->tell_cost(Work{0});
      inbox_.add("edge", 0, channels_.back().get());
    }
  }
  void send_barrier(std::size_t lane) {
    Message message;
    message.kind = Message::Kind::kBarrier;
    message.barrier = &barrier_;
    ASSERT_TRUE(channels_[lane]->try_push(message));
  }
  void send_watermark(std::size_t lane, Watermark watermark) {
    Message message;
    message.watermark = watermark;
    ASSERT_TRUE(channels_[lane]->try_push(message));
  }
  /// Takes all that is there; the number of barriers that came through.
  int take_all() {
    int through = 0;
    Message message;
    while (Inbox::Lane* lane = inbox_.next(message)) {
      if (message.kind == Message::Kind::kBarrier) {
        through += inbox_.align(*lane) ? 1 : 0;
      } else {
        lane->watermark = message.watermark;
      }
    }
    return through;
  }

  env::fake::FakeParker parker_;
  Doorbell sender_{parker_};
  Doorbell receiver_{parker_};
  Barrier barrier_;
  std::vector<std::unique_ptr<Channel>> channels_;
  Inbox inbox_;
};

TEST_F(InboxTest, ABarrierPassesWhenAllLanesHaveSeenIt) {
  make_lanes(3);
  send_barrier(0);
  send_barrier(2);
  EXPECT_EQ(take_all(), 0);
  send_barrier(1);
  EXPECT_EQ(take_all(), 1);
}

TEST_F(InboxTest, ALaneThatHasSeenTheBarrierIsHeldBack) {
  make_lanes(2);
  send_barrier(0);
  send_watermark(0, wm(99));  // of the next epoch
  send_watermark(1, wm(50));
  EXPECT_EQ(take_all(), 0);
  EXPECT_EQ(inbox_.watermark().time, EventTime::min());  // the other lane has said nothing yet
  send_barrier(1);
  EXPECT_EQ(take_all(), 1);
  EXPECT_EQ(inbox_.watermark(), wm(50));
}

TEST_F(InboxTest, TheWatermarkIsTheSmallestOfLanesThatAreNotIdle) {
  make_lanes(3);
  send_watermark(0, wm(30));
  send_watermark(1, wm(10));
  send_watermark(2, wm(20));
  take_all();
  EXPECT_EQ(inbox_.watermark(), wm(10));
  send_watermark(1, wm(10, /*idle=*/true));
  take_all();
  EXPECT_EQ(inbox_.watermark(), wm(20));
  send_watermark(0, wm(30, true));
  send_watermark(2, wm(20, true));
  take_all();
  EXPECT_EQ(inbox_.watermark(), wm(30, true));
}

TEST_F(InboxTest, TakingAWatermarkOutOfAFullChannelWakesTheSender) {
  make_lanes(1, 1);
  send_watermark(0, wm(1));
  Message message;
  EXPECT_FALSE(channels_[0]->try_push(message));
  sender_.clear();
  take_all();
  EXPECT_TRUE(sender_.rung());
  EXPECT_TRUE(channels_[0]->try_push(message));
}

TEST_F(InboxTest, NoMessageOfAnEpochComesBehindItsBarrier) {
  for (const std::uint64_t seed : testing::seeds(50)) {
    SCOPED_TRACE(testing::repeat(seed));
    std::mt19937_64 random(seed);
    inbox_ = Inbox();
    channels_.clear();
    make_lanes(1 + random() % 4, 1 + random() % 3);
    std::vector<std::int64_t> sent(channels_.size());  // epochs, by lane
    std::int64_t passed = 0;
    for (int turn = 0; turn < 2000; ++turn) {
      const std::size_t lane = random() % channels_.size();
      Message message;
      message.watermark = wm(sent[lane]);
      if (random() % 4 == 0) {
        message.kind = Message::Kind::kBarrier;
        message.barrier = &barrier_;
      }
      if (channels_[lane]->try_push(message) && message.kind == Message::Kind::kBarrier) {
        ++sent[lane];
      }
      Message taken;
      if (Inbox::Lane* from = inbox_.next(taken); from != nullptr) {
        if (taken.kind == Message::Kind::kBarrier) {
          passed += inbox_.align(*from) ? 1 : 0;
        } else {
          ASSERT_EQ(taken.watermark.time.micros, passed);
        }
      }
    }
    EXPECT_GT(passed, 10);
  }
}

TEST_F(InboxTest, TellsAllSendersWhatARecordCosts) {
  make_lanes(2);
  inbox_.tell_cost(Work{8'000});
  EXPECT_EQ(channels_[0]->cost(), Work{8'000});
  EXPECT_EQ(channels_[1]->cost(), Work{8'000});
  inbox_.tell_cost(Work{9'000});
  EXPECT_EQ(channels_[0]->cost(), Work{8'000}) << "about the same";
  inbox_.tell_cost(Work{9'001});
  EXPECT_EQ(channels_[0]->cost(), Work{9'001});
  inbox_.tell_cost(Work{0});
  inbox_.tell_cost(Work{100});
  EXPECT_EQ(channels_[0]->cost(), Work{0}) << "of quick ones it does not matter";
}

}  // namespace
}  // namespace rheon::engine
