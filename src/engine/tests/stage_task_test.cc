#include "engine/stage_task.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "engine/processor.h"
#include "engine/sender.h"
#include "env/fake/fake_env.h"

namespace rheon::engine {
namespace {

using ::testing::ElementsAre;
using OneNumber = Batch<NoKey, std::uint64_t>;

/// Writes down what comes, spends time with it, and sends a record behind each watermark.
class Listening final : public Processor {
 public:
  Listening(ShardContext& shard, env::fake::FakeEnv& env, std::vector<std::string>& heard)
      : Processor("listening", shard), env_(env), heard_(heard) {}
  void connect(std::size_t, const Target& target) override { target_ = target.receiver; }
  void on_batch(std::uint32_t, BatchBase& batch) override {
    heard_.push_back("batch of " + std::to_string(batch.size()));
    env_.clock().advance(a_batch);
    if (takes_out) {
      static_cast<OneNumber&>(batch).slots.clear();
    }
    if (heard_.size() == fails_at) {
      shard().fail({ErrorCode::kInvalidInput, "a record"});
    }
  }
  void on_watermark(const Watermark& watermark) override {
    heard_.push_back("watermark " + std::to_string(watermark.time.micros));
    env_.clock().advance(std::chrono::milliseconds{100});
    if (target_ != nullptr) {
      OneNumber batch;
      batch.slots.push_back({{}, 7, EventTime{1}});
      target_->on_batch(0, batch);
    }
  }
  void on_barrier(const Barrier&) override { heard_.emplace_back("barrier"); }
  [[nodiscard]] bool resume() override { return !bursting; }
  [[nodiscard]] bool on_clock() override {
    ++clocks;
    return true;
  }
  std::size_t clocks = 0;
  std::size_t fails_at = 0;
  std::chrono::milliseconds a_batch{0};
  bool bursting = false;   // timers fire
  bool takes_out = false;  // all records of a batch, as a filter does

 private:
  env::fake::FakeEnv& env_;
  std::vector<std::string>& heard_;
  Receiver* target_ = nullptr;
};

class StageTaskTest : public ::testing::Test {
 protected:
  StageTaskTest() {
    shard_.env = &env_;
    task_.stage().processors.push_back(std::move(owned_));
    task_.inbox().add("edge", 0, &channel_);
    channel_.tell_cost(Work{0});
  }
  void send(std::int64_t watermark) {
    Message message;
    message.kind = Message::Kind::kBatch;
    auto* batch = new OneNumber();
    batch->slots.push_back({{}, 7, EventTime{1}});
    message.batch = batch;
    message.watermark = {EventTime{watermark}, false};
    ASSERT_TRUE(channel_.try_push(message));
  }
  /// One message of so many.
  void send_packed(std::uint64_t records, std::int64_t watermark) {
    Message message;
    message.kind = Message::Kind::kBatch;
    auto* batch = new PackedBatch<std::uint64_t, std::uint64_t>();
    for (std::uint64_t i = 0; i < records; ++i) {
      batch->append(i, i, EventTime{1}, i);
    }
    message.batch = batch;
    message.watermark = {EventTime{watermark}, false};
    ASSERT_TRUE(channel_.try_push(message));
  }
  void send_barrier() {
    Message message;
    message.kind = Message::Kind::kBarrier;
    message.barrier = &barrier_;
    ASSERT_TRUE(channel_.try_push(message));
  }

  env::fake::FakeEnv env_;
  ShardContext shard_;
  Barrier barrier_;
  std::vector<std::string> heard_;
  env::fake::FakeParker parker_;
  Doorbell doorbell_{parker_};
  Channel channel_{64, doorbell_, doorbell_};
  std::unique_ptr<Listening> owned_ = std::make_unique<Listening>(shard_, env_, heard_);
  Listening& listening_ = *owned_;
  StageTask task_{shard_};
};

TEST_F(StageTaskTest, TimeGoesOnBehindTheRecordsThatCameWithIt) {
  send(5);
  send(5);
  send(8);
  EXPECT_EQ(task_.step().progress, Progress::kWorked);
  EXPECT_THAT(heard_,
              ElementsAre("batch of 1", "watermark 5", "batch of 1", "batch of 1", "watermark 8"));
}

TEST_F(StageTaskTest, ABatchOutOfWhichRecordsWereTakenHasBeenRead) {
  listening_.takes_out = true;
  send(5);
  send(8);
  static_cast<void>(task_.step());
  EXPECT_THAT(heard_, ElementsAre("batch of 1", "watermark 5", "batch of 1", "watermark 8"));
}

TEST_F(StageTaskTest, ARecordThatStopsTheShardLetsNoTimePass) {
  listening_.fails_at = 1;
  send(5);
  static_cast<void>(task_.step());
  EXPECT_THAT(heard_, ElementsAre("batch of 1"));
}

TEST_F(StageTaskTest, ALongMessageIsReadByTheBatchAndTimeGoesOnBehindIt) {
  send_packed(3'000, 5);
  send(6);
  static_cast<void>(task_.step());
  EXPECT_THAT(heard_, ElementsAre("batch of 1024", "batch of 1024", "batch of 952", "watermark 5",
                                  "batch of 1", "watermark 6"));
  std::vector<LedgerEntry> ledger;
  task_.inbox().report(ledger);
  ASSERT_EQ(ledger.size(), 1u);
  EXPECT_EQ(ledger[0].count, 3'001u);
}

TEST_F(StageTaskTest, OfALongMessageOfSlowRecordsAStepReadsOneBatch) {
  listening_.a_batch = std::chrono::milliseconds{3};
  send_packed(3'000, 5);
  send_barrier();
  for (std::size_t step = 1; step <= 3; ++step) {
    EXPECT_EQ(heard_.size(), step - 1);
    EXPECT_EQ(task_.step().progress, Progress::kWorked);
  }
  EXPECT_EQ(listening_.clocks, 1u) << "no timers fire within a message";
  static_cast<void>(task_.step());
  EXPECT_THAT(heard_, ElementsAre("batch of 1024", "batch of 1024", "batch of 952", "watermark 5",
                                  "barrier"));
}

TEST_F(StageTaskTest, ARecordInTheMiddleOfALongMessageStopsTheShard) {
  listening_.fails_at = 2;
  send_packed(3'000, 5);
  static_cast<void>(task_.step());
  EXPECT_THAT(heard_, ElementsAre("batch of 1024", "batch of 1024"));
}

TEST_F(StageTaskTest, ABarrierThatPassesWhileTimersFirePassesNotWithinAMessage) {
  listening_.a_batch = std::chrono::milliseconds{3};
  send_packed(1'500, 5);
  send_barrier();
  static_cast<void>(task_.step());
  listening_.bursting = true;
  EXPECT_EQ(task_.step().progress, Progress::kWorked);
  EXPECT_THAT(heard_, ElementsAre("batch of 1024"));
  listening_.bursting = false;
  static_cast<void>(task_.step());
  listening_.bursting = true;
  static_cast<void>(task_.step());
  EXPECT_THAT(heard_, ElementsAre("batch of 1024", "batch of 476", "watermark 5", "barrier"));
}

TEST_F(StageTaskTest, IsSlowWhenItHasRecordsThatAre) {
  EXPECT_FALSE(task_.slow());
  listening_.a_batch = std::chrono::milliseconds{100};
  send(0);
  EXPECT_FALSE(task_.slow()) << "nothing is known of them";
  static_cast<void>(task_.step());
  EXPECT_FALSE(task_.slow()) << "there is nothing to read";
  send_packed(1'500, 0);
  EXPECT_TRUE(task_.slow());
  static_cast<void>(task_.step());
  EXPECT_TRUE(task_.slow()) << "of the message";
  static_cast<void>(task_.step());
  EXPECT_FALSE(task_.slow());
  listening_.a_batch = std::chrono::milliseconds{0};
  for (int i = 0; i < 1'000; ++i) {
    static_cast<void>(task_.step());
    send(0);
  }
  EXPECT_FALSE(task_.slow());
}

TEST_F(StageTaskTest, WhatFiresWithTimeIsNoCostOfRecords) {
  for (std::int64_t i = 1; i <= 64; ++i) {  // more than are judged at once
    send(i);
  }
  while (heard_.size() < 128) {
    static_cast<void>(task_.step());
  }
  EXPECT_LT(channel_.cost(), Work{std::chrono::milliseconds{1}});
}

TEST_F(StageTaskTest, NorIsWhatThatCausesElsewhere) {
  Channel out{256, doorbell_, doorbell_};
  out.tell_cost(std::chrono::milliseconds{5});
  auto sender =
      std::make_unique<CopySender>("out", std::vector<Channel*>{&out}, shard_,
                                   record_type<NoKey, std::uint64_t>, CopySender::To::kNext);
  listening_.connect(0, {sender.get(), 0});
  task_.stage().senders.push_back(std::move(sender));
  for (std::int64_t i = 1; i <= 64; ++i) {
    send(i);
  }
  for (Message message; heard_.size() < 128;) {
    static_cast<void>(task_.step());
    while (out.try_pop(message)) {
      delete message.batch;
    }
  }
  EXPECT_LT(channel_.cost(), Work{std::chrono::milliseconds{1}});
}

}  // namespace
}  // namespace rheon::engine
