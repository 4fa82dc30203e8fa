#include "engine/sender.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
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
  SenderTest() { channel_.tell_cost(Work{0}); }
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
  ShardContext shard_;
  PlainSender sender_{"edge", {&channel_}, shard_};
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

TEST_F(SenderTest, AWatermarkGoesWithTheRecordsBeforeIt) {
  CopySender sender("edge", {&channel_}, shard_, record_type<NoKey, std::uint64_t>,
                    CopySender::To::kNext);
  Batch<NoKey, std::uint64_t> batch;
  batch.slots.push_back({{}, 7, EventTime{1}});
  sender.on_batch(0, batch);
  sender.on_watermark({EventTime{5}, false});
  sender.flush();
  sender.flush();
  Message message;
  ASSERT_TRUE(channel_.try_pop(message));
  EXPECT_EQ(message.kind, Message::Kind::kBatch);
  EXPECT_EQ(message.watermark.time, EventTime{5});
  channel_.give_back(message.batch);
  EXPECT_EQ(take(), -1) << "it was told";
}

TEST_F(SenderTest, WakesItsReceiverWhenItIsToldToAndAtABarrier) {
  doorbell_.clear();
  tell(1);
  EXPECT_FALSE(doorbell_.rung());
  sender_.ring();
  EXPECT_TRUE(doorbell_.rung());
  doorbell_.clear();
  sender_.ring();
  EXPECT_FALSE(doorbell_.rung()) << "there is nothing new";
  EXPECT_TRUE(sender_.drain());
  send_barrier();
  EXPECT_TRUE(doorbell_.rung());
}

TEST_F(SenderTest, WakesItsReceiverWhenTheChannelIsFull) {
  doorbell_.clear();
  for (int i = 1; i <= 3; ++i) {
    EXPECT_FALSE(doorbell_.rung());
    tell(i);
  }
  EXPECT_TRUE(doorbell_.rung());
}

using Numbers = Batch<NoKey, std::uint64_t>;
std::uint64_t same(std::uint64_t number) { return number; }

class SenderOfSlowRecords : public ::testing::TestWithParam<std::size_t> {
 protected:
  using NumberSender = HashSender<NoKey, std::uint64_t, std::uint64_t, decltype(&same)>;

  SenderOfSlowRecords() {
    for (std::size_t i = 0; i < GetParam(); ++i) {
      channels_.push_back(std::make_unique<Channel>(64, doorbell_, doorbell_));
      to_.push_back(channels_.back().get());
    }
    sender_ = std::make_unique<NumberSender>("edge", to_, shard_, &same, OnThrow::kStop);
  }
  void send(std::uint64_t count) {
    gather(count);
    sender_->flush();
  }
  void gather(std::uint64_t count) {
    Numbers batch;
    for (std::uint64_t number = 0; number < count; ++number) {
      batch.slots.push_back({{}, number, EventTime{1}});
    }
    sender_->on_batch(0, batch);
  }
  /// The sizes of the batches in all channels.
  std::vector<std::size_t> take() {
    std::vector<std::size_t> sizes;
    bool taken = true;
    while (!sender_->drain() || taken) {
      taken = false;
      for (Channel* channel : to_) {
        Message message;
        while (channel->try_pop(message)) {
          taken = true;
          if (message.kind == Message::Kind::kBatch) {
            sizes.push_back(message.batch->size());
            channel->give_back(message.batch);
          }
        }
      }
    }
    return sizes;
  }
  void tell_cost(Work each) {
    for (Channel* channel : to_) {
      channel->tell_cost(each);
    }
  }

  env::fake::FakeParker parker_;
  Doorbell doorbell_{parker_};
  ShardContext shard_;
  std::vector<std::unique_ptr<Channel>> channels_;
  std::vector<Channel*> to_;
  std::unique_ptr<NumberSender> sender_;
};

TEST_P(SenderOfSlowRecords, HoldsAMessageToWhatGoesAtOnce) {
  using std::chrono::milliseconds;
  send(3);
  EXPECT_THAT(take(), ::testing::ElementsAre(1, 1, 1)) << "nothing is known of them";
  tell_cost(milliseconds{1});
  send(40);
  EXPECT_THAT(take(), ::testing::AllOf(::testing::Each(::testing::Le(2u)),
                                       ::testing::SizeIs(::testing::Ge(20u))));
  tell_cost(Work{0});
  send(40'000);
  const std::size_t full = GetParam() == 1 ? kBatchRecords : kPackedRecords;
  EXPECT_THAT(take(), ::testing::AllOf(::testing::Each(::testing::Le(full)),
                                       ::testing::Contains(full).Times(::testing::Ge(8u))));
}

TEST_P(SenderOfSlowRecords, FillsTheOutboxWithLargerOnes) {
  tell_cost(std::chrono::seconds{1});
  send(6'400);
  EXPECT_THAT(take(), ::testing::SizeIs(::testing::Le(110u))) << "one in the channel, then 64 each";
}

TEST_P(SenderOfSlowRecords, AddsUpTheWorkThatTheyCause) {
  using std::chrono::milliseconds;
  tell_cost(milliseconds{1});
  gather(11);  // two go into a message: one is left
  EXPECT_EQ(sender_->caused(), milliseconds{11}) << "sent or not";
  tell_cost(milliseconds{2});
  EXPECT_EQ(sender_->caused(), milliseconds{11}) << "what was known when they came";
  sender_->flush();
  EXPECT_EQ(sender_->caused(), milliseconds{11});
  gather(1);
  EXPECT_EQ(sender_->caused(), milliseconds{13});
}

INSTANTIATE_TEST_SUITE_P(Receivers, SenderOfSlowRecords, ::testing::Values(1, 2));

std::string_view first_letter(std::string_view word) { return word.substr(0, 1); }

/// What comes out of the channels, as "key=value@time", and of the followed ones the value.
struct Arrived {
  std::vector<std::string> records;
  std::vector<std::string> followed;

  void add(const BatchBase& base) {
    const auto& batch = static_cast<const Batch<std::string_view, std::string_view>&>(base);
    EXPECT_LE(batch.size(), kBatchRecords);
    for (const auto& slot : batch.slots) {
      EXPECT_EQ(slot.hash, stable_hash(slot.key));
      records.push_back(std::string(slot.key) + "=" + std::string(slot.value) + "@" +
                        std::to_string(slot.time.micros));
    }
    for (const TraceMark& mark : batch.traces) {
      followed.emplace_back(batch.slots[mark.index].value);
    }
  }
};
Arrived words_by_first_letter(std::size_t receivers) {
  env::fake::FakeParker parker;
  Doorbell doorbell{parker};
  ShardContext shard;
  std::vector<std::unique_ptr<Channel>> channels;
  std::vector<Channel*> to;
  for (std::size_t i = 0; i < receivers; ++i) {
    channels.push_back(std::make_unique<Channel>(64, doorbell, doorbell));
    channels.back()->tell_cost(Work{0});
    to.push_back(channels.back().get());
  }
  HashSender<NoKey, std::string_view, std::string_view, decltype(&first_letter)> sender(
      "edge", to, shard, &first_letter, OnThrow::kStop);
  Batch<NoKey, std::string_view> batch;
  std::vector<std::string> words;
  for (int i = 0; i < 3000; ++i) {
    words.push_back(std::string(1, static_cast<char>('a' + i % 26)) + std::to_string(i));
  }
  for (int i = 0; i < 3000; ++i) {
    batch.slots.push_back({{}, words[static_cast<std::size_t>(i)], EventTime{i / 1000}});
  }
  batch.mark(17, 18, {1, 2, 3});
  batch.mark(2500, 2501, {1, 2, 4});
  sender.on_batch(0, batch);
  words.assign(words.size(), "gone");
  sender.flush();
  Arrived arrived;
  std::unique_ptr<BatchBase> room;
  for (std::size_t i = 0; i < receivers; ++i) {
    Message message;
    while (to[i]->try_pop(message)) {
      if (message.kind == Message::Kind::kBatch) {
        EXPECT_LE(message.batch->size(), message.batch->most());
        for (std::size_t from = 0; from < message.batch->size();) {
          arrived.add(message.batch->laid_out(from, room));
        }
        to[i]->give_back(message.batch);
      }
    }
  }
  return arrived;
}

TEST(HashSender, RecordsArriveAlikeHoweverManyReceiversThereAre) {
  const Arrived one = words_by_first_letter(1);
  EXPECT_EQ(one.records.size(), 3000u);
  EXPECT_EQ(one.records[2500], "e=e2500@2");
  EXPECT_THAT(one.followed, ::testing::ElementsAre("r17", "e2500"));
  for (const std::size_t receivers : {2u, 3u}) {
    const Arrived several = words_by_first_letter(receivers);
    EXPECT_THAT(several.records, ::testing::UnorderedElementsAreArray(one.records));
    EXPECT_THAT(several.followed, ::testing::UnorderedElementsAreArray(one.followed));
  }
}

class CopySenderTest : public ::testing::Test {
 protected:
  using Words = Batch<NoKey, std::string_view>;

  CopySenderTest() {
    for (int i = 0; i < 3; ++i) {
      channels_.push_back(std::make_unique<Channel>(64, doorbell_, doorbell_));
      channels_.back()->tell_cost(Work{0});
      to_.push_back(channels_.back().get());
    }
  }
  /// Sends these words, of which some are followed.
  void send(CopySender::To to, std::vector<std::string> words,
            const std::vector<std::uint32_t>& followed = {}) {
    CopySender sender("edge", to_, shard_, record_type<NoKey, std::string_view>, to);
    Words batch;
    for (const std::string& word : words) {
      batch.slots.push_back({{}, word, EventTime{1}});
    }
    for (const std::uint32_t index : followed) {
      batch.mark(index, index + 1, {1, 2, index});
    }
    sender.on_batch(0, batch);
    words.assign(words.size(), "gone");  // what was sent shows bytes of its own
    sender.flush();
    take();
  }

  std::vector<std::vector<std::string>> received{3};
  std::vector<std::vector<std::string>> followed_words{3};
  std::vector<std::vector<std::size_t>> batches{3};  // their sizes

 private:
  void take() {
    for (std::size_t i = 0; i < to_.size(); ++i) {
      Message message;
      while (to_[i]->try_pop(message)) {
        if (message.kind != Message::Kind::kBatch) {
          continue;
        }
        const auto& words = static_cast<const Words&>(*message.batch);
        for (const auto& slot : words.slots) {
          received[i].emplace_back(slot.value);
        }
        for (const TraceMark& mark : words.traces) {
          followed_words[i].emplace_back(words.slots[mark.index].value);
        }
        batches[i].push_back(words.size());
        to_[i]->give_back(message.batch);
      }
    }
  }

  ShardContext shard_;
  env::fake::FakeParker parker_;
  Doorbell doorbell_{parker_};
  std::vector<std::unique_ptr<Channel>> channels_;
  std::vector<Channel*> to_;
};

using ::testing::Each;
using ::testing::ElementsAre;

TEST_F(CopySenderTest, SpreadsRecordsOneByOne) {
  send(CopySender::To::kNext, {"a", "b", "c", "d", "e"}, {1, 3});
  EXPECT_THAT(received,
              ElementsAre(ElementsAre("a", "d"), ElementsAre("b", "e"), ElementsAre("c")));
  EXPECT_THAT(followed_words, ElementsAre(ElementsAre("d"), ElementsAre("b"), ElementsAre()));
}

TEST_F(CopySenderTest, GivesEachReceiverAll) {
  send(CopySender::To::kAll, {"a", "b", "c"}, {2});
  EXPECT_THAT(received, Each(ElementsAre("a", "b", "c")));
  EXPECT_THAT(followed_words, Each(ElementsAre("c")));
}

TEST_F(CopySenderTest, HandsOnWhatIsFull) {
  send(CopySender::To::kAll, std::vector<std::string>(2 * kBatchRecords + 1, "word"));
  EXPECT_THAT(batches, Each(ElementsAre(kBatchRecords, kBatchRecords, 1)));
  batches.assign(3, {});
  send(CopySender::To::kAll, std::vector<std::string>(3, std::string(kBatchBytes / 2, 'w')));
  EXPECT_THAT(batches, Each(ElementsAre(2, 1))) << "full of bytes";
}

TEST(CopySenderOfKeyedRecords, KeepsKeysTimesAndHashes) {
  using Keyed = Batch<std::string_view, std::uint64_t>;
  env::fake::FakeParker parker;
  Doorbell doorbell{parker};
  Channel channel{8, doorbell, doorbell};
  channel.tell_cost(Work{0});
  ShardContext shard;
  CopySender sender("edge", {&channel}, shard, record_type<std::string_view, std::uint64_t>,
                    CopySender::To::kNext);
  std::string key = "alice";
  Keyed batch;
  batch.slots.push_back({key, 17, EventTime{5}, 0xabcd});
  sender.on_batch(0, batch);
  key = "gone.";
  sender.flush();
  Message message;
  ASSERT_TRUE(channel.try_pop(message));
  const auto& slot = static_cast<const Keyed&>(*message.batch).slots.front();
  EXPECT_EQ(slot.key, "alice");
  EXPECT_EQ(slot.value, 17u);
  EXPECT_EQ(slot.time, EventTime{5});
  EXPECT_EQ(slot.hash, 0xabcdu);
  channel.give_back(message.batch);
}

TEST(Batch, ARecordThatIsMarkedTwiceStandsThereOnce) {
  Numbers batch;
  batch.mark(1, 3, {1, 1, 1});
  batch.mark(2, 4, {2, 2, 2});
  ASSERT_EQ(batch.traces.size(), 3u);
  EXPECT_EQ(batch.traces[1].index, 2u);
  EXPECT_EQ(batch.traces[1].context.span, 2u);
  EXPECT_EQ(batch.traces[2].index, 3u);
}

}  // namespace
}  // namespace rheon::engine
