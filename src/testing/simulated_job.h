#pragma once

// One job on one machine in memory: started, stepped, killed and started again by a test.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "api/job.h"
#include "api/parameters.h"
#include "engine/worker.h"
#include "env/fake/fake_env.h"
#include "testing/seeded_driver.h"

namespace rheon::testing {

/// What the job function of a test is: it may capture.
using JobDescription = std::function<void(Job&)>;

struct SimulatedJobOptions {
  std::string name = "job";
  Parameters::Values parameters;
  std::uint64_t seed = 1;
  std::uint32_t shards = 1;
  std::size_t ring_capacity_batches = 8;
  engine::StepBudgets budgets;
  std::uint64_t max_uncommitted_bytes = 64 << 20;
  std::uint32_t trace_every = 0;  // one record in so many is followed; 0: none
  bool drain = true;
  bool accept_clock = false;
  bool transactions = true;                                  // else sinks that could write at once
  std::optional<std::chrono::microseconds> commit_interval;  // none: it adapts
  log::files::OpenOptions log;                               // directory and job are filled in
};

/// Small files, so that a short test sees segments, snapshots and compaction.
[[nodiscard]] log::files::OpenOptions small_log();

class SimulatedJob {
 public:
  SimulatedJob(env::fake::FakeEnv& env, JobDescription describe, SimulatedJobOptions options);
  ~SimulatedJob();
  SimulatedJob(const SimulatedJob&) = delete;
  SimulatedJob& operator=(const SimulatedJob&) = delete;

  /// A process begins: runs the job function, opens the log, restores. On `shards` shards.
  [[nodiscard]] Status start(std::uint32_t shards);
  [[nodiscard]] Status start() { return start(options_.shards); }
  [[nodiscard]] bool running() const { return worker_ != nullptr; }

  /// See SeededDriver::turn().
  [[nodiscard]] Result<bool> turn() { return driver_.turn(*worker_); }
  [[nodiscard]] Status run(std::uint64_t most) { return driver_.run(*worker_, most); }
  [[nodiscard]] Status settle(std::uint64_t most) { return driver_.settle(*worker_, most); }

  /// kill -9: what was written stays, what is under way is gone.
  void kill();
  /// As a process does when its log or a sink cannot be written: the engine is torn down, the
  /// process goes on.
  void abort();
  /// The machine loses power, and comes back.
  void cut_power(env::fake::Survival survival);
  void rescale(std::uint32_t shards) { worker_->request_shards(shards); }

  /// Its data directory.
  [[nodiscard]] std::string directory() const { return options_.name + ".data"; }
  [[nodiscard]] engine::Worker& worker() { return *worker_; }
  [[nodiscard]] SeededDriver& driver() { return driver_; }
  [[nodiscard]] env::fake::FakeEnv& env() { return env_; }

 private:
  env::fake::FakeEnv& env_;
  JobDescription describe_;
  SimulatedJobOptions options_;
  SeededDriver driver_;
  std::unique_ptr<engine::Worker> worker_;
};

}  // namespace rheon::testing
