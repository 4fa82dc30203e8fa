#include "run/run_command.h"

#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "engine/quarantine.h"
#include "engine/thread_driver.h"
#include "engine/worker.h"
#include "log/files/identity.h"
#include "run/control_server.h"
#include "run/data_directory.h"
#include "run/figures.h"
#include "run/guarantees.h"
#include "run/live_line.h"
#include "run/reporter.h"
#include "run/trace_file.h"

namespace rheon::run {

namespace {

constexpr std::chrono::milliseconds kTick{250};
constexpr std::chrono::seconds kSayEvery{10};
constexpr std::chrono::seconds kStopTakesLong{1};
// Epochs that may be aborted within a minute; with the next one the program gives up.
constexpr std::size_t kMaxAborts = 3;
constexpr std::chrono::seconds kAbortWindow{60};
constexpr std::chrono::milliseconds kPauseAfterAbort{250};  // the first; each is four times as long

/// With a full stop at its end.
std::string sentence(std::string text) {
  if (!text.ends_with('.')) {
    text += '.';
  }
  return text;
}
constexpr std::uint32_t kManyShardsPerCore = 4;
constexpr int kOpenAttempts = 20;

class Runner {
 public:
  Runner(env::Env& env, graph::Graph graph, const CommandLine& line)
      : env_(env),
        graph_(std::move(graph)),
        line_(line),
        reporter_(env, line.run.log_level, line.run.log_format),
        started_(env.clock().monotonic()) {}

  ExitCode run() {
    Status status = prepare();
    while (status.has_value()) {
      const Result<bool> ended = attempt();
      if (ended.has_value()) {
        return ExitCode::kDone;
      }
      status = judge(ended.error());
    }
    reporter_.error(status.error().message);
    return exit_code(status.error().code);
  }

 private:
  Status prepare() {
    RHEON_TRY(check_guarantees(graph_, line_.run.guarantee));
    shards_ = line_.run.shards != 0 ? line_.run.shards : std::max(1u, env_.process().cores());
    shards_ = std::min(shards_, graph_.key_groups);
    if (!line_.run.trace_file.empty()) {
      traces_ = std::make_unique<TraceFile>(env_, graph_.job, line_.run.trace_file);
      RHEON_TRY(traces_->open());
    }
    env_.process().watch_stop();
    judge_shards();
    return {};
  }

  /// Every pair of shards has rings of its own.
  void judge_shards() {
    const std::uint32_t cores = std::max(1u, env_.process().cores());
    if (shards_ > kManyShardsPerCore * cores) {
      reporter_.warning(fmt::format(
          "{} shards on {} core{}: more shards than cores make no job faster, and their memory "
          "grows with the square of their number",
          shards_, cores, cores == 1 ? "" : "s"));
    }
  }

  [[nodiscard]] engine::WorkerOptions options() const {
    engine::WorkerOptions options;
    options.directory = line_.data_directory;
    options.shards = shards_;
    options.commit_interval = line_.run.commit_interval;
    options.drain = line_.run.drain;
    options.stop_at_end = line_.run.stop_at_end;
    options.accept_clock = line_.run.accept_clock;
    options.max_uncommitted_bytes = line_.run.max_uncommitted_bytes;
    options.max_quarantined_percent = line_.run.max_quarantined_percent;
    options.trace_every = line_.run.trace_sample;
    options.transactions = line_.run.guarantee != GuaranteeWish::kAtLeastOnce;
    options.log.allow_network_file_system = line_.run.allow_network_file_system;
    return options;
  }

  /// Commands that look into the directory hold it for a moment each; a job that runs answers.
  Result<std::unique_ptr<engine::Worker>> open_worker() {
    for (int left = kOpenAttempts;; --left) {
      const bool held = wait_while_held_silently(env_, line_.data_directory);
      auto worker = std::make_unique<engine::Worker>(env_, engine::make_plan(graph_), options());
      Status opened = worker->open();
      if (opened.has_value()) {
        return worker;
      }
      if (held || left == 0 || !log::files::is_held_by_another(opened.error())) {
        return tl::unexpected<Error>(std::move(opened).error());
      }
    }
  }

  /// One life of the engine. True: done; false is never answered; an error: see judge().
  Result<bool> attempt() {
    if (control_ != nullptr && is_gone(env_, line_.data_directory)) {
      return fail(ErrorCode::kRefused,
                  fmt::format("data directory '{}' is gone: it was removed or moved away while the "
                              "job was running. Put it back and run again, or start over with an "
                              "empty one and empty outputs.",
                              line_.data_directory));
    }
    RHEON_ASSIGN(const std::unique_ptr<engine::Worker> opened, open_worker());
    engine::Worker& worker = *opened;
    for (const std::string& notice : worker.notices()) {
      reporter_.warning(notice);
    }
    if (worker.already_complete()) {
      reporter_.info(
          fmt::format("{}: complete, and there is no new input: nothing to do. `reset` "
                      "starts over.",
                      graph_.job));
      return true;
    }
    if (control_ == nullptr) {
      RHEON_ASSIGN(control_, ControlServer::start(env_, line_.data_directory));
      quarantined_before_ = worker.ledger().quarantined();
      say_hello(worker);
    }
    rate_ = {};
    next_line_ = env_.clock().monotonic() + kSayEvery;
    control_->attach(worker);
    const Status driven = engine::drive(env_, worker, kTick, [&] { tick(worker); });
    control_->detach(worker);
    shards_ = worker.stats().shards;
    if (driven.has_value()) {
      tick_traces(worker);
      check_ledger(worker);
      say_goodbye(worker);
      return true;
    }
    return tl::unexpected<Error>(driven.error());
  }

  /// An I/O failure of the log aborts the epoch: the engine is opened anew, a few times.
  Status judge(const Error& error) {
    const bool again = error.code == ErrorCode::kIo || error.code == ErrorCode::kNoSpace;
    if (!again || control_ == nullptr || env_.process().stop_requested()) {
      return tl::unexpected<Error>(error);
    }
    const env::Monotonic now = env_.clock().monotonic();
    aborts_.push_back(now);
    while (aborts_.front() < now - kAbortWindow) {
      aborts_.pop_front();
    }
    if (aborts_.size() > kMaxAborts) {
      return fail(error.code, sentence(error.message) +
                                  " This was the fourth abort within a minute. Everything up to "
                                  "the last commit is safe; mend the cause and run again.");
    }
    reporter_.warning(sentence(error.message) +
                      " The epoch is aborted; going back to the last commit and trying again.");
    const auto pause = kPauseAfterAbort * (1 << (2 * (aborts_.size() - 1)));
    env_.threads().make_parker()->park_until(now + pause);
    return {};
  }

  void say_hello(const engine::Worker& worker) {
    const engine::WorkerStats stats = worker.stats();
    reporter_.info(fmt::format("{}: {} on {} shard{}, data in {}", graph_.job,
                               stats.epoch.value == 0
                                   ? std::string("starting")
                                   : fmt::format("going on after epoch {}", stats.epoch.value),
                               stats.shards, stats.shards == 1 ? "" : "s", line_.data_directory));
    for (const std::string& sentence : guarantee_lines(graph_, line_.run.guarantee)) {
      reporter_.info(fmt::format("{}: {}", graph_.job, sentence));
    }
    for (const std::string& sentence : worker.sources_that_wait()) {
      reporter_.info(fmt::format("{}: {}", graph_.job, sentence));
    }
  }

  [[nodiscard]] Figures figures(const engine::Worker& worker) {
    return {graph_.job, worker.stats(), rate_.per_second(), env_.process().usage().resident_bytes,
            worker.ledger().quarantined() - quarantined_before_};
  }

  void tick(engine::Worker& worker) {
    const env::Monotonic now = env_.clock().monotonic();
    const engine::WorkerStats stats = worker.stats();
    rate_.add(now, stats.records_out);
    if (std::exchange(shards_, stats.shards) < stats.shards) {
      judge_shards();
    }
    if (stats.waiting != waiting_) {
      reporter_.warning(stats.waiting.empty() ? "nothing waits any longer: going on."
                                              : stats.waiting);
      waiting_ = stats.waiting;
    }
    if (env_.process().stop_requested()) {
      watch_stop(now);
    }
    tick_traces(worker);
    if (reporter_.lives()) {
      reporter_.live(live_line(figures(worker)));
    }
    if (now >= next_line_) {
      next_line_ = now + kSayEvery;
      check_ledger(worker);
      if (!reporter_.lives()) {
        reporter_.info(live_line(figures(worker)));
      }
    }
  }

  /// Who has asked for a stop and sees nothing happen is told what can be done.
  void watch_stop(env::Monotonic now) {
    stop_seen_ = stop_seen_.value_or(now);
    if (!stop_told_ && now - *stop_seen_ >= kStopTakesLong) {
      stop_told_ = true;
      reporter_.warning("the stop waits for the commit under way" +
                        (waiting_.empty() ? std::string() : " (" + waiting_ + ")") +
                        ". Another Ctrl-C ends the program at once, as a kill does: what is "
                        "committed stays, and the next run goes on from there.");
    }
  }

  void tick_traces(engine::Worker& worker) {
    if (traces_ == nullptr) {
      return;
    }
    if (Status written = traces_->write(worker.take_spans());
        !written.has_value() && !trace_failed_) {
      trace_failed_ = true;
      reporter_.warning(written.error().message + " Traces are no longer written.");
    }
  }

  void check_ledger(const engine::Worker& worker) {
    for (const engine::Imbalance& imbalance : worker.ledger().imbalances()) {
      if (alarms_.insert(imbalance.what).second) {
        reporter_.error("THE LEDGER DOES NOT BALANCE: " + imbalance.sentence);
      }
    }
  }

  void say_goodbye(const engine::Worker& worker) {
    const auto elapsed =
        std::chrono::duration_cast<std::chrono::microseconds>(env_.clock().monotonic() - started_);
    const Figures last = figures(worker);
    reporter_.info(summary(last, elapsed));
    if (last.quarantined > 0) {
      reporter_.warning(fmt::format(
          "{}: {} record{} could not be processed and went to quarantine: `streams cat {}` shows "
          "them with place and reason",
          graph_.job, with_commas(last.quarantined), last.quarantined == 1 ? "" : "s",
          engine::kQuarantineStream));
    }
    if (last.stats.complete) {
      reporter_.info(fmt::format("{}: the input has ended and the job is complete", graph_.job));
    } else if (last.stats.drain_given_up) {
      reporter_.info(fmt::format(
          "{}: stopped before the drain at the end of the input had ended. What it has emitted is "
          "discarded; all before it is committed. Run it again to drain, or with --no-drain",
          graph_.job));
    } else if (env_.process().stop_requested()) {
      reporter_.info(fmt::format("{}: stopped; run it again to go on", graph_.job));
    } else {
      reporter_.info(
          fmt::format("{}: the input has ended; run it again when there is more", graph_.job));
    }
  }

  env::Env& env_;
  graph::Graph graph_;
  const CommandLine& line_;
  Reporter reporter_;
  env::Monotonic started_;
  std::uint32_t shards_ = 1;
  std::unique_ptr<TraceFile> traces_;
  bool trace_failed_ = false;
  std::unique_ptr<ControlServer> control_;
  std::deque<env::Monotonic> aborts_;
  std::set<std::string> alarms_;
  std::uint64_t quarantined_before_ = 0;  // when the program was started
  Rate rate_;
  env::Monotonic next_line_{0};
  std::string waiting_;  // as said last
  std::optional<env::Monotonic> stop_seen_;
  bool stop_told_ = false;
};

}  // namespace

ExitCode run_job(env::Env& env, graph::Graph graph, const CommandLine& line) {
  return Runner(env, std::move(graph), line).run();
}

}  // namespace rheon::run
