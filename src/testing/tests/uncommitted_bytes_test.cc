// What waits for a commit is bounded: an epoch is cut before its time when that is much, and while
// the commit before is under way sources pause.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "api/job.h"
#include "connect/discard/discard.h"
#include "connect/memory/collector.h"
#include "connect/memory/values.h"
#include "connect/stream/out.h"
#include "testing/simulated_job.h"
#include "testing/small_sips.h"

namespace rheon {
namespace {

constexpr std::uint64_t kManyKeys = 5'000;
constexpr std::uint64_t kEnoughTurns = 1'000'000;

/// Counts 5,000 keys in one long interval; how many epochs that took.
[[nodiscard]] std::uint64_t epochs(std::uint64_t max_uncommitted_bytes, std::uint32_t shards) {
  env::fake::FakeEnv env;
  memory::Collector<std::pair<std::uint64_t, std::uint64_t>> counts;
  testing::SimulatedJobOptions options;
  options.commit_interval = std::chrono::hours{1};
  options.max_uncommitted_bytes = max_uncommitted_bytes;
  testing::SimulatedJob job(
      env,
      [&](Job& described) {
        std::vector<std::uint64_t> numbers(kManyKeys);
        for (std::uint64_t i = 0; i < kManyKeys; ++i) {
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
  EXPECT_TRUE(job.run(kEnoughTurns));
  EXPECT_EQ(counts.committed().size(), kManyKeys);
  return job.worker().stats().epoch.value;
}

TEST(UncommittedBytes, WithinTheLimitTheIntervalDecides) { EXPECT_EQ(epochs(1 << 20, 2), 1u); }

TEST(UncommittedBytes, BeyondItAnEpochIsCutEarly) {
  // An entry is 20 bytes: the number, its key, 4 of overhead.
  EXPECT_GT(epochs(10'000, 1), 4u);
  EXPECT_GT(epochs(10'000, 2), 2u);
}

/// The disk does not answer while the job runs for two seconds; how many records it has read by
/// then. Afterwards it goes on to its end.
[[nodiscard]] std::uint64_t read_beside_a_dead_disk(testing::JobDescription describe,
                                                    std::uint64_t max_uncommitted_bytes) {
  env::fake::FakeEnv env;
  testing::SimulatedJobOptions options;
  options.max_uncommitted_bytes = max_uncommitted_bytes;
  testing::SimulatedJob job(env, std::move(describe), options);
  EXPECT_TRUE(job.start(1));
  for (int i = 0; i < 20'000; ++i) {
    env.clock().advance(std::chrono::microseconds{100});
    static_cast<void>(job.worker().step());
    static_cast<void>(job.worker().execution().shards()[0]->step());
  }
  const engine::WorkerStats stats = job.worker().stats();
  EXPECT_EQ(stats.epoch.value, 0u);
  EXPECT_THAT(stats.waiting, ::testing::HasSubstr("committed for more than a second"));
  EXPECT_TRUE(job.run(kEnoughTurns));
  EXPECT_EQ(job.worker().stats().records_in, kManyKeys);
  EXPECT_EQ(job.worker().stats().waiting, "");
  return stats.records_in;
}

TEST(UncommittedBytes, ChangedStateMakesSourcesPauseWhileACommitIsUnderWay) {
  const std::uint64_t read = read_beside_a_dead_disk(
      [](Job& described) {
        std::vector<std::uint64_t> numbers(kManyKeys);
        std::iota(numbers.begin(), numbers.end(), 0);
        described
            .from("numbers",
                  testing::small_sips(memory::values<std::uint64_t>(std::move(numbers)), 64))
            .key_by([](std::uint64_t n) { return n; })
            .aggregate("counts", count(), unbounded())
            .to("out", discard::all());
      },
      10'000);
  EXPECT_GE(read, 500u);
  EXPECT_LE(read, 2'000u);  // 500 in each of two epochs, and what is under way
}

/// Counts 5,000 keys; what stands in the way after `before` turns is gone after the rescale.
void expect_all_counted_over_a_rescale(testing::SimulatedJobOptions options,
                                       const std::function<void(env::fake::FakeEnv&)>& hinder,
                                       const std::string& waits_for,
                                       const std::function<void(env::fake::FakeEnv&)>& heal) {
  env::fake::FakeEnv env;
  memory::Collector<std::pair<std::uint64_t, std::uint64_t>> counts;
  testing::SimulatedJob job(
      env,
      [&](Job& described) {
        std::vector<std::uint64_t> numbers(kManyKeys);
        std::iota(numbers.begin(), numbers.end(), 0);
        described
            .from("numbers",
                  testing::small_sips(memory::values<std::uint64_t>(std::move(numbers)), 64))
            .key_by([](std::uint64_t n) { return n; })
            .aggregate("counts", count(), unbounded())
            .to("out", counts);
      },
      options);
  ASSERT_TRUE(job.start(2));
  hinder(env);
  const auto step = [&](int steps) {
    for (int i = 0; i < steps; ++i) {
      env.clock().advance(std::chrono::microseconds{100});
      static_cast<void>(job.worker().step());
      for (const auto& shard : job.worker().execution().shards()) {
        static_cast<void>(shard->step());
      }
      if (waits_for == "space") {
        env.io().run_all();
      }
    }
  };
  step(20'000);
  EXPECT_THAT(job.worker().stats().waiting, ::testing::HasSubstr(waits_for));
  const std::uint64_t read = job.worker().stats().records_in;
  EXPECT_LT(read, kManyKeys) << "sources do not pause";
  job.rescale(3);
  step(1'000);
  EXPECT_EQ(job.worker().stats().shards, 2u);
  EXPECT_EQ(job.worker().stats().records_in, read) << "the barrier of a rescale ends no pause";
  heal(env);
  const Status ended = job.run(kEnoughTurns);
  ASSERT_TRUE(ended) << ended.error().message;
  EXPECT_EQ(job.worker().stats().shards, 3u);
  EXPECT_EQ(job.worker().stats().waiting, "");
  EXPECT_EQ(counts.committed().size(), kManyKeys);
}

TEST(UncommittedBytes, ARescaleWhileSourcesPauseComesAfterTheCommit) {
  testing::SimulatedJobOptions options;
  options.max_uncommitted_bytes = 10'000;
  expect_all_counted_over_a_rescale(
      options, [](env::fake::FakeEnv&) {}, "committed for more than a second",
      [](env::fake::FakeEnv&) {});
}

TEST(UncommittedBytes, ARescaleWhileThereIsNoSpaceComesAfterIt) {
  testing::SimulatedJobOptions options;
  options.max_uncommitted_bytes = 10'000;
  options.commit_interval = std::chrono::milliseconds{1};
  options.log.ballast_bytes = 0;
  expect_all_counted_over_a_rescale(
      options, [](env::fake::FakeEnv& env) { env.files().set_capacity(env.files().used_bytes()); },
      "space", [](env::fake::FakeEnv& env) { env.files().set_capacity(1ull << 40); });
}

TEST(UncommittedBytes, RecordsForAStreamMakeSourcesPauseWhileACommitIsUnderWay) {
  constexpr std::uint64_t kBytes = 4'000;  // a record
  const std::uint64_t read = read_beside_a_dead_disk(
      [](Job& described) {
        described
            .from("texts", testing::small_sips(memory::values<std::string>(std::vector<std::string>(
                                                   kManyKeys, std::string(kBytes, 't'))),
                                               64))
            .to("out", streams::out("out"));
      },
      1 << 20);
  EXPECT_GE(read * kBytes, 1u << 20);
  EXPECT_LE(read * kBytes, 4u << 20);
}

}  // namespace
}  // namespace rheon
