#include "engine/shard.h"

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "engine/job_clock.h"
#include "env/fake/fake_env.h"

namespace rheon::engine {
namespace {

/// Counts how often its owner really goes to sleep.
class CountingParker : public env::Parker {
 public:
  explicit CountingParker(int& parked) : parked_(parked) {}
  void wake() override {}
  void park_until(env::Monotonic) override { ++parked_; }

 private:
  int& parked_;
};

class ShardTest : public ::testing::Test {
 protected:
  ShardTest() { shard_.set_coordinator(&coordinator_); }

  static ShardContext context(env::Env& env) {
    ShardContext context;
    context.env = &env;
    return context;
  }

  int parked_ = 0;
  env::fake::FakeEnv env_;
  JobClock clock_{env_.clock()};
  CountingParker coordinator_parker_{parked_};
  Doorbell coordinator_{coordinator_parker_};
  Shard shard_{context(env_), std::make_unique<CountingParker>(parked_), clock_};
};

TEST_F(ShardTest, sleeps_when_there_is_nothing_to_do) {
  static_cast<void>(shard_.step());
  shard_.park_until(env::Monotonic::max());
  EXPECT_EQ(parked_, 1);
}

TEST_F(ShardTest, does_not_sleep_when_a_command_came_after_the_step_began) {
  static_cast<void>(shard_.step());
  Command committed;
  committed.kind = Command::Kind::kCommitted;
  shard_.post(std::move(committed));
  shard_.park_until(env::Monotonic::max());
  EXPECT_EQ(parked_, 0);
}

// Found by T-01 under the thread sanitizer: the shard's loop had just seen that it is not stopped,
// the next step forgot the ring of stop(), and the shard slept for ever.
TEST_F(ShardTest, does_not_sleep_after_a_stop_whose_ring_the_step_forgot) {
  shard_.stop();
  static_cast<void>(shard_.step());
  shard_.park_until(env::Monotonic::max());
  EXPECT_EQ(parked_, 0);
  EXPECT_TRUE(shard_.stopped());
}

/// What comes while a step runs: from another shard, from an I/O thread, from the coordinator.
class RingingTask : public Task {
 public:
  RingingTask(ShardContext& shard, std::function<void()> ring)
      : Task(shard), ring_(std::move(ring)) {}

 private:
  StepResult take_input() override {
    std::exchange(ring_, [] {})();
    return {Progress::kIdle, env::Monotonic::max()};
  }
  void report(EpochPart&) override {}

  std::function<void()> ring_;
};

TEST_F(ShardTest, does_not_sleep_when_a_command_came_during_the_step) {
  shard_.add(std::make_unique<RingingTask>(shard_.context(), [this] {
    Command committed;
    committed.kind = Command::Kind::kCommitted;
    shard_.post(std::move(committed));
  }));
  static_cast<void>(shard_.step());
  shard_.park_until(env::Monotonic::max());
  EXPECT_EQ(parked_, 0);
  static_cast<void>(shard_.step());
  shard_.park_until(env::Monotonic::max());
  EXPECT_EQ(parked_, 1);
}

/// Quarantines a record in every step, but for the one in which it passes the barrier.
class QuarantiningTask : public Task {
 public:
  explicit QuarantiningTask(ShardContext& shard) : Task(shard) {}
  void request(const Barrier& barrier) override { requested_ = &barrier; }

 private:
  StepResult take_input() override {
    if (requested_ != nullptr) {
      pass(*std::exchange(requested_, nullptr), nullptr);
    } else {
      ++shard().records_in;
      shard().quarantine({"parse", "", "bad", std::to_string(++records_), EventTime{0}});
    }
    return {Progress::kWorked, env::Monotonic::max()};
  }
  void report(EpochPart&) override {}

  const Barrier* requested_ = nullptr;
  int records_ = 0;
};

/// The barrier reaches it later than its neighbours.
class LateTask : public Task {
 public:
  explicit LateTask(ShardContext& shard) : Task(shard) {}
  void arrive(const Barrier& barrier) { arrived_ = &barrier; }

 private:
  StepResult take_input() override {
    if (arrived_ != nullptr) {
      pass(*std::exchange(arrived_, nullptr), nullptr);
    }
    return {Progress::kIdle, env::Monotonic::max()};
  }
  void report(EpochPart&) override {}

  const Barrier* arrived_ = nullptr;
};

TEST_F(ShardTest, what_is_quarantined_behind_the_barrier_belongs_to_the_next_epoch) {
  shard_.add(std::make_unique<QuarantiningTask>(shard_.context()));
  shard_.add(std::make_unique<LateTask>(shard_.context()));
  auto& late = static_cast<LateTask&>(*shard_.tasks().back());
  const auto run_epoch = [&](std::uint64_t epoch) {
    Barrier barrier;
    barrier.epoch = Epoch{epoch};
    Command command;
    command.barrier = &barrier;
    shard_.post(std::move(command));
    static_cast<void>(shard_.step());  // the first task passes it
    static_cast<void>(shard_.step());  // and goes on
    static_cast<void>(shard_.step());
    late.arrive(barrier);
    static_cast<void>(shard_.step());  // one more, then the late one passes it
    const std::unique_ptr<EpochPart> part = shard_.take_part();
    return part->appends.empty() ? 0 : part->appends.front().records;
  };
  static_cast<void>(shard_.step());
  static_cast<void>(shard_.step());
  EXPECT_EQ(run_epoch(1), 2u);
  EXPECT_EQ(run_epoch(2), 3u);
  EXPECT_EQ(shard_.context().quarantined.records.size(), 3u);
}

/// Takes a record in every step, but for the first, in which the barrier of another shard reaches
/// it.
class PassingTask : public Task {
 public:
  PassingTask(ShardContext& shard, const Barrier& barrier) : Task(shard), barrier_(&barrier) {}
  [[nodiscard]] int records() const { return records_; }
  [[nodiscard]] int reported() const { return reported_; }

 private:
  StepResult take_input() override {
    if (barrier_ != nullptr) {
      pass(*std::exchange(barrier_, nullptr), nullptr);
    } else {
      ++records_;
    }
    return {Progress::kWorked, env::Monotonic::max()};
  }
  void report(EpochPart&) override { reported_ = records_; }

  const Barrier* barrier_;
  int records_ = 0;
  int reported_ = -1;
};

// The coordinator tells one shard after the other: the first may have sent the barrier on already.
TEST_F(ShardTest, a_barrier_that_comes_before_the_command_waits_for_it) {
  Barrier barrier;
  barrier.epoch = Epoch{1};
  shard_.add(std::make_unique<PassingTask>(shard_.context(), barrier));
  const auto& task = static_cast<const PassingTask&>(*shard_.tasks().back());
  for (int i = 0; i < 3; ++i) {
    static_cast<void>(shard_.step());
  }
  EXPECT_EQ(task.records(), 0) << "what stands behind the barrier was taken before the report";
  Command command;
  command.barrier = &barrier;
  shard_.post(std::move(command));
  static_cast<void>(shard_.step());
  EXPECT_EQ(task.reported(), 0);
  const std::unique_ptr<EpochPart> part = shard_.take_part();
  ASSERT_NE(part, nullptr);
  EXPECT_EQ(part->now, shard_.context().now);
  static_cast<void>(shard_.step());
  EXPECT_EQ(task.records(), 1);
}

TEST(ActivityGauge, rings_once_for_the_first_change_after_the_coordinator_waits) {
  ActivityGauge gauge;
  EXPECT_FALSE(gauge.publish(1)) << "nobody waits";
  EXPECT_EQ(gauge.await(), 1u);
  EXPECT_FALSE(gauge.publish(1)) << "nothing has changed";
  EXPECT_TRUE(gauge.publish(2));
  EXPECT_FALSE(gauge.publish(3)) << "it has been rung";
  EXPECT_EQ(gauge.get(), 3u);
}

TEST(ActivityGauge, tells_a_change_before_the_wait_by_its_value) {
  ActivityGauge gauge;
  EXPECT_FALSE(gauge.publish(5));
  EXPECT_EQ(gauge.await(), 5u);
}

}  // namespace
}  // namespace rheon::engine
