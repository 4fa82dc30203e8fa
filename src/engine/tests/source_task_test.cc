#include "engine/source_task.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "engine/source.h"
#include "env/fake/fake_env.h"

namespace rheon::engine {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::HasSubstr;

/// Partition 0 has a record at every poll, partition 1 had one at the first and is at its end.
class OneLiveOneSilent final : public SourceReader<int> {
 public:
  void assign(const SourcePartition&) override {}
  Result<Poll> poll(SourceOutput<int>& output) override {
    ++live_;
    output.select(0);
    output.emit(live_, EventTime{1'000'000 + live_});
    if (live_ == 1) {
      output.select(1);
      output.emit(0, EventTime{500});
    }
    return Poll::kWorked;
  }
  std::string position(std::size_t) const override { return {}; }
  bool at_end(std::size_t partition) const override { return partition == 1 && live_ > 1; }

 private:
  int live_ = 0;
};

/// Reads nothing, for a reason or without one.
class Troubled final : public SourceReader<int> {
 public:
  /// `works`: another partition is read meanwhile.
  explicit Troubled(const std::string& why, bool works = false) : why_(why), works_(works) {}
  void assign(const SourcePartition&) override {}
  Result<Poll> poll(SourceOutput<int>& output) override {
    if (!why_.empty() && !works_) {
      return Poll::kWaiting;
    }
    output.select(0);
    output.emit(1, EventTime{1});
    return Poll::kWorked;
  }
  std::string position(std::size_t) const override { return {}; }
  bool at_end(std::size_t) const override { return false; }
  std::string trouble() const override { return why_; }

 private:
  const std::string& why_;
  bool works_;
};

struct LastWatermark final : Receiver {
  void on_batch(std::uint32_t, BatchBase&) override {}
  void on_watermark(const Watermark& watermark) override { time = watermark.time; }
  void on_barrier(const Barrier&) override {}
  EventTime time;
};

/// Gives the numbers 1, 2, 3 in a poll, each followed by the input itself. 2 lies far in the
/// future.
class Followed final : public SourceReader<int> {
 public:
  void assign(const SourcePartition&) override {}
  Result<Poll> poll(SourceOutput<int>& output) override {
    output.select(0);
    for (int n = 1; n <= 3; ++n) {
      output.emit(n, n == 2 ? EventTime{1'000'000'000'000'000} : EventTime{n});
      output.trace({7, 7, static_cast<std::uint64_t>(n)});
    }
    return Poll::kWorked;
  }
  std::string position(std::size_t) const override { return {}; }
  bool at_end(std::size_t) const override { return false; }
};

struct Marks final : Receiver {
  void on_batch(std::uint32_t, BatchBase& batch) override {
    records += batch.size();
    for (const TraceMark& mark : batch.traces) {
      indices.push_back(mark.index);
      by_input = by_input && mark.context.trace_high == 7;
    }
  }
  void on_watermark(const Watermark&) override {}
  void on_barrier(const Barrier&) override {}
  std::size_t records = 0;
  std::vector<std::uint32_t> indices;
  bool by_input = true;
};

/// Has no records, and says how far time is.
class Promises final : public SourceReader<int> {
 public:
  explicit Promises(const EventTime& time) : time_(time) {}
  void assign(const SourcePartition&) override {}
  Result<Poll> poll(SourceOutput<int>& output) override {
    output.select(0);
    output.watermark(time_);
    return Poll::kIdle;
  }
  std::string position(std::size_t) const override { return {}; }
  bool at_end(std::size_t) const override { return false; }

 private:
  const EventTime& time_;
};

/// Waits for something.
class Waits final : public SourceReader<int> {
 public:
  explicit Waits(const env::Monotonic& until) : until_(until) {}
  void assign(const SourcePartition&) override {}
  Result<Poll> poll(SourceOutput<int>&) override { return Poll::kWaiting; }
  std::string position(std::size_t) const override { return {}; }
  bool at_end(std::size_t) const override { return false; }
  env::Monotonic deadline() const override { return until_; }

 private:
  const env::Monotonic& until_;
};

class SourceTaskTest : public ::testing::Test {
 protected:
  template <class TimeOf = NoTime>
  void start(const WatermarkStrategy& strategy, TimeOf time_of = {}) {
    context_.env = &env_;
    context_.now = EventTime{0};
    auto task = std::make_unique<SourceTask<int, TimeOf>>(
        "numbers", strategy, time_of, std::make_unique<OneLiveOneSilent>(), context_);
    task->connect({&receiver_, 0});
    task->assign({"0", "live", ""}, {});
    task->assign({"1", "silent", ""}, {});
    task_ = std::move(task);
  }
  void step_after(std::chrono::microseconds time) {
    context_.now = context_.now + time;
    static_cast<void>(task_->step());
  }

  env::fake::FakeEnv env_;
  ShardContext context_;
  LastWatermark receiver_;
  std::unique_ptr<Task> task_;
};

TEST_F(SourceTaskTest, ASilentPartitionBesideALiveOneBecomesIdle) {
  WatermarkStrategy strategy;
  strategy.idle_after = seconds{10};
  start(strategy);
  step_after(milliseconds{1});
  step_after(milliseconds{1});
  EXPECT_EQ(receiver_.time, EventTime{500}) << "the silent one holds the watermark back";
  step_after(seconds{9});
  EXPECT_EQ(receiver_.time, EventTime{500});
  step_after(seconds{2});
  EXPECT_GT(receiver_.time, EventTime{1'000'000});
}

TEST_F(SourceTaskTest, APartitionDoesNotBecomeIdleByAPause) {
  WatermarkStrategy strategy;
  strategy.idle_after = seconds{10};
  start(strategy);
  step_after(milliseconds{1});
  step_after(milliseconds{1});
  context_.paused = true;
  step_after(milliseconds{1});
  context_.paused = false;
  context_.monotonic += seconds{70};
  step_after(seconds{70});
  EXPECT_EQ(receiver_.time, EventTime{500}) << "who knows what has come meanwhile";
  step_after(seconds{1});
  step_after(seconds{11});
  EXPECT_GT(receiver_.time, EventTime{1'000'000});
}

TEST_F(SourceTaskTest, AReaderThatWaitsIsPolledWhenItSays) {
  context_.env = &env_;
  context_.monotonic = seconds{100};
  env::Monotonic until = seconds{100} + milliseconds{300};
  SourceTask<int, NoTime> task("numbers", {}, {}, std::make_unique<Waits>(until), context_);
  task.connect({&receiver_, 0});
  task.assign({"0", "waits", ""}, {});
  EXPECT_EQ(task.step().deadline, until);
  until = env::Monotonic::max();
  EXPECT_EQ(task.step().deadline, seconds{101});
  until = seconds{50};
  EXPECT_EQ(task.step().deadline, seconds{100} + milliseconds{20}) << "it does not spin";
}

TEST_F(SourceTaskTest, AWatermarkThatMovesWithoutRecordsCanWaitForItsCommit) {
  context_.env = &env_;
  context_.now = EventTime{0};
  EventTime promised{10};
  SourceTask<int, NoTime> task("numbers", {}, {}, std::make_unique<Promises>(promised), context_);
  task.connect({&receiver_, 0});
  task.assign({"0", "promised", ""}, {});
  static_cast<void>(task.step());
  EXPECT_EQ(receiver_.time, EventTime{10});
  EXPECT_EQ(context_.activity, 0u);
  EXPECT_EQ(context_.time_changes, 1u);
  static_cast<void>(task.step());
  EXPECT_EQ(context_.time_changes, 1u);
  promised = EventTime{11};
  static_cast<void>(task.step());
  EXPECT_EQ(context_.time_changes, 2u);
}

TEST_F(SourceTaskTest, AnEventTimeFunctionThatThrowsStopsTheJobWithASentence) {
  start({}, [](const int& n) -> EventTime {
    if (n == 2) {
      throw std::domain_error("no time");
    }
    return EventTime{n};
  });
  step_after(milliseconds{1});
  EXPECT_FALSE(context_.error.has_value());
  step_after(milliseconds{1});
  ASSERT_TRUE(context_.error.has_value());
  EXPECT_THAT(context_.error->message,
              HasSubstr("the event_time of source 'numbers' threw \"no time\""));
  EXPECT_THAT(context_.error->message, HasSubstr("(source 'numbers', live)"));
}

TEST_F(SourceTaskTest, ARecordOfAFarFutureGoesToQuarantineWithItsPlace) {
  WatermarkStrategy strategy;
  strategy.max_future = milliseconds{1};
  start(strategy);
  step_after(milliseconds{1});
  ASSERT_EQ(context_.quarantined.records.size(), 1u) << "the other partition's lies in the past";
  EXPECT_EQ(context_.quarantined.records.front().place, "source 'numbers', live");
}

TEST_F(SourceTaskTest, WhatKeepsItFromReadingForLongIsSaid) {
  context_.env = &env_;
  std::string why = "the broker is gone";
  SourceTask<int, NoTime> task("numbers", {}, {}, std::make_unique<Troubled>(why), context_);
  task.connect({&receiver_, 0});
  task.assign({"0", "troubled", ""}, {});
  static_cast<void>(task.step());
  EXPECT_EQ(task.trouble(), "") << "it may be over in a moment";
  context_.monotonic += seconds{3};
  static_cast<void>(task.step());
  EXPECT_THAT(task.trouble(), HasSubstr("source 'numbers' waits: the broker is gone. Nothing is"));
  why.clear();
  static_cast<void>(task.step());
  EXPECT_EQ(task.trouble(), "");
}

TEST_F(SourceTaskTest, WhatKeepsItFromReadingAPartIsSaidWhileItReadsTheRest) {
  context_.env = &env_;
  std::string why = "a topic is gone";
  SourceTask<int, NoTime> task("numbers", {}, {}, std::make_unique<Troubled>(why, true), context_);
  task.connect({&receiver_, 0});
  task.assign({"0", "troubled", ""}, {});
  for (int i = 0; i < 50; ++i) {
    static_cast<void>(task.step());
    context_.monotonic += milliseconds{100};
  }
  EXPECT_THAT(task.trouble(), HasSubstr("source 'numbers' waits: a topic is gone."));
  why.clear();
  static_cast<void>(task.step());
  EXPECT_EQ(task.trouble(), "");
}

TEST_F(SourceTaskTest, ARecordIsFollowedOnceAndOneThatIsRefusedNever) {
  context_.env = &env_;
  context_.now = EventTime{0};
  context_.trace_every = 1;  // each is sampled as well
  Marks marks;
  SourceTask<int, NoTime> task("numbers", {}, {}, std::make_unique<Followed>(), context_);
  task.connect({&marks, 0});
  task.assign({"0", "followed", ""}, {});
  static_cast<void>(task.step());
  EXPECT_EQ(marks.records, 2u);
  EXPECT_THAT(marks.indices, ::testing::ElementsAre(0u, 1u));
  EXPECT_TRUE(marks.by_input) << "the input's own trace goes on";
}

TEST_F(SourceTaskTest, WhatOthersFollowIsFollowedOnlyWhereTracesAreKept) {
  context_.env = &env_;
  context_.now = EventTime{0};
  Marks marks;
  SourceTask<int, NoTime> task("numbers", {}, {}, std::make_unique<Followed>(), context_);
  task.connect({&marks, 0});
  task.assign({"0", "followed", ""}, {});
  static_cast<void>(task.step());
  EXPECT_EQ(marks.records, 2u);
  EXPECT_TRUE(marks.indices.empty());
  EXPECT_TRUE(context_.spans.empty());
}

TEST_F(SourceTaskTest, WhatOthersFollowHasABound) {
  context_.env = &env_;
  context_.now = EventTime{0};
  context_.trace_every = UINT32_MAX;
  Marks marks;
  SourceTask<int, NoTime> task("numbers", {}, {}, std::make_unique<Followed>(), context_);
  task.connect({&marks, 0});
  task.assign({"0", "followed", ""}, {});
  while (marks.records < 10'000) {
    static_cast<void>(task.step());
  }
  EXPECT_GT(context_.spans.size(), 0u);
  EXPECT_LT(context_.spans.size(), 2'000u);
  context_.spans.clear();  // by a commit
  static_cast<void>(task.step());
  EXPECT_GT(context_.spans.size(), 0u) << "of the next epoch, too";
}

// The worked bytes of docs/formats/facts.md.
TEST(SourcePosition, HasAFact) {
  const PositionFact fact{
      "a.txt", "\x07", {EventTime{1'000'000}, /*idle=*/true, EventTime::none()}};
  const char kSample[] =
      "\x01\x05"
      "a.txt"
      "\x01\x07"
      "\x40\x42\x0f\x00\x00\x00\x00\x00\x01";
  EXPECT_EQ(encode_position(fact), std::string(kSample, sizeof(kSample) - 1));
}

}  // namespace
}  // namespace rheon::engine
