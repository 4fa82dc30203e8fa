#pragma once

// A job laid out over N shards: made from the plan and what the last commit holds, run until a last
// barrier, then taken apart again. Rescaling is a new Execution with another N.

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "engine/channel.h"
#include "engine/connector_factories.h"
#include "engine/factories.h"
#include "engine/job_clock.h"
#include "engine/plan.h"
#include "engine/shard.h"
#include "env/env.h"
#include "state/key_group_state.h"

namespace rheon::engine {

/// A partition of a source, with where it stands.
struct PlacedPartition {
  SourcePartition partition;
  PartitionTime time;
};

/// What an execution begins with. Indexed by node.
struct ExecutionInput {
  std::vector<std::vector<PlacedPartition>> partitions;
  std::vector<std::shared_ptr<const state::StateSet>> states;
  std::vector<KeyGroups> key_groups;
  std::vector<SinkFacts> sink_facts;
};

struct ExecutionOptions {
  std::uint32_t shards = 1;
  std::size_t ring_capacity_batches = 8;
  StepBudgets budgets;
  std::uint64_t max_uncommitted_bytes = UINT64_MAX;
  bool stop_at_end = false;
  std::uint32_t trace_every = 0;
  std::uint64_t table_seed = 0;
  log::Identity identity;
  bool decided_outside = false;
};

class Execution {
 public:
  Execution(env::Env& env, const Plan& plan, const ExecutionOptions& options, const JobClock& clock,
            Doorbell& coordinator, ExecutionInput input);

  [[nodiscard]] std::vector<std::unique_ptr<Shard>>& shards() { return shards_; }
  /// Sources in the order of nodes; Command::source counts in it.
  [[nodiscard]] const std::vector<std::size_t>& sources() const { return sources_; }
  /// After the last barrier: the key groups of all shards, by node.
  [[nodiscard]] std::vector<KeyGroups> take_key_groups();
  /// The processor of a node on the shard that owns a key group (all shards: any key group).
  [[nodiscard]] Processor* processor(std::size_t node, std::size_t shard) const {
    return processors_[shard][node];
  }

 private:
  using ChannelGrid = std::vector<std::vector<Channel*>>;  // by sending, receiving shard

  void make_shards(env::Env& env, const ExecutionOptions& options, const JobClock& clock,
                   Doorbell& coordinator);
  void make_channels(const ExecutionOptions& options);
  void build_shard(std::size_t shard, ExecutionInput& input);
  std::unique_ptr<Task> make_task(std::size_t stage, std::size_t shard, ExecutionInput& input);
  std::unique_ptr<Processor> make_processor(std::size_t node, std::size_t shard,
                                            ExecutionInput& input);
  void connect_outputs(std::size_t node, std::size_t shard, Task& task, SourceTaskBase* source);
  [[nodiscard]] KeyGroups groups_of_shard(KeyGroups& all, std::size_t shard) const;

  const Plan& plan_;
  std::vector<std::unique_ptr<Shard>> shards_;  // outlive the channels, which ring them
  std::vector<std::unique_ptr<Channel>> channels_;
  std::vector<ChannelGrid> grids_;  // by edge; empty for fused ones
  std::vector<std::size_t> sources_;
  std::vector<std::vector<Processor*>> processors_;  // by shard, node; null for sources
};

}  // namespace rheon::engine
