#pragma once

// The jobs that the simulator runs, each with the answer that a sequential reading of its input
// gives. Every scenario writes CSV lines `key,value`, or records with this key and value to a
// topic; what may stand there is one sequence of values per key, each once. A key's values may be
// spread over several files, since keys move from shard to shard; in each they stand in order.

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "env/fake/fake_env.h"
#include "kafka/fake/fake_cluster.h"
#include "testing/simulated_job.h"

namespace rheon::sim {

using Generator = std::mt19937_64;

/// Key -> all values that must have been written for it, in order.
using Answer = std::map<std::string, std::vector<std::uint64_t>>;

struct Scenario {
  std::string name;
  testing::JobDescription job;
  Answer expected;
  std::map<std::string, std::uint64_t> ledger;  // counters and what they must be in the end
  bool writes_files = true;
  std::shared_ptr<kafka::fake::FakeCluster> brokers;  // of those that write to a topic
};

inline constexpr const char* kOutputDirectory = "out";
inline constexpr const char* kOutputTopic = "counts";
inline constexpr std::int32_t kOutputPartitions = 3;

/// lines of files -> words -> count; the files are put on the disk.
[[nodiscard]] Scenario count_words(env::fake::FakeEnv& env, Generator& random);
/// The same to a topic, in transactions, and sometimes to files as well.
[[nodiscard]] Scenario count_words_to_a_topic(env::fake::FakeEnv& env, Generator& random);
/// Two sources in memory, merged -> sum of lengths by word -> filter.
[[nodiscard]] Scenario sum_of_two_sources(Generator& random);
/// Sessions that close by event-time timers, on partitions that are out of step.
[[nodiscard]] Scenario sessions(Generator& random);
/// The one that `random` picks.
[[nodiscard]] Scenario any_scenario(env::fake::FakeEnv& env, Generator& random);

}  // namespace rheon::sim
