#include "engine/sender.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <vector>

#include "engine/channel.h"
#include "env/fake/fake_threads.h"

namespace rheon::engine {
namespace {

class PlainSender : public Sender {
 public:
  using Sender::Sender;
  void on_batch(std::uint32_t, BatchBase&) override {}
};

class SenderTest : public ::testing::Test {
 protected:
  void tell(std::int64_t micros) {
    sender_.on_watermark({EventTime{micros}, false});
    sender_.flush();
  }
  void send_barrier() { sender_.on_barrier(barrier_); }
  /// Takes one message; the watermark's time, 0 for a barrier, -1 when there is none.
  std::int64_t take() {
    Message message;
    if (!channel_.try_pop(message)) {
      return -1;
    }
    return message.kind == Message::Kind::kBarrier ? 0 : message.watermark.time.micros;
  }

  env::fake::FakeParker parker_;
  Doorbell doorbell_{parker_};
  Channel channel_{2, doorbell_, doorbell_};
  Barrier barrier_;
  PlainSender sender_{"edge", {&channel_}};
};

TEST_F(SenderTest, WhatWaitsInTheOutboxIsNotOvertaken) {
  tell(1);
  send_barrier();
  tell(2);
  send_barrier();  // the channel is full since the first barrier: both wait
  EXPECT_EQ(take(), 1);
  tell(3);  // there is room again
  std::vector<std::int64_t> rest;
  do {
    for (std::int64_t one = take(); one != -1; one = take()) {
      rest.push_back(one);
    }
  } while (!sender_.drain());
  for (std::int64_t one = take(); one != -1; one = take()) {
    rest.push_back(one);
  }
  EXPECT_EQ(rest, (std::vector<std::int64_t>{0, 2, 0, 3}));
}

TEST_F(SenderTest, OfWaitingWatermarksOnlyTheLastIsSent) {
  tell(1);
  send_barrier();
  tell(2);
  tell(3);
  EXPECT_FALSE(sender_.drain());
  EXPECT_EQ(take(), 1);
  EXPECT_EQ(take(), 0);
  EXPECT_TRUE(sender_.drain());
  EXPECT_EQ(take(), 3);
  EXPECT_EQ(take(), -1);
}

}  // namespace
}  // namespace rheon::engine
