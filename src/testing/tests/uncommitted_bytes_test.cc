// An epoch is cut before its time when much state has changed.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>

#include "api/job.h"
#include "connect/memory/collector.h"
#include "connect/memory/values.h"
#include "testing/simulated_job.h"
#include "testing/small_sips.h"

namespace rheon {
namespace {

constexpr std::uint64_t kKeys = 5'000;
constexpr std::uint64_t kTurns = 1'000'000;

/// Counts 5,000 keys in one long interval; how many epochs that took.
[[nodiscard]] std::uint64_t epochs(std::uint64_t max_dirty_bytes, std::uint32_t shards) {
  env::fake::FakeEnv env;
  memory::Collector<std::pair<std::uint64_t, std::uint64_t>> counts;
  testing::SimulatedJobOptions options;
  options.commit_interval = std::chrono::hours{1};
  options.max_dirty_bytes = max_dirty_bytes;
  testing::SimulatedJob job(
      env,
      [&](Job& described) {
        std::vector<std::uint64_t> numbers(kKeys);
        for (std::uint64_t i = 0; i < kKeys; ++i) {
          numbers[i] = i;
        }
        described
            .from("numbers",
                  testing::small_sips(memory::values<std::uint64_t>(std::move(numbers)), 64))
            .key_by([](std::uint64_t n) { return n; })
            .aggregate("counts", count(), unbounded())
            .to("out", counts);
      },
      options);
  EXPECT_TRUE(job.start(shards));
  EXPECT_TRUE(job.run(kTurns));
  EXPECT_EQ(counts.committed().size(), kKeys);
  return job.worker().stats().epoch.value;
}

TEST(DirtyBytes, WithinTheLimitTheIntervalDecides) { EXPECT_EQ(epochs(1 << 20, 2), 1u); }

TEST(DirtyBytes, BeyondItAnEpochIsCutEarly) {
  // An entry is 20 bytes: the number, its key, 4 of overhead.
  EXPECT_GT(epochs(10'000, 1), 4u);
  EXPECT_GT(epochs(10'000, 2), 2u);
}

}  // namespace
}  // namespace rheon
