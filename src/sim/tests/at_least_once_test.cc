// A job that writes to a topic without transactions, and brokers that go and come back: whoever
// waits for them is stepped again by the clock, since nothing else wakes him.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <string>

#include "api/job.h"
#include "connect/generator/words.h"
#include "connect/kafka/out.h"
#include "env/fake/waiting_env.h"
#include "kafka/client/error_codes.h"
#include "kafka/fake/fake_cluster.h"
#include "testing/simulated_job.h"

namespace rheon {
namespace {

namespace wire = kafka::wire;

class AtLeastOnce : public ::testing::Test {
 protected:
  static constexpr std::int32_t kPartitions = 4;
  static constexpr std::uint64_t kTurns = 2'000'000;

  AtLeastOnce() { brokers_.make_topic("words", kPartitions); }

  testing::SimulatedJob job(std::uint64_t words, std::uint64_t rate = 0) {
    testing::SimulatedJobOptions options;
    options.log = testing::small_log();
    options.transactions = false;
    return {env_,
            [=](Job& described) {
              described.from("words", generator::words({.count = words, .rate = rate}))
                  .to("topic", kafka::out("kafka://127.0.0.1:1,127.0.0.1:2/words"));
            },
            options};
  }
  /// What is left of its I/O; its threads wait for that.
  void finish_io() { env_.io().run_all(); }
  [[nodiscard]] std::size_t written() {
    std::size_t sum = 0;
    for (std::int32_t i = 0; i < kPartitions; ++i) {
      sum += brokers_.committed("words", i).size();
    }
    return sum;
  }

  env::fake::WaitingEnv env_;
  kafka::fake::FakeCluster brokers_{env_.network(), 2};
};

TEST_F(AtLeastOnce, ARefusalAtTheLastBarrierIsTriedAgain) {
  constexpr std::int16_t kNotLeader = 6;
  brokers_.errors[wire::Produce::kKey] = {kNotLeader, kNotLeader};
  testing::SimulatedJob running = job(100);
  ASSERT_TRUE(running.start(2));
  const Status run = running.run(kTurns);
  EXPECT_TRUE(run) << run.error().message;
  EXPECT_GE(written(), 100u);
  finish_io();
}

TEST_F(AtLeastOnce, BrokersThatComeBackAreFound) {
  testing::SimulatedJob running = job(6'000, 2'000);  // they end while the brokers are gone
  ASSERT_TRUE(running.start(2));
  const env::Monotonic began = env_.clock().monotonic();
  bool gone = false;
  bool back = false;
  std::uint64_t turns_without = 0;
  for (std::uint64_t turn = 0; turn < kTurns; ++turn) {
    const env::Monotonic now = env_.clock().monotonic() - began;
    if (!gone && now > std::chrono::seconds{2}) {
      gone = true;
      brokers_.hang_up();
    }
    if (!back && now > std::chrono::seconds{6}) {
      back = true;
      brokers_.listen();
    }
    turns_without += gone && !back ? 1 : 0;
    const Result<bool> finished = running.turn();
    ASSERT_TRUE(finished) << finished.error().message;
    if (*finished) {
      break;
    }
  }
  EXPECT_TRUE(back);
  EXPECT_LT(turns_without, 20'000u) << "nobody spins meanwhile";
  EXPECT_TRUE(running.worker().stats().complete);
  EXPECT_GE(written(), 6'000u);
  finish_io();
}

}  // namespace
}  // namespace rheon
