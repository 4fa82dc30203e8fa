// How much state a job holds, as people see it: right with every commit, at once after a restart,
// and across a rescale.

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <memory>

#include "connect/discard/discard.h"
#include "connect/memory/values.h"
#include "operators/operator.h"
#include "testing/topology.h"

namespace rheon {
namespace {

struct RememberLast : KeyedOperator<std::int64_t, std::int64_t, std::int64_t> {
  Value<std::int64_t> last{*this, "last", unbounded()};
  void process(const std::int64_t& n, Context&) {
    if (n < 0) {
      last.clear();
    } else {
      last.set(n);
    }
  }
};

constexpr std::int64_t kKeys = 3'000;

class StateFigures : public ::testing::Test {
 protected:
  void start(std::uint32_t shards) {
    testing::SimulatedJobOptions options;
    options.log = testing::small_log();
    options.commit_interval = std::chrono::milliseconds{1};
    job_ = std::make_unique<testing::SimulatedJob>(
        env_,
        [ends = ends_](Job& job) {
          job.replace_ends(ends);
          job.from("numbers", Source<std::int64_t>{})
              .key_by([](std::int64_t n) { return n < 0 ? -n : n; })
              .process<RememberLast>("remember")
              .to("out", discard::all());
        },
        options);
    ASSERT_TRUE(job_->start(shards));
  }
  [[nodiscard]] engine::WorkerStats stats() const { return job_->worker().stats(); }
  void push(std::int64_t first, std::int64_t last) {
    for (std::int64_t n = first; n <= last; ++n) {
      ends_->source<std::int64_t>("numbers").push(n, EventTime{0});
    }
  }
  void turn_until_keys(std::uint64_t keys) {
    for (int left = 1'000'000; stats().state_keys != keys; --left) {
      ASSERT_GT(left, 0) << "it stays at " << stats().state_keys << " keys";
      ASSERT_TRUE(job_->turn());
    }
  }

  env::fake::FakeEnv env_;
  std::shared_ptr<detail::StandIns> ends_ = std::make_shared<detail::StandIns>();
  std::unique_ptr<testing::SimulatedJob> job_;
};

TEST_F(StateFigures, AreThoseOfTheLastCommit) {
  start(2);
  push(1, kKeys);
  turn_until_keys(kKeys);
  const std::uint64_t full = stats().state_bytes;
  EXPECT_GT(full, kKeys * 16u);
  push(-kKeys, -1);  // removes each key again
  turn_until_keys(0);
  EXPECT_EQ(stats().state_bytes, full) << "what has been removed leaves room for others";
}

TEST_F(StateFigures, AreThereBeforeTheFirstCommitAfterARestart) {
  start(2);
  push(1, kKeys);
  turn_until_keys(kKeys);
  job_->kill();
  ASSERT_TRUE(job_->start(3));
  EXPECT_EQ(stats().state_keys, static_cast<std::uint64_t>(kKeys));
  EXPECT_GT(stats().state_bytes, kKeys * 16u);
  push(kKeys + 1, kKeys + 1);
  turn_until_keys(kKeys + 1);
}

TEST_F(StateFigures, StayAcrossARescale) {
  start(1);
  push(1, kKeys);
  turn_until_keys(kKeys);
  job_->rescale(4);
  while (stats().shards < 4) {
    ASSERT_TRUE(job_->turn());
    ASSERT_EQ(stats().state_keys, static_cast<std::uint64_t>(kKeys));
  }
  push(1, kKeys);
  push(kKeys + 1, 2 * kKeys);
  turn_until_keys(2 * kKeys);
}

}  // namespace
}  // namespace rheon
