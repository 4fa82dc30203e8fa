// What goes into a commit, and what follows when it is durable.

#include <algorithm>
#include <map>
#include <utility>

#include "codec/wire.h"
#include "engine/fact_names.h"
#include "engine/worker.h"

namespace rheon::engine {

namespace {

constexpr std::size_t kMaxSpans = 65'536;

}  // namespace

Status Worker::check_quarantine() {
  std::map<std::string, std::string, std::less<>> reasons;
  for (const auto& part : parts_) {
    quarantine_limit_.add(part->ledger, clock_.monotonic());
    reasons.merge(part->quarantine_reasons);
  }
  return quarantine_limit_.check(reasons);
}

void Worker::submit() {
  log::Commit commit;
  commit.epoch = barrier_->epoch;
  commit.complete = barrier_->drain;
  commit.facts = std::move(pending_facts_);
  std::map<std::string, std::uint64_t> at_rest;
  pending_facts_.clear();
  submitted_sources_.clear();
  submitted_state_keys_ = 0;
  submitted_state_bytes_ = 0;
  captured_in_ = env::Monotonic::zero();
  for (const auto& part : parts_) {
    clock_.not_before(part->now);
    captured_in_ += part->captured_in / static_cast<std::int64_t>(parts_.size());
    if (!part->delta.empty()) {
      commit.deltas.push_back(part->delta.take());
    }
    std::move(part->slices.begin(), part->slices.end(), std::back_inserter(commit.slices));
    std::move(part->facts.begin(), part->facts.end(), std::back_inserter(commit.facts));
    std::move(part->appends.begin(), part->appends.end(), std::back_inserter(commit.appends));
    for (const LedgerEntry& entry : part->ledger) {
      ledger_.add(entry);
      submitted_ledger_.push_back(entry);
    }
    for (const auto& [name, time] : part->source_times) {
      submitted_sources_[name].add(time);
    }
    for (const auto& [name, entries] : part->at_rest) {
      at_rest[name] += entries;
    }
    collect_spans(part->spans);
    submitted_state_keys_ += part->state_keys;
    submitted_state_bytes_ += part->state_bytes;
  }
  for (const auto& [name, entries] : at_rest) {
    for (std::string& changed : ledger_.set_at_rest(name, entries)) {
      submitted_ledger_.push_back({std::move(changed), 0});
    }
  }
  collect_ledger(commit.facts);
  collect_watermarks(commit.facts);
  commit.facts.push_back(
      {std::string(kClockFact), encode_u64(static_cast<std::uint64_t>(clock_.now().micros))});
  if (decider_ != nullptr) {
    begin_decision(commit);
  }
  for (auto& part : parts_) {
    part.reset();
  }
  submitted_facts_ = commit.facts;
  submitted_complete_ = commit.complete;
  submitted_at_ = clock_.monotonic();
  phase_ = Phase::kCommitting;
  if (log_ != nullptr) {
    log_->submit(std::move(commit));
  } else {
    committed();
  }
}

/// An epoch without records for it is the log's alone: it costs no transaction.
void Worker::begin_decision(log::Commit& commit) {
  std::vector<Outgoing> outgoing;
  for (const auto& part : parts_) {
    std::move(part->outgoing.begin(), part->outgoing.end(), std::back_inserter(outgoing));
  }
  if (outgoing.empty()) {
    return;
  }
  const Decision decision{
      opened_.identity.uid, opened_.identity.lineage, commit.epoch,
      std::max<std::uint64_t>(env_.random().next(), 1),
      last_decision_.has_value() && last_decision_->has_value() ? (*last_decision_)->token : 0};
  last_decision_ = decision;
  commit.facts.push_back({std::string(kDecisionFact), encode(decision)});
  commit.prepared = true;
  decider_->begin(decision, std::move(outgoing));
}

void Worker::collect_spans(std::vector<observe::Span>& spans) {
  if (spans_.size() + spans.size() > kMaxSpans) {
    spans_.clear();
  }
  spans.resize(std::min(spans.size(), kMaxSpans));
  std::move(spans.begin(), spans.end(), std::back_inserter(spans_));
}

void Worker::collect_ledger(std::vector<log::FactChange>& changes) {
  std::map<std::string, bool, std::less<>> done;
  for (const LedgerEntry& entry : submitted_ledger_) {
    if (done.emplace(entry.name, true).second) {
      changes.push_back(
          {std::string(kLedgerPrefix) + entry.name, encode_u64(ledger_.get(entry.name))});
    }
  }
  submitted_ledger_.clear();
}

void Worker::collect_watermarks(std::vector<log::FactChange>& changes) {
  std::map<std::string, std::vector<const WatermarkRun*>> by_operator;
  for (const auto& part : parts_) {
    for (const WatermarkRun& run : part->watermarks) {
      by_operator[run.operator_name].push_back(&run);
    }
  }
  for (auto& [name, runs] : by_operator) {
    std::string value;
    for (const WatermarkRun* run : runs) {
      codec::put_varint(value, run->first);
      codec::put_varint(value, run->last);
      codec::put_i64(value, run->watermark.micros);
    }
    std::string key = std::string(kWatermarkPrefix) + name;
    const auto at = facts_.find(key);
    if (at == facts_.end() || at->second != value) {
      changes.push_back({std::move(key), std::move(value)});
    }
  }
}

void Worker::committed() {
  epoch_ = barrier_->epoch;
  for (log::FactChange& change : submitted_facts_) {
    if (change.value.has_value()) {
      facts_[std::move(change.key)] = std::move(*change.value);
    } else {
      facts_.erase(change.key);
    }
  }
  submitted_facts_.clear();
  prepared_ = false;
  if (std::exchange(slow_commit_, false)) {
    say_waiting();
  }
  for (const auto& shard : execution_->shards()) {
    Command command;
    command.kind = Command::Kind::kCommitted;
    command.epoch = epoch_;
    shard->post(std::move(command));
  }
  publisher_.committed(epoch_);
  // The log is busy from submit to answer.
  interval_.committed(cost_to_shards() + (clock_.monotonic() - submitted_at_));
  {
    const log::Usage usage = log_ != nullptr ? log_->usage() : log::Usage{};
    const std::lock_guard lock(stats_mutex_);
    stats_.epoch = epoch_;
    stats_.commit_micros = usage.last_commit_micros;
    stats_.commit_bytes = usage.last_commit_bytes;
    stats_.complete = submitted_complete_;
    stats_.sources = submitted_sources_;
    stats_.state_keys = submitted_state_keys_;
    stats_.state_bytes = submitted_state_bytes_;
    stats_.commit_share = (stats_.commit_share * 3 + commit_share()) / 4;
  }
  phase_ = barrier_->last ? Phase::kPublishing : Phase::kRunning;
}

/// What a commit costs a shard: capturing, and about as long once more behind it, when every key
/// changes for the first time.
env::Monotonic Worker::cost_to_shards() const { return 2 * captured_in_; }

double Worker::commit_share() {
  const env::Monotonic now = clock_.monotonic();
  const env::Monotonic since = now - std::exchange(committed_at_, now);
  return static_cast<double>(cost_to_shards().count()) /
         static_cast<double>(std::max(since, env::Monotonic{1}).count());
}

void Worker::publish() {
  const bool lacked_space = publisher_.lacks_space();
  if (Status status = publisher_.step(clock_.monotonic(), facts_); !status.has_value()) {
    fail_with(std::move(status).error());
  } else if (publisher_.lacks_space() != lacked_space) {
    say_waiting();
  }
}

StepResult Worker::await_publishing() {
  // Without space a job that has ended waits; one that is asked to stop leaves it to the next run,
  // one that is rescaled goes on with it.
  const bool may_wait =
      stopping_ == StopReason::kEnded && !stop_requested_.load(std::memory_order_acquire);
  const std::optional<env::Monotonic> waits_until = publisher_.waits_until();
  if (!publisher_.done() && (may_wait || !waits_until.has_value())) {
    return {Progress::kIdle, waits_until.value_or(env::Monotonic::max())};
  }
  state_ = WorkerState::kStopped;
  return {Progress::kDone, env::Monotonic::max()};
}

}  // namespace rheon::engine
