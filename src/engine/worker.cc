#include "engine/worker.h"

#include <algorithm>

#include "base/assert.h"
#include "codec/wire.h"
#include "engine/quarantine.h"
#include "engine/restore.h"
#include "engine/stored_names.h"

namespace rheon::engine {

namespace {

constexpr std::chrono::microseconds kShortestInterval{10'000};
constexpr std::chrono::microseconds kLongestInterval{100'000};
constexpr std::int64_t kCostShare = 20;  // barriers and commits take no more than 1/20 of the time
constexpr std::chrono::milliseconds kAdjustEvery{100};
constexpr std::chrono::seconds kDiscoverEvery{1};
constexpr std::uint64_t kSliceBytesPerCommit = 4 << 20;
constexpr std::size_t kMaxSpans = 65'536;
constexpr std::uint64_t kMaxClockGapMicros = 366ull * 24 * 3600 * 1'000'000;

constexpr std::string_view kClockFact = "clock";
constexpr std::string_view kLedgerPrefix = "ledger/";
constexpr std::string_view kPositionPrefix = "position/";
constexpr std::string_view kSinkPrefix = "sink/";
constexpr std::string_view kWatermarkPrefix = "watermark/";

[[nodiscard]] std::string encode_u64(std::uint64_t v) {
  std::string out;
  codec::put_u64(out, v);
  return out;
}

[[nodiscard]] std::uint64_t decode_u64(std::string_view value) {
  return codec::Reader(value).u64();
}

}  // namespace

Worker::Worker(env::Env& env, Plan plan, WorkerOptions options)
    : env_(env),
      plan_(std::move(plan)),
      options_(std::move(options)),
      parker_(env.threads().make_parker()),
      doorbell_(*parker_),
      clock_(env.clock()),
      interval_(options_.commit_interval.value_or(kShortestInterval)) {}

Worker::~Worker() { refuse_questions(); }

// ---- opening -----------------------------------------------------------------------------------

Status Worker::open() {
  if (options_.durable) {
    log::files::OpenOptions log = options_.log;
    log.directory = options_.directory;
    log.job = plan_.graph.job;
    log.key_groups = plan_.graph.key_groups;
    log.streams.push_back(quarantine_declaration());
    log.waker = &doorbell_;
    RHEON_ASSIGN(log::files::OpenResult result, log::files::open(env_, log));
    log_ = std::move(result.log);
    opened_ = std::move(result.opened);
  } else {
    opened_.identity.job = plan_.graph.job;
    opened_.identity.key_groups = plan_.graph.key_groups;
  }
  facts_ = opened_.facts;
  epoch_ = opened_.epoch;
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
  RHEON_TRY(recover_sinks());
  RHEON_TRY(find_partitions());
  std::vector<KeyGroups> groups = make_key_groups(plan_, catalog_);
  if (log_ != nullptr && !opened_.fresh) {
    RHEON_TRY(restore_all(
        env_, *log_, plan_, catalog_,
        options_.restore_threads != 0 ? options_.restore_threads : options_.shards, groups));
    restore_watermarks(groups);
  }
  lay_out(std::move(groups));
  return {};
}

SinkFacts Worker::sink_facts(const std::string& sink) const {
  const std::string prefix = std::string(kSinkPrefix) + sink + "/";
  SinkFacts result;
  for (auto at = facts_.lower_bound(prefix); at != facts_.end() && at->first.starts_with(prefix);
       ++at) {
    result.emplace(at->first.substr(prefix.size()), at->second);
  }
  return result;
}

Status Worker::recover_sinks() {
  committers_.resize(plan_.graph.nodes.size());
  for (std::size_t n = 0; n < committers_.size(); ++n) {
    const graph::Node& node = plan_.graph.nodes[n];
    if (node.kind != graph::NodeKind::kSink) {
      continue;
    }
    committers_[n] = static_cast<const SinkFactory&>(*node.runtime).make_committer();
    if (committers_[n] == nullptr) {
      continue;
    }
    SinkEnvironment environment;
    environment.env = &env_;
    environment.identity = opened_.identity;
    environment.shards = options_.shards;
    SinkFactChanges changes;
    RHEON_TRY(committers_[n]->recover(environment, sink_facts(node.name), changes));
    for (log::FactChange& change : changes) {
      change.key = std::string(kSinkPrefix) + node.name + "/" + change.key;
      if (change.value.has_value()) {
        facts_[change.key] = *change.value;
      } else {
        facts_.erase(change.key);
      }
      pending_facts_.push_back(std::move(change));
    }
  }
  return {};
}

SourceEnvironment Worker::source_environment() {
  SourceEnvironment environment;
  environment.env = &env_;
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
    std::sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return a.id < b.id; });
    for (SourcePartition& partition : found) {
      const auto time = times.find(partition.id);
      const auto same = std::find_if(known.begin(), known.end(), [&](const SourcePartition& k) {
        return k.id == partition.id;
      });
      already_complete_ = already_complete_ && same != known.end() && !partition.more;
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

void Worker::lay_out(std::vector<KeyGroups> groups) {
  ExecutionOptions options;
  options.shards = options_.shards;
  options.ring_capacity_batches = options_.ring_capacity_batches;
  options.stop_at_end = options_.stop_at_end;
  options.trace_every = options_.trace_every;
  options.identity = opened_.identity;
  ExecutionInput input;
  input.partitions = partitions_;
  input.states = catalog_.sets();
  input.key_groups = std::move(groups);
  input.sink_facts.resize(plan_.graph.nodes.size());
  for (std::size_t n = 0; n < plan_.graph.nodes.size(); ++n) {
    if (plan_.graph.nodes[n].kind == graph::NodeKind::kSink) {
      input.sink_facts[n] = sink_facts(plan_.graph.nodes[n].name);
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
  last_barrier_ = clock_.monotonic();
}

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
  std::uint64_t activity = 0;
  for (const auto& shard : execution_->shards()) {
    activity += shard->gauges().activity.load(std::memory_order_relaxed);
  }
  const env::Monotonic due = last_barrier_ + interval_;
  if (activity == activity_at_barrier_) {
    // Nothing to commit. Shards do not ring for every record, so look again now and then.
    return {Progress::kIdle, now + std::max<env::Monotonic>(interval_, kShortestInterval)};
  }
  if (now < due) {
    return {Progress::kIdle, due};
  }
  activity_at_barrier_ = activity;
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
  cut_at_ = clock_.monotonic();
  last_barrier_ = cut_at_;
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
  submit();
  return {Progress::kWorked, env::Monotonic::max()};
}

void Worker::submit() {
  log::Commit commit;
  commit.epoch = barrier_->epoch;
  commit.complete = barrier_->drain;
  commit.facts = std::move(pending_facts_);
  pending_facts_.clear();
  std::uint64_t keys = 0;
  for (const auto& part : parts_) {
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
  while (const auto event = log_->poll()) {
    switch (event->kind) {
      case log::Event::Kind::kCommitted:
        committed();
        return {Progress::kWorked, env::Monotonic::max()};
      case log::Event::Kind::kFailed:
        fail_with({ErrorCode::kIo, event->sentence});
        return {Progress::kDone, env::Monotonic::max()};
      case log::Event::Kind::kWaiting:
      case log::Event::Kind::kResumed: {
        const bool waiting = event->kind == log::Event::Kind::kWaiting;
        for (const auto& shard : execution_->shards()) {
          shard->pause(waiting);
        }
        const std::lock_guard lock(stats_mutex_);
        stats_.waiting_for_space = waiting;
        stats_.waiting_sentence = event->sentence;
        break;
      }
    }
  }
  return {Progress::kIdle, clock_.monotonic() + std::chrono::milliseconds{100}};
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
    stats_.waiting_for_space = false;
  }
  phase_ = barrier_->last ? Phase::kPublishing : Phase::kRunning;
}

void Worker::adapt_interval() {
  if (options_.commit_interval.has_value()) {
    return;
  }
  // What a commit keeps busy: the time from the log's submit to its answer, and the capture on the
  // shards before it, which cannot take longer than the cut.
  const auto cost =
      std::chrono::duration_cast<std::chrono::microseconds>(clock_.monotonic() - submitted_at_);
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
    const std::size_t node = execution_->sources()[discovered_source_];
    if (!discovered_.has_value()) {
      fail_with(discovered_.error());
      return;
    }
    for (SourcePartition& partition : *discovered_) {
      auto& known = partitions_[node];
      if (std::any_of(known.begin(), known.end(), [&](const PlacedPartition& placed) {
            return placed.partition.id == partition.id;
          })) {
        continue;
      }
      const ShardId reader = graph::reader(known.size(), options_.shards);
      known.push_back({partition, {}});
      Command command;
      command.kind = Command::Kind::kAssign;
      command.source = discovered_source_;
      command.partition = std::move(partition);
      execution_->shards()[reader.value]->post(std::move(command));
    }
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
    refuse_questions();
    state_ = WorkerState::kFinished;
    return {};
  }
  std::vector<KeyGroups> groups = execution_->take_key_groups();
  execution_.reset();
  options_.shards = wanted_shards_.load(std::memory_order_acquire);
  // Every position of the old readers is committed: the new ones begin there.
  for (std::size_t n = 0; n < partitions_.size(); ++n) {
    const std::string prefix = std::string(kPositionPrefix) + plan_.graph.nodes[n].name + "/";
    for (PlacedPartition& placed : partitions_[n]) {
      const auto at = facts_.find(prefix + placed.partition.id);
      if (at != facts_.end()) {
        RHEON_ASSIGN(PositionFact fact, decode_position(at->first, at->second));
        placed.partition.position = std::move(fact.position);
        placed.time = fact.time;
      }
    }
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

struct Worker::Question {
  std::function<void(Worker&)> for_worker;
  std::function<void()> for_shard;  // then `group` says which
  KeyGroup group;
  bool done = false;
  bool refused = false;
};

bool Worker::wait_for(Question& question) {
  std::unique_lock lock(questions_mutex_);
  if (no_more_questions_) {
    return false;
  }
  questions_.push_back(&question);
  doorbell_.ring();
  answered_.wait(lock, [&] { return question.done || question.refused; });
  std::erase(at_shards_, &question);
  return question.done;
}

bool Worker::ask(std::function<void(Worker&)> question) {
  Question asked;
  asked.for_worker = std::move(question);
  return wait_for(asked);
}

bool Worker::ask_owner(KeyGroup group, std::function<void(Execution&)> question) {
  Question asked;
  asked.group = group;
  asked.for_shard = [this, &asked, question = std::move(question)] {
    question(*execution_);
    const std::lock_guard lock(questions_mutex_);
    asked.done = true;
    answered_.notify_all();
  };
  return wait_for(asked);
}

void Worker::answer_questions() {
  std::vector<Question*> questions;
  {
    const std::lock_guard lock(questions_mutex_);
    questions.swap(questions_);
  }
  for (Question* question : questions) {
    if (question->for_worker) {
      question->for_worker(*this);
      const std::lock_guard lock(questions_mutex_);
      question->done = true;
      answered_.notify_all();
      continue;
    }
    {
      const std::lock_guard lock(questions_mutex_);
      at_shards_.push_back(question);
    }
    Command command;
    command.kind = Command::Kind::kAsk;
    command.question = &question->for_shard;
    const ShardId owner = graph::owner(question->group, plan_.graph.key_groups, options_.shards);
    execution_->shards()[owner.value]->post(std::move(command));
  }
}

void Worker::refuse_questions() {
  const std::lock_guard lock(questions_mutex_);
  no_more_questions_ = true;
  for (Question* question : questions_) {
    question->refused = true;
  }
  for (Question* question : at_shards_) {
    question->refused = !question->done;
  }
  questions_.clear();
  at_shards_.clear();
  answered_.notify_all();
}

}  // namespace rheon::engine
