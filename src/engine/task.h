#pragma once

// The unit that a shard runs: one stage of the job on one shard. A step does a bounded amount of
// work and says how it went; it never blocks. A thread drives the steps of a shard's tasks in
// production, one seeded loop those of all shards in tests.

#include <cstdint>
#include <memory>
#include <vector>

#include "base/types.h"
#include "engine/message.h"
#include "engine/record_cost.h"
#include "env/clock.h"

namespace rheon::engine {

struct EpochPart;
class Processor;
class Receiver;
class Sender;
struct ShardContext;

enum class Progress {
  kIdle,     // nothing to do before the deadline or a ring of the doorbell
  kWorked,   // step again
  kBlocked,  // waits for room at a receiver, a sink or an answer: the doorbell says when
  kDone,     // the last barrier has passed
};

struct StepResult {
  Progress progress = Progress::kIdle;
  env::Monotonic deadline = env::Monotonic::max();  // step again by then, whatever happens
};

/// The operators of one stage on one shard, in the order in which records pass them, and the ends
/// of the exchanges that leave it.
struct Stage {
  std::vector<std::unique_ptr<Processor>> processors;
  std::vector<std::unique_ptr<Sender>> senders;

  /// Sends what has been gathered in this step.
  void flush();
  /// Wakes who has been sent something.
  void ring();
  /// The work that all that was sent so far, or is gathered to be sent, causes at receivers.
  [[nodiscard]] Work caused() const;
  /// True when nothing waits for a receiver or a sink, so that new input may come.
  [[nodiscard]] bool ready();
  /// Bursts of timers that were cut off by the budget; true when none is left.
  [[nodiscard]] bool resume();
  [[nodiscard]] bool settled() const;
  /// Adds what the stage contributes to the commit; true when all of it is there.
  [[nodiscard]] bool capture(EpochPart& part);
  void report(EpochPart& part);
  [[nodiscard]] std::uint64_t uncommitted_bytes() const;
  /// When the task must be stepped again though nobody has rung, whatever its step has said.
  [[nodiscard]] env::Monotonic deadline() const;
  /// Timers in processing time; the next time on the job's clock that something is due.
  [[nodiscard]] bool on_clock();
  [[nodiscard]] EventTime next_clock() const;
};

class Task {
 public:
  explicit Task(ShardContext& shard);
  virtual ~Task();
  Task(const Task&) = delete;
  Task& operator=(const Task&) = delete;

  [[nodiscard]] StepResult step();
  /// The next step may take longer than others should sleep who have something to read.
  [[nodiscard]] virtual bool slow() const { return false; }

  /// Sources: cut the epoch at the next step. Other tasks get their barriers through channels.
  virtual void request(const Barrier& /*barrier*/) {}
  /// The last barrier that has passed through this task.
  [[nodiscard]] Epoch passed() const { return passed_; }
  /// After a barrier has passed: adds this task's part; true when all of it is there.
  [[nodiscard]] bool capture(EpochPart& part);
  void open();
  void close();
  void committed(Epoch epoch);
  [[nodiscard]] Stage& stage() { return stage_; }

 protected:
  /// Takes some input. Called when the stage is ready for it.
  [[nodiscard]] virtual StepResult take_input() = 0;
  /// No input was taken in this step: a receiver or a sink is not ready for it.
  virtual void held_up() {}
  /// Records of one message have been read, and others of it not: no timers fire here.
  [[nodiscard]] virtual bool within_message() const { return false; }
  /// Between two bursts of timers, before which no records may be taken: barriers may pass.
  virtual void pass_barriers() {}
  /// Adds to the part what the kind of task has to say, as of the barrier.
  virtual void report(EpochPart& part) = 0;
  virtual void open_input() {}

  /// To be called when a barrier has reached the head of the stage.
  void pass(const Barrier& barrier, Receiver* head);

  [[nodiscard]] ShardContext& shard() const { return shard_; }

 private:
  [[nodiscard]] StepResult work();

  ShardContext& shard_;
  Stage stage_;
  env::Monotonic stepped_at_{0};
  unsigned let_sleep_ = 0;  // quick steps, since receivers were woken
  Epoch passed_;
  bool done_ = false;
  bool capturing_ = false;
  bool reported_ = false;
};

}  // namespace rheon::engine
