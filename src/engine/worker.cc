#include "engine/worker.h"

#include <algorithm>

#include "base/assert.h"
#include "base/rare_branch.h"
#include "graph/assignment.h"

namespace rheon::engine {

namespace {

constexpr std::chrono::milliseconds kAdjustEvery{100};
constexpr std::chrono::seconds kTimeAlone{1};        // from a barrier to one for watermarks alone
constexpr std::chrono::milliseconds kIdleLook{250};  // for new partitions, and to set the clock
constexpr std::chrono::seconds kLookAgain{1};
constexpr std::chrono::seconds kDrainGrace{1};  // for a drain that is asked to stop
constexpr std::chrono::seconds kSlow{1};        // from then on people are told what is waited for
constexpr std::uint64_t kSliceBytesPerCommit = 4 << 20;

}  // namespace

Worker::Worker(env::Env& env, Plan plan, WorkerOptions options)
    : env_(env),
      plan_(std::move(plan)),
      options_(std::move(options)),
      parker_(env.threads().make_parker()),
      doorbell_(*parker_),
      clock_(env.clock()),
      quarantine_limit_(options_.max_quarantined_percent),
      interval_(options_.commit_interval) {}

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
  publish();
  if (state_ != WorkerState::kRunning) {
    return {Progress::kDone, env::Monotonic::max()};
  }
  hear_decider();
  if (state_ != WorkerState::kRunning) {
    return {Progress::kDone, env::Monotonic::max()};
  }
  pause_sources();
  look_for_what_is_slow();
  StepResult result = move_on();
  if (decider_ != nullptr) {
    result.deadline = std::min(result.deadline, decider_->deadline());
  }
  return result;
}

StepResult Worker::move_on() {
  switch (phase_) {
    case Phase::kRunning:
      return run();
    case Phase::kCutting:
      return gather();
    case Phase::kCommitting:
      return await_commit();
    case Phase::kPublishing:
      return await_publishing();
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

std::uint64_t Worker::time_changes() const {
  std::uint64_t sum = 0;
  for (const auto& shard : execution_->shards()) {
    sum += shard->gauges().time_changes.load(std::memory_order_acquire);
  }
  return sum;
}

bool Worker::holds_much() const {
  return std::any_of(
      execution_->shards().begin(), execution_->shards().end(),
      [](const auto& shard) { return shard->gauges().holds_much.load(std::memory_order_acquire); });
}

void Worker::pause_sources() {
  // While one epoch is committing the next one cannot be cut: it must not grow without end.
  const bool under_way = phase_ == Phase::kCutting || phase_ == Phase::kCommitting;
  const bool paused = no_space_ || (under_way && holds_much());
  if (paused == paused_) {
    return;
  }
  paused_ = paused;
  for (const auto& shard : execution_->shards()) {
    shard->pause(paused);
  }
}

/// A sentence about one that keeps a shard from going on or from passing the barrier, for long;
/// empty: there is none.
std::string Worker::slow_sink(env::Monotonic now) const {
  for (std::size_t s = 0; s < parts_.size(); ++s) {
    const ShardGauges& gauges = execution_->shards()[s]->gauges();
    const std::string* const sink = gauges.slow_sink.load(std::memory_order_acquire);
    if (sink != nullptr && parts_[s] == nullptr &&
        now - gauges.slow_since.load(std::memory_order_relaxed) >= kSlow) {
      return "sink '" + *sink +
             (gauges.slow_for_space.load(std::memory_order_relaxed)
                  ? "' finds no space left where it writes. Free some: the job goes on by itself, "
                    "and nothing is lost."
                  : "' takes nothing: its disk, or who reads what it writes, is slow or does not "
                    "answer. Nothing is lost: the job goes on when the sink does.");
    }
  }
  return {};
}

std::string Worker::source_in_trouble() const {
  for (const auto& shard : execution_->shards()) {
    if (shard->gauges().in_trouble.load(std::memory_order_acquire)) {
      return shard->trouble();
    }
  }
  return {};
}

void Worker::look_for_what_is_slow() {
  const env::Monotonic now = clock_.monotonic();
  const bool cutting = phase_ == Phase::kCutting;
  std::string sentence = cutting || phase_ == Phase::kRunning ? slow_sink(now) : std::string();
  if (sentence.empty() && cutting && !barrier_->drain && now - last_barrier_ >= kSlow) {
    sentence =
        "the barrier of a commit has not passed every operator after a second: one takes long, or "
        "many records lie before it. Nothing is lost.";
  }
  if (sentence.empty()) {
    sentence = source_in_trouble();
  }
  if (sentence != slow_sentence_) {
    slow_sentence_ = std::move(sentence);
    say_waiting();
  }
}

bool Worker::quiet() const {
  return state_ == WorkerState::kRunning && phase_ == Phase::kRunning &&
         activity() == activity_at_barrier_ && reason_to_stop() == StopReason::kNone;
}

StepResult Worker::run() {
  look_for_partitions();
  const StopReason reason = reason_to_stop();
  const env::Monotonic now = clock_.monotonic();
  const std::uint64_t changes = activity();
  if (reason != StopReason::kNone) {
    const bool drain = reason == StopReason::kEnded && options_.drain;
    if (drain && may_drain_long_ && !std::exchange(committed_before_drain_, true) &&
        changes != activity_at_barrier_) {
      activity_at_barrier_ = changes;
      cut(/*last=*/false, /*drain=*/false);
      return {Progress::kWorked, env::Monotonic::max()};
    }
    stopping_ = reason;
    stop_began_ = now;
    cut(/*last=*/true, drain);
    return {Progress::kWorked, env::Monotonic::max()};
  }
  const env::Monotonic due = last_barrier_ + interval_.value();
  if (changes == activity_at_barrier_ && now - last_barrier_ >= kTimeAlone &&
      time_changes() != time_changes_at_barrier_) {
    cut(/*last=*/false, /*drain=*/false);
    return {Progress::kWorked, env::Monotonic::max()};
  }
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
  if (now < due && !holds_much() && !rare_branch(RareBranch::kEpoch)) {
    return {Progress::kIdle, due};
  }
  activity_at_barrier_ = changes;
  committed_before_drain_ = false;
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
  time_changes_at_barrier_ = time_changes();
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
    return give_up_drain();
  }
  if (Status checked = check_quarantine(); !checked.has_value()) {
    fail_with(std::move(checked).error());
    return {Progress::kDone, env::Monotonic::max()};
  }
  submit();
  return {Progress::kWorked, env::Monotonic::max()};
}

StepResult Worker::give_up_drain() {
  const env::Monotonic now = clock_.monotonic();
  if (!barrier_->drain || !may_drain_long_ || !stop_requested_.load(std::memory_order_acquire)) {
    return {Progress::kIdle, now + kLookAgain};
  }
  const env::Monotonic until = drain_until_.value_or(now + kDrainGrace);
  drain_until_ = until;
  if (now < until) {
    return {Progress::kIdle, until};
  }
  drain_given_up_ = true;
  {
    const std::lock_guard lock(stats_mutex_);
    stats_.drain_given_up = true;
  }
  state_ = WorkerState::kStopped;
  return {Progress::kDone, env::Monotonic::max()};
}

StepResult Worker::await_commit() {
  const env::Monotonic now = clock_.monotonic();
  const bool said = slow_commit_;
  slow_commit_ = said || now - submitted_at_ >= kSlow;
  if (slow_commit_ && (!said || decider_ != nullptr)) {  // why it does not decide may change
    say_waiting();
  }
  return {Progress::kIdle, now + std::chrono::milliseconds{100}};
}

void Worker::hear_log() {
  while (log_ != nullptr && state_ == WorkerState::kRunning) {
    const auto event = log_->poll();
    if (!event.has_value()) {
      return;
    }
    switch (event->kind) {
      case log::Event::Kind::kPrepared:
        prepared_ = true;
        decider_->decide();
        break;
      case log::Event::Kind::kCommitted:
        committed();
        break;
      case log::Event::Kind::kFailed:
        fail_with({event->code, event->sentence});
        break;
      case log::Event::Kind::kWaiting:
        no_space_ = true;
        no_space_sentence_ = event->sentence;
        say_waiting();
        break;
      case log::Event::Kind::kResumed:
        no_space_ = false;
        say_waiting();
        break;
    }
  }
}

void Worker::hear_decider() {
  if (decider_ == nullptr) {
    return;
  }
  Result<bool> counts = decider_->step(clock_.monotonic());
  if (!counts.has_value()) {
    fail_with(std::move(counts).error());
  } else if (*counts) {
    log_->decided();
  }
}

void Worker::say_waiting() {
  std::string sentence;
  if (no_space_) {
    sentence = no_space_sentence_;
  } else if (publisher_.lacks_space()) {
    sentence =
        "what is committed cannot be published: there is no space. Nothing is lost; readers "
        "of the outputs see it when there is space again.";
  } else if (!slow_sentence_.empty()) {
    sentence = slow_sentence_;
  } else if (slow_commit_ && prepared_) {
    const std::string trouble = decider_->trouble();
    sentence = "epoch " + std::to_string(barrier_->epoch.value) + " waits to be decided: " +
               (trouble.empty() ? "the brokers have not answered yet." : trouble) +
               " Nothing is lost: the job goes on by itself.";
  } else if (slow_commit_) {
    sentence = "epoch " + std::to_string(barrier_->epoch.value) +
               " is being committed for more than a second: the disk of '" + options_.directory +
               "' is slow or does not answer. Nothing is lost; sources wait when too much is held.";
  }
  const std::lock_guard lock(stats_mutex_);
  stats_.waiting = std::move(sentence);
}

// ---- stopping ----------------------------------------------------------------------------------

void Worker::finish() {
  execution_.reset();
  questions_.close();
  state_ = WorkerState::kFinished;
}

Status Worker::after_stop() {
  RHEON_ASSERT(state_ == WorkerState::kStopped, "the worker has not stopped");
  for (const auto& shard : execution_->shards()) {
    if (!drain_given_up_) {
      static_cast<void>(shard->step());  // takes the news of the commit
    }
    shard->close();
    if (shard->context().error.has_value()) {
      return tl::unexpected<Error>(*shard->context().error);
    }
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
    finish();
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
