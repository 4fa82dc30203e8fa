#include "engine/worker.h"

#include <algorithm>

#include "base/assert.h"
#include "codec/wire.h"
#include "engine/fact_names.h"
#include "graph/assignment.h"

namespace rheon::engine {

namespace {

constexpr std::chrono::microseconds kShortestInterval{10'000};
constexpr std::chrono::microseconds kLongestInterval{100'000};
constexpr std::int64_t kCostShare = 20;  // barriers and commits take no more than 1/20 of the time
constexpr std::chrono::milliseconds kAdjustEvery{100};
constexpr std::chrono::milliseconds kIdleLook{250};  // for new partitions, and to set the clock
constexpr std::chrono::seconds kDiscoverEvery{1};
constexpr std::uint64_t kSliceBytesPerCommit = 4 << 20;
constexpr std::size_t kMaxSpans = 65'536;

}  // namespace

Worker::Worker(env::Env& env, Plan plan, WorkerOptions options)
    : env_(env),
      plan_(std::move(plan)),
      options_(std::move(options)),
      parker_(env.threads().make_parker()),
      doorbell_(*parker_),
      clock_(env.clock()),
      quarantine_limit_(options_.max_quarantined_percent),
      interval_(options_.commit_interval.value_or(kShortestInterval)) {}

Worker::~Worker() { questions_.close(); }

// ---- the coordinator's step --------------------------------------------------------------------

StepResult Worker::step() {
  doorbell_.clear();
  if (state_ != WorkerState::kRunning) {
    return {Progress::kDone, env::Monotonic::max()};
  }
  if (failed()) {
    return {Progress::kDone, env::Monotonic::max()};
  }
  if (clock_.monotonic() >= next_adjust_) {
    clock_.adjust();
    next_adjust_ = clock_.monotonic() + kAdjustEvery;
  }
  answer_questions();
  hear_log();
  if (state_ != WorkerState::kRunning) {
    return {Progress::kDone, env::Monotonic::max()};
  }
  publish_commit();
  switch (phase_) {
    case Phase::kRunning:
      return run();
    case Phase::kCutting:
      return gather();
    case Phase::kCommitting:
      return await_commit();
    case Phase::kPublishing:
      if (publishing_.pending() || publish_again_) {
        return {Progress::kIdle, env::Monotonic::max()};
      }
      state_ = WorkerState::kStopped;
      return {Progress::kDone, env::Monotonic::max()};
  }
  return {};
}

void Worker::fail_with(Error error) {
  failure_ = std::move(error);
  state_ = WorkerState::kFailed;
}

bool Worker::failed() {
  for (const auto& shard : execution_->shards()) {
    if (shard->gauges().failed.load(std::memory_order_acquire)) {
      fail_with(shard->failure());
      return true;
    }
  }
  return false;
}

StopReason Worker::reason_to_stop() const {
  if (stop_requested_.load(std::memory_order_acquire)) {
    return StopReason::kRequested;
  }
  const std::uint32_t wanted = wanted_shards_.load(std::memory_order_acquire);
  if (wanted != 0 && wanted != options_.shards) {
    return StopReason::kRescale;
  }
  for (const auto& shard : execution_->shards()) {
    if (!shard->gauges().sources_ended.load(std::memory_order_acquire)) {
      return StopReason::kNone;
    }
  }
  return StopReason::kEnded;
}

std::uint64_t Worker::activity() const {
  std::uint64_t sum = 0;
  for (const auto& shard : execution_->shards()) {
    sum += shard->gauges().activity.get();
  }
  return sum;
}

bool Worker::too_dirty() const {
  return std::any_of(
      execution_->shards().begin(), execution_->shards().end(),
      [](const auto& shard) { return shard->gauges().too_dirty.load(std::memory_order_acquire); });
}

bool Worker::quiet() const {
  return state_ == WorkerState::kRunning && phase_ == Phase::kRunning &&
         activity() == activity_at_barrier_ && reason_to_stop() == StopReason::kNone;
}

StepResult Worker::run() {
  look_for_partitions();
  const StopReason reason = reason_to_stop();
  const env::Monotonic now = clock_.monotonic();
  if (reason != StopReason::kNone) {
    stopping_ = reason;
    stop_began_ = now;
    cut(/*last=*/true, /*drain=*/reason == StopReason::kEnded && options_.drain);
    return {Progress::kWorked, env::Monotonic::max()};
  }
  const std::uint64_t changes = activity();
  const env::Monotonic due = last_barrier_ + interval_;
  if (changes == activity_at_barrier_) {
    std::uint64_t still = 0;
    for (const auto& shard : execution_->shards()) {
      still += shard->await_activity();
    }
    if (still == changes) {  // nothing to commit; the first shard that has something rings
      return {Progress::kIdle, now + kIdleLook};
    }
    return {Progress::kWorked, env::Monotonic::max()};
  }
  if (now < due && !too_dirty()) {
    return {Progress::kIdle, due};
  }
  activity_at_barrier_ = changes;
  cut(/*last=*/false, /*drain=*/false);
  return {Progress::kWorked, env::Monotonic::max()};
}

void Worker::cut(bool last, bool drain) {
  barrier_ = std::make_unique<Barrier>();
  barrier_->epoch = Epoch{epoch_.value + 1};
  barrier_->last = last;
  barrier_->drain = drain;
  if (log_ != nullptr) {
    auto slices = log_->slices_wanted(kSliceBytesPerCommit);
    if (!slices.empty()) {
      barrier_->slices = std::make_shared<const std::vector<log::SliceAddress>>(std::move(slices));
    }
  }
  last_barrier_ = clock_.monotonic();
  for (const auto& shard : execution_->shards()) {
    Command command;
    command.kind = Command::Kind::kBarrier;
    command.barrier = barrier_.get();
    shard->post(std::move(command));
  }
  phase_ = Phase::kCutting;
}

StepResult Worker::gather() {
  bool all = true;
  for (std::size_t s = 0; s < parts_.size(); ++s) {
    if (parts_[s] == nullptr) {
      parts_[s] = execution_->shards()[s]->take_part();
    }
    all = all && parts_[s] != nullptr;
  }
  if (!all) {
    return {Progress::kIdle, clock_.monotonic() + std::chrono::seconds{1}};
  }
  if (Status checked = check_quarantine(); !checked.has_value()) {
    fail_with(std::move(checked).error());
    return {Progress::kDone, env::Monotonic::max()};
  }
  submit();
  return {Progress::kWorked, env::Monotonic::max()};
}

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
  pending_facts_.clear();
  std::uint64_t keys = 0;
  captured_in_ = env::Monotonic::zero();
  for (const auto& part : parts_) {
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
    collect_spans(part->spans);
    keys += part->state_keys;
  }
  collect_ledger(commit.facts);
  collect_watermarks(commit.facts);
  commit.facts.push_back(
      {std::string(kClockFact), encode_u64(static_cast<std::uint64_t>(clock_.now().micros))});
  for (auto& part : parts_) {
    part.reset();
  }
  submitted_facts_ = commit.facts;
  submitted_complete_ = commit.complete;
  submitted_at_ = clock_.monotonic();
  {
    const std::lock_guard lock(stats_mutex_);
    stats_.state_keys = keys;
  }
  phase_ = Phase::kCommitting;
  if (log_ != nullptr) {
    log_->submit(std::move(commit));
  } else {
    committed();
  }
}

void Worker::collect_spans(std::vector<observe::Span>& spans) {
  if (spans_.size() + spans.size() > kMaxSpans) {
    spans_.clear();
  }
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

StepResult Worker::await_commit() {
  return {Progress::kIdle, clock_.monotonic() + std::chrono::milliseconds{100}};
}

void Worker::hear_log() {
  while (log_ != nullptr && state_ == WorkerState::kRunning) {
    const auto event = log_->poll();
    if (!event.has_value()) {
      return;
    }
    switch (event->kind) {
      case log::Event::Kind::kCommitted:
        committed();
        break;
      case log::Event::Kind::kFailed:
        fail_with({ErrorCode::kIo, event->sentence});
        break;
      case log::Event::Kind::kWaiting:
        wait_for_space(true, event->sentence);
        break;
      case log::Event::Kind::kResumed:
        wait_for_space(false, {});
        break;
    }
  }
}

void Worker::wait_for_space(bool waiting, std::string sentence) {
  for (const auto& shard : execution_->shards()) {
    shard->pause(waiting);
  }
  const std::lock_guard lock(stats_mutex_);
  stats_.waiting_for_space = waiting;
  stats_.waiting_sentence = std::move(sentence);
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
  for (const auto& shard : execution_->shards()) {
    Command command;
    command.kind = Command::Kind::kCommitted;
    command.epoch = epoch_;
    shard->post(std::move(command));
  }
  publish_again_ = true;
  publish_commit();
  adapt_interval();
  {
    const log::Usage usage = log_ != nullptr ? log_->usage() : log::Usage{};
    const std::lock_guard lock(stats_mutex_);
    stats_.epoch = epoch_;
    stats_.commit_micros = usage.last_commit_micros;
    stats_.commit_bytes = usage.last_commit_bytes;
    stats_.complete = submitted_complete_;
  }
  phase_ = barrier_->last ? Phase::kPublishing : Phase::kRunning;
}

void Worker::adapt_interval() {
  if (options_.commit_interval.has_value()) {
    return;
  }
  // What a commit keeps busy: the shards while they capture, and about as long once more behind it,
  // when every key changes for the first time; and the log from submit to answer.
  const auto cost = std::chrono::duration_cast<std::chrono::microseconds>(
      2 * captured_in_ + (clock_.monotonic() - submitted_at_));
  const auto wanted = std::clamp(cost * kCostShare, kShortestInterval, kLongestInterval);
  interval_ = (interval_ * 3 + wanted) / 4;
}

void Worker::publish_commit() {
  if (publishing_.pending() || !publish_again_) {
    return;
  }
  publish_again_ = false;
  std::vector<std::pair<SinkCommitter*, SinkFacts>> work;
  for (std::size_t n = 0; n < committers_.size(); ++n) {
    if (committers_[n] != nullptr && committers_[n]->wants_published()) {
      work.emplace_back(committers_[n].get(), sink_facts(plan_.graph.nodes[n].name));
    }
  }
  if (work.empty()) {
    return;
  }
  publishing_.submit([work = std::move(work), epoch = epoch_] {
    for (const auto& [committer, facts] : work) {
      committer->published(epoch, facts);
    }
  });
}

void Worker::look_for_partitions() {
  if (discovered_any_ && !discovering_.pending()) {
    discovered_any_ = false;
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
    discovered_ = factory.discover(environment, known);
  });
}

void Worker::take_discovered(std::vector<SourcePartition> found) {
  auto& known = partitions_[execution_->sources()[discovered_source_]];
  std::vector<std::vector<SourcePartition>> added(options_.shards);
  bool any = false;
  for (SourcePartition& partition : found) {
    if (std::any_of(known.begin(), known.end(), [&](const PlacedPartition& placed) {
          return placed.partition.id == partition.id;
        })) {
      continue;
    }
    any = true;
    const ShardId reader = graph::reader(known.size(), options_.shards);
    known.push_back({partition, {}});
    added[reader.value].push_back(std::move(partition));
  }
  for (std::size_t s = 0; any && s < added.size(); ++s) {
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

// ---- stopping ----------------------------------------------------------------------------------

Status Worker::after_stop() {
  RHEON_ASSERT(state_ == WorkerState::kStopped, "the worker has not stopped");
  for (const auto& shard : execution_->shards()) {
    static_cast<void>(shard->step());  // takes the news of the commit
    shard->close();
  }
  {
    const std::lock_guard lock(stats_mutex_);
    for (const auto& shard : execution_->shards()) {
      earlier_in_ += shard->gauges().records_in.load(std::memory_order_relaxed);
      earlier_out_ += shard->gauges().records_out.load(std::memory_order_relaxed);
    }
    stats_.records_in = earlier_in_;
    stats_.records_out = earlier_out_;
  }
  if (stopping_ != StopReason::kRescale) {
    execution_.reset();
    questions_.close();
    state_ = WorkerState::kFinished;
    return {};
  }
  std::vector<KeyGroups> groups = execution_->take_key_groups();
  execution_.reset();
  options_.shards = wanted_shards_.load(std::memory_order_acquire);
  // Every position of the old readers is committed: the new ones begin there.
  for (std::size_t n = 0; n < partitions_.size(); ++n) {
    RHEON_TRY(take_committed_positions(n));
  }
  lay_out(std::move(groups));
  const std::lock_guard lock(stats_mutex_);
  stats_.rescale_micros = static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::microseconds>(clock_.monotonic() - stop_began_)
          .count());
  return {};
}

WorkerStats Worker::stats() const {
  const std::lock_guard lock(stats_mutex_);
  WorkerStats result = stats_;
  result.shards = options_.shards;
  if (execution_ != nullptr && state_ == WorkerState::kRunning) {
    result.records_in = earlier_in_;
    result.records_out = earlier_out_;
    for (const auto& shard : execution_->shards()) {
      result.records_in += shard->gauges().records_in.load(std::memory_order_relaxed);
      result.records_out += shard->gauges().records_out.load(std::memory_order_relaxed);
    }
  }
  return result;
}

// ---- questions ---------------------------------------------------------------------------------

bool Worker::ask(std::function<void(Worker&)> question) {
  Questions::Question asked;
  asked.answer = [this, question = std::move(question)] { question(*this); };
  return questions_.ask(asked, [this] { doorbell_.ring(); });
}

bool Worker::ask_owner(KeyGroup group, std::function<void(Execution&)> question) {
  Questions::Question asked;
  asked.group = group;
  asked.answer = [this, question = std::move(question)] { question(*execution_); };
  return questions_.ask(asked, [this] { doorbell_.ring(); });
}

void Worker::answer_questions() {
  for (Questions::Question* question : questions_.take()) {
    if (!question->group.has_value()) {
      question->answer();
      questions_.done(*question);
      continue;
    }
    Command command;
    command.kind = Command::Kind::kAsk;
    command.question = &question->on_shard;
    const ShardId owner = graph::owner(*question->group, plan_.graph.key_groups, options_.shards);
    execution_->shards()[owner.value]->post(std::move(command));
  }
}

}  // namespace rheon::engine
