#pragma once

// One process of a job: opens the log, brings everything back to the last commit, lays the job out
// over its shards, cuts epochs and commits them. step() is the coordinator: a step function like
// those of the shards, driven by one thread (engine/thread_driver.h) or by a test's loop.

#include <atomic>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "engine/catalog.h"
#include "engine/commit_interval.h"
#include "engine/decider.h"
#include "engine/execution.h"
#include "engine/ledger.h"
#include "engine/publisher.h"
#include "engine/quarantine_limit.h"
#include "engine/questions.h"
#include "env/io_task.h"
#include "log/files/file_log.h"

namespace rheon::engine {

struct WorkerOptions {
  std::string directory;  // of the log
  std::uint32_t shards = 1;
  std::optional<std::chrono::microseconds> commit_interval;  // none: it adapts
  bool drain = true;          // at the end of all input the watermark goes to +infinity
  bool stop_at_end = false;   // unbounded sources end where they end now
  bool accept_clock = false;  // go on although the clock jumped by more than a year
  std::uint32_t trace_every = 0;
  std::uint32_t max_quarantined_percent = 10;  // of an operator's inputs: engine/quarantine_limit.h
  std::size_t ring_capacity_batches = 8;
  StepBudgets budgets;
  /// Bytes of changed state and of records for streams that a shard may hold before an epoch is
  /// cut, however short it is. While that cannot be, because the last one is still being committed,
  /// sources pause.
  std::uint64_t max_uncommitted_bytes = 64 << 20;
  log::files::OpenOptions log;        // directory, job, streams and key groups are filled in
  std::uint32_t restore_threads = 0;  // 0: one per shard
  bool durable = true;                // false: no log at all, for measuring what it costs
  /// Sinks take part in transactions where they can; false: they write at once.
  bool transactions = true;
};

enum class WorkerState {
  kRunning,
  kStopped,   // every shard has passed the last barrier and all is committed: see after_stop()
  kFinished,  // nothing is left to do
  kFailed,    // see failure(); nothing of the running epoch is committed
};

enum class StopReason { kNone, kRescale, kRequested, kEnded };

/// What a person wants to see; may be read on any thread.
struct WorkerStats {
  std::uint64_t records_in = 0;  // since this process began
  std::uint64_t records_out = 0;
  Epoch epoch;  // last committed
  std::uint64_t commit_micros = 0;
  std::uint64_t commit_bytes = 0;
  double commit_share = 0;       // of the shards' time that goes into barriers and commits, of late
  std::uint64_t state_keys = 0;  // as of the last commit
  std::uint64_t state_bytes = 0;  // likewise; without what values keep elsewhere in memory
  std::uint32_t shards = 0;
  bool complete = false;
  std::map<std::string, SourceTime> sources;  // as of the last commit; by name
  std::string waiting;  // for what commits or sources wait, as a sentence; empty: for nothing
  bool drain_given_up = false;  // a stop was asked for: the drain begins anew with the next run
  std::uint64_t rescale_micros = 0;  // how long the last rescale took
};

class Worker {
 public:
  Worker(env::Env& env, Plan plan, WorkerOptions options);
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  /// Blocks: opens the log, restores, lays out. Before the first step().
  [[nodiscard]] Status open();

  // The coordinator's thread.
  [[nodiscard]] StepResult step();
  [[nodiscard]] WorkerState state() const { return state_; }
  [[nodiscard]] const Error& failure() const { return *failure_; }
  [[nodiscard]] Execution& execution() { return *execution_; }
  /// After kStopped, with no shard running: finishes, or lays out anew for a rescale.
  [[nodiscard]] Status after_stop();
  void park_until(env::Monotonic deadline) { doorbell_.park_until(deadline); }
  /// Everything that has changed is committed, and nobody waits for this worker to stop.
  [[nodiscard]] bool quiet() const;
  /// There is news for step(): for loops that do not park.
  [[nodiscard]] bool rung() const { return doorbell_.rung(); }
  /// True when the last commit of an earlier run was marked complete and nothing new has come.
  [[nodiscard]] bool already_complete() const { return already_complete_; }
  /// What open() has to say: a crash's trace that was cut off, output that is gone.
  [[nodiscard]] const std::vector<std::string>& notices() const { return notices_; }
  /// A sentence for each source of which open() has found no partition, and that waits for some.
  [[nodiscard]] std::vector<std::string> sources_that_wait() const;

  // Any thread.
  void request_stop() {
    stop_requested_.store(true, std::memory_order_release);
    doorbell_.ring();
  }
  void request_shards(std::uint32_t shards) {
    wanted_shards_.store(shards, std::memory_order_release);
    doorbell_.ring();
  }
  [[nodiscard]] WorkerStats stats() const;
  [[nodiscard]] const Plan& plan() const { return plan_; }

  /// Runs `question` on the coordinator's thread at its next step, and waits for it. From any other
  /// thread; false when the worker has stopped.
  [[nodiscard]] bool ask(std::function<void(Worker&)> question);
  /// Runs `question` on the thread of the shard that owns the key group, between two of its steps.
  [[nodiscard]] bool ask_owner(KeyGroup group, std::function<void(Execution&)> question);

  /// No question is answered any more: those under way are refused. Once no shard runs.
  void refuse_questions() { questions_.close(); }

  // For questions, on the coordinator's thread.
  [[nodiscard]] const Ledger& ledger() const { return ledger_; }
  [[nodiscard]] const log::Facts& facts() const { return facts_; }
  [[nodiscard]] const Catalog& catalog() const { return catalog_; }
  [[nodiscard]] const log::Identity& identity() const { return opened_.identity; }

  /// Spans of followed records since the last call, up to the last barrier; the oldest are dropped
  /// when nobody asks for long. On the coordinator's thread.
  [[nodiscard]] std::vector<observe::Span> take_spans() { return std::move(spans_); }

 private:
  enum class Phase { kRunning, kCutting, kCommitting, kPublishing };

  /// Who decides whether an epoch counts, when it is not the log: none or one.
  [[nodiscard]] Status find_decider();
  /// What was decided last. The first call asks; before the log is opened, or after.
  [[nodiscard]] Result<std::optional<Decision>> last_decision(
      const log::Identity& identity, const std::vector<log::Id>& ancestors);
  [[nodiscard]] Status check_decisions();
  [[nodiscard]] Status recover_sinks();
  [[nodiscard]] Status find_partitions();
  [[nodiscard]] Status take_committed_positions(std::size_t node);
  void lay_out(std::vector<KeyGroups> groups);
  void restore_watermarks(std::vector<KeyGroups>& groups);
  void count_state(const std::vector<KeyGroups>& groups);
  [[nodiscard]] SourceEnvironment source_environment();

  [[nodiscard]] bool failed();
  void fail_with(Error error);
  [[nodiscard]] StepResult run();
  [[nodiscard]] StopReason reason_to_stop() const;
  [[nodiscard]] std::uint64_t activity() const;
  [[nodiscard]] std::uint64_t time_changes() const;
  [[nodiscard]] bool holds_much() const;
  void pause_sources();
  [[nodiscard]] std::string slow_sink(env::Monotonic now) const;
  [[nodiscard]] std::string source_in_trouble() const;
  void look_for_what_is_slow();
  void cut(bool last, bool drain);
  [[nodiscard]] StepResult gather();
  /// A drain may take long, or never end (a timer that always sets itself again): with a stop
  /// request it has a second left, then the worker stops without it.
  [[nodiscard]] StepResult give_up_drain();
  void finish();
  [[nodiscard]] Status check_quarantine();
  void submit();
  [[nodiscard]] StepResult await_commit();
  [[nodiscard]] StepResult move_on();
  /// Gives the epoch's records to who decides outside, if there are any.
  void begin_decision(log::Commit& commit);
  void hear_decider();
  void hear_log();
  void say_waiting();
  void committed();
  void publish();
  [[nodiscard]] StepResult await_publishing();
  [[nodiscard]] env::Monotonic cost_to_shards() const;
  [[nodiscard]] double commit_share();
  void collect_watermarks(std::vector<log::FactChange>& changes);
  void collect_ledger(std::vector<log::FactChange>& changes);
  void answer_questions();
  void collect_spans(std::vector<observe::Span>& spans);
  void look_for_partitions();
  void take_discovered(std::vector<SourcePartition> found);

  env::Env& env_;
  Plan plan_;
  WorkerOptions options_;
  std::unique_ptr<env::Parker> parker_;
  Doorbell doorbell_;
  JobClock clock_;

  std::unique_ptr<Decider> decider_;  // null: the log
  std::optional<std::optional<Decision>> last_decision_;
  bool prepared_ = false;  // the log holds the epoch that is being decided
  std::unique_ptr<log::Log> log_;
  log::Opened opened_;
  log::Facts facts_;  // as committed
  Catalog catalog_;
  std::vector<log::FactChange> pending_facts_;  // for the next commit
  Ledger ledger_;
  QuarantineLimit quarantine_limit_;
  std::vector<std::vector<PlacedPartition>> partitions_;  // by node
  std::map<std::size_t, std::string> found_nothing_;      // why, by node
  std::unique_ptr<Execution> execution_;
  Publisher publisher_{env_, doorbell_};

  WorkerState state_ = WorkerState::kRunning;
  std::optional<Error> failure_;
  Phase phase_ = Phase::kRunning;
  StopReason stopping_ = StopReason::kNone;
  std::unique_ptr<Barrier> barrier_;
  std::vector<std::unique_ptr<EpochPart>> parts_;
  std::vector<log::FactChange> submitted_facts_;
  std::vector<LedgerEntry> submitted_ledger_;  // what has changed in the ledger with this epoch
  bool submitted_complete_ = false;
  std::map<std::string, SourceTime> submitted_sources_;
  std::uint64_t submitted_state_keys_ = 0;
  std::uint64_t submitted_state_bytes_ = 0;
  Epoch epoch_;  // last committed
  std::uint64_t activity_at_barrier_ = 0;
  std::uint64_t time_changes_at_barrier_ = 0;
  bool already_complete_ = false;

  bool no_space_ = false;  // the log waits for space
  std::string no_space_sentence_;
  bool slow_commit_ = false;
  std::string slow_sentence_;            // about what the job waits for before a commit can begin
  bool paused_ = false;                  // sources are
  bool may_drain_long_ = false;          // operators have timers in event time
  bool committed_before_drain_ = false;  // so that nothing but the drain is lost by giving it up
  std::optional<env::Monotonic> drain_until_;  // of one that is asked to stop
  bool drain_given_up_ = false;

  env::Monotonic last_barrier_{0};
  env::Monotonic committed_at_{0};  // the epoch before
  env::Monotonic captured_in_{0};   // of the submitted epoch, by the average shard
  env::Monotonic submitted_at_{0};
  env::Monotonic next_adjust_{0};
  env::Monotonic stop_began_{0};
  CommitInterval interval_;

  std::atomic<bool> stop_requested_{false};
  std::atomic<std::uint32_t> wanted_shards_{0};
  Questions questions_;

  // Partitions that appear while the job runs.
  env::Monotonic next_discovery_{0};
  env::Monotonic discovery_took_{0};  // the last one
  bool discovered_any_ = false;       // an answer is there, or on its way
  std::size_t discovered_source_ = 0;
  Result<std::vector<SourcePartition>> discovered_;
  env::IoTask discovering_{env_.io(), &doorbell_};

  mutable std::mutex stats_mutex_;
  WorkerStats stats_;
  std::uint64_t earlier_in_ = 0;  // by executions before this one
  std::uint64_t earlier_out_ = 0;
  std::vector<observe::Span> spans_;
  std::vector<std::string> notices_;
};

}  // namespace rheon::engine
