#include "engine/task.h"

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "engine/channel.h"
#include "engine/job_clock.h"
#include "engine/sender.h"
#include "engine/shard.h"
#include "env/fake/fake_env.h"

namespace rheon::engine {
namespace {

using std::chrono::microseconds;
using Numbers = Batch<NoKey, std::uint64_t>;

/// Sends a record in each step, or does nothing, which takes a while.
class OneAStep final : public Task {
 public:
  explicit OneAStep(ShardContext& shard) : Task(shard) {}
  [[nodiscard]] bool slow() const override { return is_slow; }
  bool sends = true;
  bool is_slow = false;
  std::function<void()> during = [] {};

 private:
  StepResult take_input() override {
    during();
    if (!sends) {
      return {Progress::kIdle, env::Monotonic::max()};
    }
    Numbers batch;
    batch.slots.push_back({{}, 7, EventTime{1}});
    stage().senders.front()->on_batch(0, batch);
    return {Progress::kWorked, env::Monotonic::max()};
  }
  void report(EpochPart&) override {}
};

/// A task with one receiver, which sleeps unless it is rung for.
class TaskTest : public ::testing::Test {
 protected:
  TaskTest() {
    connect(task_, channel_);
    shard_.monotonic = microseconds{1'000};
    static_cast<void>(step(microseconds{0}));  // the time before the first one counts as slow
  }
  void connect(Task& task, Channel& channel) {
    channel.tell_cost(Work{0});
    task.stage().senders.push_back(
        std::make_unique<CopySender>("edge", std::vector<Channel*>{&channel}, shard_,
                                     record_type<NoKey, std::uint64_t>, CopySender::To::kNext));
  }
  /// Whether it has woken the receiver. The shard's last round took so long.
  [[nodiscard]] bool step(microseconds last_round) {
    shard_.monotonic += last_round;
    doorbell_.clear();
    static_cast<void>(task_.step());
    return doorbell_.rung();
  }

  env::fake::FakeEnv env_;
  ShardContext shard_;
  env::fake::FakeParker parker_;
  Doorbell doorbell_{parker_};
  Channel channel_{64, doorbell_, doorbell_};
  OneAStep task_{shard_};
};

TEST_F(TaskTest, WhileStepsAreQuickEveryFourthWakesTheReceiver) {
  for (int i = 0; i < 3; ++i) {
    EXPECT_FALSE(step(microseconds{10}));
    EXPECT_FALSE(step(microseconds{10}));
    EXPECT_FALSE(step(microseconds{10}));
    EXPECT_TRUE(step(microseconds{10}));
  }
}

TEST_F(TaskTest, SlowStepsWakeItEachTime) {
  EXPECT_TRUE(step(microseconds{60}));
  EXPECT_TRUE(step(microseconds{60}));
  EXPECT_FALSE(step(microseconds{10}));
}

TEST_F(TaskTest, WhoIsSentSomethingWithoutMoreToComeIsWokenAtOnce) {
  EXPECT_FALSE(step(microseconds{10}));
  task_.sends = false;
  EXPECT_TRUE(step(microseconds{10}));
  EXPECT_FALSE(step(microseconds{10})) << "nothing was sent";
}

TEST_F(TaskTest, WhoTakesLongForARecordIsWokenAtOnce) {
  channel_.tell_cost(kQuick);
  EXPECT_TRUE(step(microseconds{10}));
}

TEST_F(TaskTest, NobodySleepsThroughAnotherTasksSlowRecords) {
  const JobClock clock(env_.clock());
  ShardContext context;
  context.env = &env_;
  Shard shard(std::move(context), std::make_unique<env::fake::FakeParker>(), clock);
  Doorbell coordinator{parker_};
  shard.set_coordinator(&coordinator);
  auto quick = std::make_unique<OneAStep>(shard.context());
  auto slow = std::make_unique<OneAStep>(shard.context());
  connect(*quick, channel_);
  slow->sends = false;
  OneAStep& other = *slow;
  shard.add(std::move(quick));
  shard.add(std::move(slow));
  bool woken = false;
  other.during = [&] { woken = doorbell_.rung(); };
  static_cast<void>(shard.step());  // the first one counts as slow
  for (const bool is_slow : {false, true}) {
    other.is_slow = is_slow;
    doorbell_.clear();
    static_cast<void>(shard.step());
    EXPECT_EQ(woken, is_slow);
  }
}

}  // namespace
}  // namespace rheon::engine
