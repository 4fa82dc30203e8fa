#pragma once

// One shard of a worker: its tasks, its doorbell, and two queues to the coordinator. step() runs on
// the shard's thread; post() and take_part() on the coordinator's.

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "base/spsc_ring.h"
#include "engine/doorbell.h"
#include "engine/epoch_part.h"
#include "engine/job_clock.h"
#include "engine/source.h"
#include "engine/source_task.h"
#include "engine/task.h"

namespace rheon::engine {

/// From the coordinator to a shard.
struct Command {
  enum class Kind { kBarrier, kCommitted, kAssign, kAsk };
  Kind kind = Kind::kBarrier;
  const Barrier* barrier = nullptr;  // kBarrier: lives until every shard has handed in its part
  Epoch epoch;                       // kCommitted
  std::size_t source = 0;            // kAssign: index among the job's sources
  /// kAssign: those of this shard, perhaps none. Every shard is told when a source has grown.
  std::vector<SourcePartition> partitions;
  std::function<void()>* question = nullptr;  // kAsk: run between two steps of tasks
};

/// How much has happened on a shard that must be committed, and whether the coordinator waits to
/// hear of more: one word, changed by read-modify-write, so that neither misses the other.
class ActivityGauge {
 public:
  /// By the shard. True: the coordinator waits, ring it.
  [[nodiscard]] bool publish(std::uint64_t activity) {
    if (activity == published_) {
      return false;
    }
    published_ = activity;
    return (word_.exchange(activity, std::memory_order_acq_rel) & kAwaited) != 0;
  }
  [[nodiscard]] std::uint64_t get() const {
    return word_.load(std::memory_order_acquire) & ~kAwaited;
  }
  /// By the coordinator: as get(); it will be rung when that changes.
  [[nodiscard]] std::uint64_t await() {
    return word_.fetch_or(kAwaited, std::memory_order_acq_rel) & ~kAwaited;
  }

 private:
  static constexpr std::uint64_t kAwaited = std::uint64_t{1} << 63;

  std::atomic<std::uint64_t> word_{0};
  std::uint64_t published_ = 0;  // the shard's own
};

/// What a shard says about itself while it runs; read by others at any time.
struct ShardGauges {
  std::atomic<std::uint64_t> records_in{0};
  std::atomic<std::uint64_t> records_out{0};
  ActivityGauge activity;
  std::atomic<std::uint64_t> time_changes{0};  // see ShardContext
  std::atomic<bool> sources_ended{false};
  std::atomic<bool> holds_much{false};  // more than one epoch shall hold waits for its barrier
  std::atomic<bool> failed{false};      // then failure() may be read
  // As of the last step: the name of a sink that keeps the shard from going on, or null; and since
  // when it has taken nothing.
  std::atomic<const std::string*> slow_sink{nullptr};
  std::atomic<env::Monotonic> slow_since{};
  std::atomic<bool> slow_for_space{false};
  std::atomic<bool> in_trouble{false};  // a source: Shard::trouble() says which
};

class Shard {
 public:
  Shard(ShardContext context, std::unique_ptr<env::Parker> parker, const JobClock& clock);

  // While nothing runs.
  [[nodiscard]] ShardContext& context() { return context_; }
  [[nodiscard]] Doorbell& doorbell() { return doorbell_; }
  void add(std::unique_ptr<Task> task) { tasks_.push_back(std::move(task)); }
  void add_source(SourceTaskBase* task) { sources_.push_back(task); }
  void set_coordinator(Doorbell* doorbell) { coordinator_ = doorbell; }
  void open();
  void close();
  [[nodiscard]] std::vector<std::unique_ptr<Task>>& tasks() { return tasks_; }
  [[nodiscard]] std::vector<SourceTaskBase*>& sources() { return sources_; }

  // On the shard's thread.
  [[nodiscard]] StepResult step();
  /// Sleeps unless somebody has rung since the last step() began, or stop() was called at any time:
  /// its ring may have come before that step, which forgets rings.
  void park_until(env::Monotonic deadline) {
    if (!stopped()) {
      doorbell_.park_until(deadline);
    }
  }
  [[nodiscard]] bool stopped() const { return stop_.load(std::memory_order_acquire); }

  // On the coordinator's thread.
  void post(Command command);
  [[nodiscard]] std::unique_ptr<EpochPart> take_part();
  /// Sources read nothing new while this holds: there is no room for a commit, or more than enough
  /// waits for the next one. Barriers pass.
  void pause(bool paused) {
    paused_.store(paused, std::memory_order_release);
    doorbell_.ring();
  }
  void stop() {
    stop_.store(true, std::memory_order_release);
    doorbell_.ring();
  }
  [[nodiscard]] const ShardGauges& gauges() const { return gauges_; }
  /// As gauges().activity.get(); the coordinator is rung when it changes.
  [[nodiscard]] std::uint64_t await_activity() { return gauges_.activity.await(); }
  [[nodiscard]] const Error& failure() const { return *context_.error; }
  /// What keeps a source from reading, as a sentence; empty: nothing does.
  [[nodiscard]] std::string trouble() const {
    const std::lock_guard lock(trouble_mutex_);
    return trouble_;
  }

 private:
  void obey(Command& command);
  /// A task's step, and what it makes possible of the capture. Users' code has its own catch
  /// blocks: what is caught here is lack of memory, or a defect.
  [[nodiscard]] StepResult step(Task& task);
  /// Goes on with the capture of an epoch that every task has passed or is passing.
  void capture();
  void publish();
  void publish_trouble();

  ShardContext context_;
  std::unique_ptr<env::Parker> parker_;
  Doorbell doorbell_;
  const JobClock& clock_;
  Doorbell* coordinator_ = nullptr;
  std::vector<std::unique_ptr<Task>> tasks_;
  std::vector<SourceTaskBase*> sources_;
  SpscRing<Command> commands_{64};
  SpscRing<std::unique_ptr<EpochPart>> parts_{4};
  std::unique_ptr<EpochPart> part_;  // of the epoch whose barrier has been requested
  ShardGauges gauges_;
  mutable std::mutex trouble_mutex_;
  std::string trouble_;
  std::atomic<bool> stop_{false};
  std::atomic<bool> paused_{false};
};

}  // namespace rheon::engine
