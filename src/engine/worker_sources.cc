// The partitions of a worker's sources: found at the start, and while the job runs.

#include <algorithm>
#include <map>
#include <set>
#include <string_view>

#include "engine/connector_factories.h"
#include "engine/fact_names.h"
#include "engine/source.h"
#include "engine/worker.h"
#include "graph/assignment.h"

namespace rheon::engine {

namespace {
// A look takes a fiftieth of the time at the most, where many files match a pattern.
constexpr std::chrono::milliseconds kDiscoverEvery{250};
constexpr int kDiscoverRest = 50;
constexpr std::chrono::seconds kLongestRest{5};
}  // namespace

SourceEnvironment Worker::source_environment() {
  SourceEnvironment environment;
  environment.env = &env_;
  environment.job = plan_.graph.job;
  environment.waker = &doorbell_;
  environment.stop_at_end = options_.stop_at_end;
  environment.shards = options_.shards;
  return environment;
}

Status Worker::find_partitions() {
  partitions_.assign(plan_.graph.nodes.size(), {});
  already_complete_ = opened_.complete;
  for (std::size_t n = 0; n < plan_.graph.nodes.size(); ++n) {
    const graph::Node& node = plan_.graph.nodes[n];
    if (node.kind != graph::NodeKind::kSource) {
      continue;
    }
    const std::string prefix = std::string(kPositionPrefix) + node.name + "/";
    std::vector<SourcePartition> known;
    std::map<std::string, PartitionTime> times;
    for (auto at = facts_.lower_bound(prefix); at != facts_.end() && at->first.starts_with(prefix);
         ++at) {
      RHEON_ASSIGN(PositionFact fact, decode_position(at->first, at->second));
      const std::string id = at->first.substr(prefix.size());
      known.push_back({id, fact.label, fact.position});
      times[id] = fact.time;
    }
    SourceEnvironment environment = source_environment();
    RHEON_ASSIGN(std::vector<SourcePartition> found,
                 static_cast<const SourceFactory&>(*node.runtime).discover(environment, known));
    found_nothing_[n] = std::move(environment.found_nothing);
    std::sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return a.id < b.id; });
    for (SourcePartition& partition : found) {
      const auto time = times.find(partition.id);
      already_complete_ = already_complete_ && time != times.end() && !partition.more;
      partitions_[n].push_back(
          {std::move(partition), time == times.end() ? PartitionTime{} : time->second});
    }
  }
  if (opened_.complete && !already_complete_) {
    return fail(ErrorCode::kRefused,
                "job '" + plan_.graph.job +
                    "' has drained and is complete, and there is new input now. Start over with "
                    "`reset`, or run it with --no-drain from the beginning to go on later.");
  }
  return {};
}

std::vector<std::string> Worker::sources_that_wait() const {
  std::vector<std::string> waiting;
  for (const std::size_t node : execution_->sources()) {
    const graph::Node& source = plan_.graph.nodes[node];
    if (partitions_[node].empty() && !options_.stop_at_end &&
        static_cast<const SourceFactory&>(*source.runtime).grows()) {
      const std::string& why = found_nothing_.at(node);
      waiting.push_back("source '" + source.name + "' (" + source.place +
                        "): there is nothing to read yet; waiting" +
                        (why.empty() ? "" : ". " + why));
    }
  }
  return waiting;
}

void Worker::look_for_partitions() {
  if (discovered_any_ && !discovering_.pending()) {
    discovered_any_ = false;
    next_discovery_ = std::max(
        next_discovery_, clock_.monotonic() + std::min<env::Monotonic>(
                                                  kDiscoverRest * discovery_took_, kLongestRest));
    if (!discovered_.has_value()) {
      fail_with(discovered_.error());
      return;
    }
    take_discovered(std::move(*discovered_));
    discovered_source_ = (discovered_source_ + 1) % execution_->sources().size();
  }
  if (discovering_.pending() || clock_.monotonic() < next_discovery_) {
    return;
  }
  next_discovery_ = clock_.monotonic() + kDiscoverEvery;
  const std::size_t node = execution_->sources()[discovered_source_];
  const auto& factory = static_cast<const SourceFactory&>(*plan_.graph.nodes[node].runtime);
  if (!factory.grows() || options_.stop_at_end) {
    discovered_source_ = (discovered_source_ + 1) % execution_->sources().size();
    return;
  }
  if (Status taken = take_committed_positions(node); !taken.has_value()) {
    fail_with(std::move(taken).error());
    return;
  }
  std::vector<SourcePartition> known;
  for (const PlacedPartition& placed : partitions_[node]) {
    known.push_back(placed.partition);
  }
  discovered_any_ = true;
  discovering_.submit([this, &factory, known = std::move(known)] {
    SourceEnvironment environment = source_environment();
    environment.running = true;
    const env::Monotonic began = clock_.monotonic();
    discovered_ = factory.discover(environment, known);
    discovery_took_ = clock_.monotonic() - began;
  });
}

void Worker::take_discovered(std::vector<SourcePartition> found) {
  auto& known = partitions_[execution_->sources()[discovered_source_]];
  std::set<std::string_view> ids;
  for (const PlacedPartition& placed : known) {
    ids.insert(placed.partition.id);
  }
  std::erase_if(found,
                [&ids](const SourcePartition& partition) { return ids.contains(partition.id); });
  if (found.empty()) {
    return;
  }
  std::vector<std::vector<SourcePartition>> added(options_.shards);
  for (SourcePartition& partition : found) {
    const ShardId reader = graph::reader(known.size(), options_.shards);
    known.push_back({partition, {}});
    added[reader.value].push_back(std::move(partition));
  }
  for (std::size_t s = 0; s < added.size(); ++s) {
    Command command;
    command.kind = Command::Kind::kAssign;
    command.source = discovered_source_;
    command.partitions = std::move(added[s]);
    execution_->shards()[s]->post(std::move(command));
  }
}

/// Brings a source's partitions to where the last commit says that they were read.
Status Worker::take_committed_positions(std::size_t node) {
  const std::string prefix = std::string(kPositionPrefix) + plan_.graph.nodes[node].name + "/";
  for (PlacedPartition& placed : partitions_[node]) {
    const auto at = facts_.find(prefix + placed.partition.id);
    if (at != facts_.end()) {
      RHEON_ASSIGN(PositionFact fact, decode_position(at->first, at->second));
      placed.partition.position = std::move(fact.position);
      placed.time = fact.time;
    }
  }
  return {};
}

}  // namespace rheon::engine
