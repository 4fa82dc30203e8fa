#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "codec/wire.h"
#include "engine/connector_factories.h"
#include "engine/fact_names.h"
#include "engine/quarantine.h"
#include "engine/restore.h"
#include "engine/stored_names.h"
#include "engine/worker.h"

// How a worker comes to be: from what the log holds to an execution that is ready for its first
// step.

namespace rheon::engine {

namespace {
constexpr std::uint64_t kMaxClockGapMicros = 366ull * 24 * 3600 * 1'000'000;

/// The last one that the log holds.
std::optional<Decision> decision_of(const log::Facts& facts) {
  const auto at = facts.find(kDecisionFact);
  return at == facts.end() ? std::nullopt : decode_decision(at->second);
}
}  // namespace

Status Worker::open() {
  if (options_.durable) {
    log::files::OpenOptions log = options_.log;
    log.directory = options_.directory;
    log.job = plan_.graph.job;
    log.key_groups = plan_.graph.key_groups;
    log.streams.push_back(quarantine_declaration());
    log.all_streams = true;
    for (const graph::Node& node : plan_.graph.nodes) {
      if (node.kind == graph::NodeKind::kSink) {
        auto declared = static_cast<const SinkFactory&>(*node.runtime).declared_streams();
        if (std::any_of(declared.begin(), declared.end(),
                        [](const auto& stream) { return stream.name == kQuarantineStream; })) {
          return fail(ErrorCode::kInvalidInput,
                      "sink '" + node.name +
                          "' writes the stream 'quarantine', which is where the records go that "
                          "could not be processed. Give it another name.");
        }
        std::move(declared.begin(), declared.end(), std::back_inserter(log.streams));
      }
    }
    log.waker = &doorbell_;
    RHEON_TRY(find_decider());
    if (decider_ != nullptr) {
      log.decide = [this](const log::files::Undecided& undecided) -> Result<bool> {
        RHEON_ASSIGN(const std::optional<Decision> last,
                     last_decision(undecided.identity, undecided.ancestors));
        const std::optional<Decision> prepared = decision_of(undecided.facts);
        if (!prepared.has_value()) {
          return fail(ErrorCode::kCorrupt,
                      "an epoch was prepared, and its decision cannot be read.");
        }
        return counts(*prepared, last, decider_->place());
      };
    }
    RHEON_ASSIGN(log::files::OpenResult result, log::files::open(env_, log));
    log_ = std::move(result.log);
    opened_ = std::move(result.opened);
    if (!opened_.notice.empty()) {
      notices_.push_back(opened_.notice);
    }
  } else {
    opened_.identity.job = plan_.graph.job;
    opened_.identity.key_groups = plan_.graph.key_groups;
  }
  facts_ = opened_.facts;
  if (!facts_.contains(log::kKeyGroupsFact)) {
    std::string number;
    codec::put_u32(number, plan_.graph.key_groups);
    pending_facts_.push_back({std::string(log::kKeyGroupsFact), std::move(number)});
  }
  epoch_ = opened_.epoch;
  stats_.epoch = epoch_;
  RHEON_TRY(check_decisions());
  RHEON_TRY(place_stored_names(plan_.graph, facts_, pending_facts_));

  EventTime persisted = EventTime::none();
  if (const auto at = facts_.find(kClockFact); at != facts_.end()) {
    persisted = EventTime{static_cast<std::int64_t>(decode_u64(at->second))};
    const std::int64_t gap = env_.clock().wall().micros - persisted.micros;
    if (static_cast<std::uint64_t>(std::abs(gap)) > kMaxClockGapMicros && !options_.accept_clock) {
      return fail(ErrorCode::kRefused,
                  "this machine's clock is more than a year away from the job's clock at its last "
                  "commit. Set the clock right, or pass --accept-clock to go on with it.");
    }
  }
  clock_.start(persisted);
  for (auto at = facts_.lower_bound(kLedgerPrefix);
       at != facts_.end() && at->first.starts_with(kLedgerPrefix); ++at) {
    ledger_.set(std::string_view(at->first).substr(kLedgerPrefix.size()), decode_u64(at->second));
  }
  const std::uint64_t seed = env_.random().next();
  RHEON_ASSIGN(catalog_, Catalog::make(plan_, facts_, seed, pending_facts_));
  for (const auto& set : catalog_.sets()) {
    may_drain_long_ =
        may_drain_long_ ||
        (set != nullptr &&
         std::any_of(set->declarations.begin(), set->declarations.end(),
                     [](const auto& state) { return state::is_event_timer(state.kind); }));
  }
  RHEON_TRY(find_partitions());  // first: what is refused here leaves no outputs behind
  RHEON_TRY(recover_sinks());
  std::vector<KeyGroups> groups = make_key_groups(plan_, catalog_);
  if (log_ != nullptr && !opened_.fresh) {
    RHEON_TRY(restore_all(
        env_, *log_, plan_, catalog_,
        options_.restore_threads != 0 ? options_.restore_threads : options_.shards, groups));
    restore_watermarks(groups);
    count_state(groups);
  }
  lay_out(std::move(groups));
  return {};
}

Status Worker::find_decider() {
  const graph::Node* first = nullptr;
  std::string place;
  for (const graph::Node& node : plan_.graph.nodes) {
    if (node.kind != graph::NodeKind::kSink || !options_.transactions) {
      continue;
    }
    const auto& factory = static_cast<const SinkFactory&>(*node.runtime);
    std::string decider = factory.traits().decider;
    if (decider.empty() || decider == place) {
      continue;
    }
    if (first != nullptr) {
      return fail(
          ErrorCode::kInvalidInput,
          fmt::format("sinks '{}' and '{}' write to {} and to {}, and what a job writes can "
                      "be part of one transaction only. When both are the same, say so in "
                      "the same words; else pass --guarantee at-least-once.",
                      first->name, node.name, place, decider));
    }
    first = &node;
    place = std::move(decider);
    decider_ = factory.make_decider({&env_, &doorbell_});
  }
  return {};
}

Result<std::optional<Decision>> Worker::last_decision(const log::Identity& identity,
                                                      const std::vector<log::Id>& ancestors) {
  if (!last_decision_.has_value()) {
    RHEON_ASSIGN(last_decision_, decider_->recover(identity, ancestors));
  }
  return *last_decision_;
}

Status Worker::check_decisions() {
  if (decider_ == nullptr) {
    return {};
  }
  RHEON_ASSIGN(const std::optional<Decision> outside,
               last_decision(opened_.identity, opened_.ancestors));
  return check_one_history(opened_.identity, outside, decision_of(facts_), decider_->place());
}

Status Worker::recover_sinks() {
  for (const graph::Node& node : plan_.graph.nodes) {
    if (node.kind != graph::NodeKind::kSink) {
      continue;
    }
    auto committer = static_cast<const SinkFactory&>(*node.runtime).make_committer();
    if (committer == nullptr) {
      continue;
    }
    SinkEnvironment environment;
    environment.env = &env_;
    environment.identity = opened_.identity;
    environment.ancestors = opened_.ancestors;
    environment.shards = options_.shards;
    environment.sink = node.name;
    environment.decided_outside = decider_ != nullptr;
    SinkRecovery done;
    RHEON_TRY(committer->recover(environment, facts_of_sink(facts_, node.name), done));
    std::move(done.notices.begin(), done.notices.end(), std::back_inserter(notices_));
    for (log::FactChange& change : done.changes) {
      change.key = std::string(kSinkPrefix) + node.name + "/" + change.key;
      if (change.value.has_value()) {
        facts_[change.key] = *change.value;
      } else {
        facts_.erase(change.key);
      }
      pending_facts_.push_back(std::move(change));
    }
    publisher_.add(node.name, std::move(committer));
  }
  return {};
}

void Worker::restore_watermarks(std::vector<KeyGroups>& groups) {
  for (std::size_t n = 0; n < groups.size(); ++n) {
    const auto at = facts_.find(std::string(kWatermarkPrefix) + plan_.graph.nodes[n].name);
    if (at == facts_.end()) {
      continue;
    }
    codec::Reader in(at->second);
    while (!in.failed() && !in.at_end()) {
      const std::uint64_t first = in.varint();
      const std::uint64_t last = in.varint();
      const EventTime watermark{in.i64()};
      for (std::uint64_t g = first; g <= last && g < groups[n].size(); ++g) {
        groups[n][g]->watermark = watermark;
      }
    }
  }
}

/// So that people see what has come back before the first commit.
void Worker::count_state(const std::vector<KeyGroups>& groups) {
  for (const KeyGroups& of_operator : groups) {
    for (const auto& group : of_operator) {
      for (std::size_t s = 0; s < group->states(); ++s) {
        stats_.state_keys += group->table(s).size();
        stats_.state_bytes += group->table(s).own_bytes();
      }
    }
  }
}

void Worker::lay_out(std::vector<KeyGroups> groups) {
  ExecutionOptions options;
  options.shards = options_.shards;
  options.ring_capacity_batches = options_.ring_capacity_batches;
  options.budgets = options_.budgets;
  options.max_uncommitted_bytes = options_.max_uncommitted_bytes;
  options.stop_at_end = options_.stop_at_end;
  options.trace_every = options_.trace_every;
  options.identity = opened_.identity;
  options.decided_outside = decider_ != nullptr;
  ExecutionInput input;
  input.partitions = partitions_;
  input.states = catalog_.sets();
  input.key_groups = std::move(groups);
  input.sink_facts.resize(plan_.graph.nodes.size());
  for (std::size_t n = 0; n < plan_.graph.nodes.size(); ++n) {
    if (plan_.graph.nodes[n].kind == graph::NodeKind::kSink) {
      input.sink_facts[n] = facts_of_sink(facts_, plan_.graph.nodes[n].name);
    }
  }
  execution_ =
      std::make_unique<Execution>(env_, plan_, options, clock_, doorbell_, std::move(input));
  for (const auto& shard : execution_->shards()) {
    shard->open();
  }
  parts_.clear();
  parts_.resize(options_.shards);
  phase_ = Phase::kRunning;
  stopping_ = StopReason::kNone;
  state_ = WorkerState::kRunning;
  activity_at_barrier_ = 0;
  time_changes_at_barrier_ = 0;
  paused_ = false;
  committed_before_drain_ = false;
  last_barrier_ = clock_.monotonic();
}

}  // namespace rheon::engine
