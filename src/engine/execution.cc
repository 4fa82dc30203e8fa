#include "engine/execution.h"

#include <algorithm>

#include "base/assert.h"
#include "engine/stage_task.h"
#include "graph/assignment.h"

namespace rheon::engine {

Execution::Execution(env::Env& env, const Plan& plan, const ExecutionOptions& options,
                     const JobClock& clock, Doorbell& coordinator, ExecutionInput input)
    : plan_(plan) {
  for (std::size_t n = 0; n < plan.graph.nodes.size(); ++n) {
    if (plan.graph.nodes[n].kind == graph::NodeKind::kSource) {
      sources_.push_back(n);
    }
  }
  make_shards(env, options, clock, coordinator);
  make_channels(options);
  processors_.resize(shards_.size());
  for (std::size_t s = 0; s < shards_.size(); ++s) {
    processors_[s].assign(plan.graph.nodes.size(), nullptr);
    build_shard(s, input);
  }
}

void Execution::make_shards(env::Env& env, const ExecutionOptions& options, const JobClock& clock,
                            Doorbell& coordinator) {
  for (std::uint32_t s = 0; s < options.shards; ++s) {
    ShardContext context;
    context.env = &env;
    context.shard = ShardId{s};
    context.shards = options.shards;
    context.key_groups = plan_.graph.key_groups;
    context.identity = options.identity;
    context.decided_outside = options.decided_outside;
    context.stop_at_end = options.stop_at_end;
    context.table_seed = options.table_seed;
    context.trace_every = options.trace_every;
    context.budgets = options.budgets;
    context.max_uncommitted_bytes = options.max_uncommitted_bytes;
    shards_.push_back(
        std::make_unique<Shard>(std::move(context), env.threads().make_parker(), clock));
    shards_.back()->set_coordinator(&coordinator);
  }
}

void Execution::make_channels(const ExecutionOptions& options) {
  const std::size_t n = shards_.size();
  grids_.resize(plan_.graph.edges.size());
  for (std::size_t e = 0; e < grids_.size(); ++e) {
    if (plan_.fused[e]) {
      continue;
    }
    const bool local = plan_.graph.edges[e].kind == graph::EdgeKind::kForward;
    grids_[e].assign(n, std::vector<Channel*>(n, nullptr));
    for (std::size_t from = 0; from < n; ++from) {
      for (std::size_t to = 0; to < n; ++to) {
        if (local && from != to) {
          continue;
        }
        channels_.push_back(std::make_unique<Channel>(
            options.ring_capacity_batches, shards_[from]->doorbell(), shards_[to]->doorbell()));
        grids_[e][from][to] = channels_.back().get();
      }
    }
  }
}

void Execution::build_shard(std::size_t shard, ExecutionInput& input) {
  for (std::size_t stage = 0; stage < plan_.stages.size(); ++stage) {
    shards_[shard]->add(make_task(stage, shard, input));
  }
}

std::unique_ptr<Task> Execution::make_task(std::size_t stage, std::size_t shard,
                                           ExecutionInput& input) {
  const std::vector<std::size_t>& nodes = plan_.stages[stage];
  const std::size_t head = nodes.front();
  const graph::Node& head_node = plan_.graph.nodes[head];
  std::unique_ptr<Task> task;
  SourceTaskBase* source = nullptr;
  if (head_node.kind == graph::NodeKind::kSource) {
    auto made = static_cast<const SourceFactory&>(*head_node.runtime)
                    .make(head_node.name, shards_[shard]->context());
    source = made.get();
    source->waits_for_partitions(
        input.partitions[head].empty() && !shards_[shard]->context().stop_at_end &&
        !static_cast<const SourceFactory&>(*head_node.runtime).traits().bounded);
    task = std::move(made);
    shards_[shard]->add_source(source);
  } else {
    auto made = std::make_unique<StageTask>(shards_[shard]->context());
    for (const std::size_t e : plan_.incoming[head]) {
      for (std::size_t from = 0; from < shards_.size(); ++from) {
        if (Channel* channel = grids_[e][from][shard]; channel != nullptr) {
          made->inbox().add(graph::edge_name(plan_.graph, plan_.graph.edges[e]),
                            plan_.graph.edges[e].input, channel);
        }
      }
    }
    task = std::move(made);
  }
  for (const std::size_t node : nodes) {
    if (plan_.graph.nodes[node].kind != graph::NodeKind::kSource) {
      auto processor = make_processor(node, shard, input);
      processors_[shard][node] = processor.get();
      task->stage().processors.push_back(std::move(processor));
    }
  }
  for (const std::size_t node : nodes) {
    connect_outputs(node, shard, *task, source);
  }
  if (source != nullptr) {
    const auto& partitions = input.partitions[head];
    for (std::size_t i = 0; i < partitions.size(); ++i) {
      if (graph::reader(i, static_cast<std::uint32_t>(shards_.size())).value == shard) {
        source->assign(partitions[i].partition, partitions[i].time);
      }
    }
  }
  return task;
}

std::unique_ptr<Processor> Execution::make_processor(std::size_t node, std::size_t shard,
                                                     ExecutionInput& input) {
  const graph::Node& described = plan_.graph.nodes[node];
  ShardContext& context = shards_[shard]->context();
  if (described.kind == graph::NodeKind::kSink) {
    return static_cast<const SinkFactory&>(*described.runtime)
        .make(described.name, context, input.sink_facts[node]);
  }
  auto processor = static_cast<const OperatorFactory&>(*described.runtime)
                       .make(described.name, context, input.states[node]);
  if (!input.key_groups[node].empty()) {
    processor->give(groups_of_shard(input.key_groups[node], shard));
  }
  return processor;
}

KeyGroups Execution::groups_of_shard(KeyGroups& all, std::size_t shard) const {
  KeyGroups mine(all.size());
  for (std::uint32_t g = 0; g < all.size(); ++g) {
    const ShardId owner = graph::owner(KeyGroup{g}, plan_.graph.key_groups,
                                       static_cast<std::uint32_t>(shards_.size()));
    if (owner.value == shard) {
      mine[g] = std::move(all[g]);
    }
  }
  return mine;
}

void Execution::connect_outputs(std::size_t node, std::size_t shard, Task& task,
                                SourceTaskBase* source) {
  const graph::Node& described = plan_.graph.nodes[node];
  for (const std::size_t e : plan_.outgoing[node]) {
    const graph::Edge& edge = plan_.graph.edges[e];
    Target target;
    if (plan_.fused[e]) {
      target = {processors_[shard][edge.to], edge.input};
    } else {
      std::vector<Channel*> channels;
      for (Channel* channel : grids_[e][shard]) {
        if (channel != nullptr) {
          channels.push_back(channel);
        }
      }
      auto sender =
          static_cast<const EdgeFactory&>(*edge.runtime)
              .make(graph::edge_name(plan_.graph, edge), channels, shards_[shard]->context());
      target = {sender.get(), 0};
      task.stage().senders.push_back(std::move(sender));
    }
    if (described.kind == graph::NodeKind::kSource) {
      source->connect(target);
      continue;
    }
    std::size_t port = 0;
    if (!edge.output.empty()) {
      const auto at = std::find(described.outputs.begin(), described.outputs.end(), edge.output);
      RHEON_ASSERT(at != described.outputs.end(), "an edge leaves an output that is not declared");
      port = 1 + static_cast<std::size_t>(at - described.outputs.begin());
    }
    processors_[shard][node]->connect(port, target);
  }
}

std::vector<KeyGroups> Execution::take_key_groups() {
  std::vector<KeyGroups> all(plan_.graph.nodes.size());
  for (std::size_t node = 0; node < all.size(); ++node) {
    for (std::size_t shard = 0; shard < shards_.size(); ++shard) {
      Processor* processor = processors_[shard][node];
      if (processor == nullptr || processor->groups() == nullptr) {
        continue;
      }
      KeyGroups mine = processor->take();
      all[node].resize(mine.size());
      for (std::size_t g = 0; g < mine.size(); ++g) {
        if (mine[g] != nullptr) {
          all[node][g] = std::move(mine[g]);
        }
      }
    }
  }
  return all;
}

}  // namespace rheon::engine
