#include "testing/simulated_job.h"

#include <utility>

namespace rheon::testing {

log::files::OpenOptions small_log() {
  log::files::OpenOptions log;
  log.journal_segment_bytes = 4 << 10;
  log.stream_segment_bytes = 8 << 10;
  log.snapshot_after_bytes = 1 << 10;
  log.slice_bytes = 256;
  log.ballast_bytes = 4 << 10;
  log.min_free_bytes = 0;
  log.allocate_ahead_bytes = 4 << 10;
  return log;
}

SimulatedJob::SimulatedJob(env::fake::FakeEnv& env, JobDescription describe,
                           SimulatedJobOptions options)
    : env_(env),
      describe_(std::move(describe)),
      options_(std::move(options)),
      driver_(env, options_.seed) {}

SimulatedJob::~SimulatedJob() { kill(); }

Status SimulatedJob::start(std::uint32_t shards) {
  Job job(options_.name, Parameters(options_.parameters, /*complete=*/true));
  describe_(job);
  RHEON_ASSIGN(graph::Graph graph, job.finish());
  engine::WorkerOptions worker;
  worker.directory = directory();
  worker.shards = shards;
  worker.drain = options_.drain;
  worker.accept_clock = options_.accept_clock;
  worker.transactions = options_.transactions;
  worker.ring_capacity_batches = options_.ring_capacity_batches;
  worker.budgets = options_.budgets;
  worker.max_uncommitted_bytes = options_.max_uncommitted_bytes;
  worker.commit_interval = options_.commit_interval;
  worker.trace_every = options_.trace_every;
  worker.restore_threads = 1;
  worker.log = options_.log;
  driver_.forget();
  worker_ = std::make_unique<engine::Worker>(env_, engine::make_plan(std::move(graph)), worker);
  if (Status opened = worker_->open(); !opened.has_value()) {
    kill();
    return opened;
  }
  return {};
}

void SimulatedJob::kill() {
  env_.restart();  // first: what the old process still has open is dead
  worker_.reset();
  driver_.forget();
}

void SimulatedJob::abort() {
  while (env_.io().run_one(driver_.pick(UINT64_MAX))) {
    // What is under way ends before the engine is gone.
  }
  worker_.reset();
  driver_.forget();
}

void SimulatedJob::cut_power(env::fake::Survival survival) {
  env_.cut_power(driver_.pick(UINT64_MAX), survival);
  kill();
}

}  // namespace rheon::testing
