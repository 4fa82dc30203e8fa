#include "engine/shard.h"

#include <algorithm>
#include <utility>

#include "base/assert.h"
#include "engine/quarantine.h"
#include "engine/user_code.h"

namespace rheon::engine {

Shard::Shard(ShardContext context, std::unique_ptr<env::Parker> parker, const JobClock& clock)
    : context_(std::move(context)), parker_(std::move(parker)), doorbell_(*parker_), clock_(clock) {
  context_.waker = &doorbell_;
}

void Shard::open() {
  context_.monotonic = clock_.monotonic();
  context_.now = clock_.at(context_.monotonic);
  for (const auto& task : tasks_) {
    task->open();
  }
}

void Shard::close() {
  for (const auto& task : tasks_) {
    task->close();
  }
}

void Shard::post(Command command) {
  const bool taken = commands_.try_push(std::move(command));
  RHEON_ASSERT(taken, "a shard has 64 commands that it has not obeyed");
  doorbell_.ring();
}

std::unique_ptr<EpochPart> Shard::take_part() {
  std::unique_ptr<EpochPart> part;
  static_cast<void>(parts_.try_pop(part));
  return part;
}

void Shard::obey(Command& command) {
  switch (command.kind) {
    case Command::Kind::kBarrier:
      part_ = std::make_unique<EpochPart>();
      part_->epoch = command.barrier->epoch;
      part_->shard = context_.shard;
      for (const auto& task : tasks_) {
        task->request(*command.barrier);
      }
      break;
    case Command::Kind::kCommitted:
      for (const auto& task : tasks_) {
        task->committed(command.epoch);
      }
      break;
    case Command::Kind::kAssign:
      for (const SourcePartition& partition : command.partitions) {
        sources_[command.source]->assign(partition, PartitionTime{});
        ++context_.activity;
      }
      sources_[command.source]->waits_for_partitions(false);
      break;
    case Command::Kind::kAsk:
      (*command.question)();
      break;
  }
}

void Shard::capture() {
  if (part_ == nullptr) {
    return;
  }
  const env::Monotonic began = clock_.monotonic();
  bool all = true;
  for (const auto& task : tasks_) {
    all = task->passed() == part_->epoch && task->capture(*part_) && all;
  }
  part_->captured_in += clock_.monotonic() - began;
  if (!all || context_.error.has_value()) {
    return;
  }
  part_->delta.append(std::move(part_->written_early));
  part_->now = context_.now;
  take_quarantined(context_, *part_);
  part_->spans = std::exchange(context_.spans, {});
  const bool taken = parts_.try_push(std::move(part_));
  RHEON_ASSERT(taken, "the coordinator has not taken earlier epochs");
  coordinator_->ring();
}

void Shard::publish_trouble() {
  const auto source = std::find_if(sources_.begin(), sources_.end(),
                                   [](const auto* one) { return !one->trouble().empty(); });
  const bool any = source != sources_.end();
  if (!any && !gauges_.in_trouble.load(std::memory_order_relaxed)) {
    return;
  }
  const std::lock_guard lock(trouble_mutex_);
  std::string sentence = any ? (*source)->trouble() : std::string();
  if (sentence != trouble_) {
    trouble_ = std::move(sentence);
    gauges_.in_trouble.store(any, std::memory_order_release);
    coordinator_->ring();
  }
}

void Shard::publish() {
  gauges_.records_in.store(context_.records_in, std::memory_order_relaxed);
  gauges_.records_out.store(context_.records_out, std::memory_order_relaxed);
  gauges_.slow_since.store(context_.slow_since, std::memory_order_relaxed);
  gauges_.slow_for_space.store(context_.slow_for_space, std::memory_order_relaxed);
  gauges_.slow_sink.store(context_.slow_sink, std::memory_order_release);
  gauges_.time_changes.store(context_.time_changes, std::memory_order_release);
  if (gauges_.activity.publish(context_.activity)) {
    coordinator_->ring();
  }
  publish_trouble();
  const bool ended = std::all_of(sources_.begin(), sources_.end(),
                                 [](const SourceTaskBase* source) { return source->ended(); });
  if (ended != gauges_.sources_ended.load(std::memory_order_relaxed)) {
    gauges_.sources_ended.store(ended, std::memory_order_release);
    coordinator_->ring();
  }
  std::uint64_t uncommitted = context_.quarantined.bytes + context_.quarantined_after.bytes;
  for (const auto& task : tasks_) {
    uncommitted += task->stage().uncommitted_bytes();
  }
  const bool holds_much = uncommitted > context_.max_uncommitted_bytes;
  if (holds_much != gauges_.holds_much.load(std::memory_order_relaxed)) {
    gauges_.holds_much.store(holds_much, std::memory_order_release);
    coordinator_->ring();
  }
  if (context_.error.has_value() && !gauges_.failed.load(std::memory_order_relaxed)) {
    gauges_.failed.store(true, std::memory_order_release);
    coordinator_->ring();
  }
}

StepResult Shard::step(Task& task) {
  if (task.slow()) {
    for (const auto& each : tasks_) {
      each->stage().ring();
    }
  }
  try {
    context_.behind_barrier = part_ != nullptr && task.passed() == part_->epoch;
    const StepResult result = task.step();
    capture();
    return result;
  } catch (...) {
    context_.fail({ErrorCode::kInternal, "a step of the engine threw \"" + thrown() +
                                             "\". Everything up to the last commit is safe: run "
                                             "again to go on from there."});
    return {Progress::kDone, env::Monotonic::max()};
  }
}

StepResult Shard::step() {
  if (context_.error.has_value()) {
    publish();
    return {Progress::kDone, env::Monotonic::max()};
  }
  doorbell_.clear();
  context_.monotonic = clock_.monotonic();
  context_.now = std::max(context_.now, clock_.at(context_.monotonic));
  context_.paused = paused_.load(std::memory_order_acquire);
  context_.slow_sink = nullptr;
  Command command;
  while (commands_.try_pop(command)) {
    obey(command);
  }
  StepResult result{Progress::kIdle, env::Monotonic::max()};
  std::size_t done = 0;
  context_.capture_cut_off = false;
  for (const auto& task : tasks_) {
    const StepResult one = step(*task);
    if (context_.error.has_value()) {
      break;
    }
    result.deadline = std::min(result.deadline, one.deadline);
    done += one.progress == Progress::kDone ? 1 : 0;
    if (one.progress == Progress::kWorked) {
      result.progress = Progress::kWorked;
    } else if (one.progress == Progress::kBlocked && result.progress == Progress::kIdle) {
      result.progress = Progress::kBlocked;
    }
  }
  publish();
  if (context_.capture_cut_off) {
    result.progress = Progress::kWorked;  // nobody rings for the rest of it
  } else if (done == tasks_.size() && part_ == nullptr) {
    result.progress = Progress::kDone;
  }
  if (result.progress != Progress::kWorked) {
    for (const auto& task : tasks_) {  // behind all captures, which may have begun something
      result.deadline = std::min(result.deadline, task->stage().deadline());
    }
  }
  return result;
}

}  // namespace rheon::engine
