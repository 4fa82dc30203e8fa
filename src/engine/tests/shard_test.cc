#include "engine/shard.h"

#include <gtest/gtest.h>

#include <memory>
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

class ShardTest : public testing::Test {
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
