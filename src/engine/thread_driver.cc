#include "engine/thread_driver.h"

#include <algorithm>
#include <memory>
#include <vector>

namespace rheon::engine {

namespace {

void run_shard(Shard& shard) {
  while (!shard.stopped()) {
    const StepResult result = shard.step();
    if (result.progress != Progress::kWorked) {
      shard.park_until(result.deadline);
    }
  }
}

class ShardThreads {
 public:
  ShardThreads(env::Env& env, Execution& execution) : execution_(execution) {
    for (std::size_t s = 0; s < execution.shards().size(); ++s) {
      Shard& shard = *execution.shards()[s];
      threads_.push_back(
          env.threads().start("shard-" + std::to_string(s), [&shard] { run_shard(shard); }));
    }
  }
  ~ShardThreads() {
    for (const auto& shard : execution_.shards()) {
      shard->stop();
    }
    threads_.clear();  // joins
  }
  ShardThreads(const ShardThreads&) = delete;
  ShardThreads& operator=(const ShardThreads&) = delete;

 private:
  Execution& execution_;
  std::vector<std::unique_ptr<env::Thread>> threads_;
};

}  // namespace

Status drive(env::Env& env, Worker& worker, std::chrono::milliseconds tick_every,
             const std::function<void()>& tick) {
  env::Monotonic next_tick = env.clock().monotonic() + tick_every;
  while (worker.state() == WorkerState::kRunning) {
    {
      const ShardThreads threads(env, worker.execution());
      while (worker.state() == WorkerState::kRunning) {
        if (env.process().stop_requested()) {
          worker.request_stop();
        }
        const StepResult result = worker.step();
        if (result.progress != Progress::kWorked && result.progress != Progress::kDone) {
          worker.park_until(std::min(result.deadline, next_tick));
        }
        if (env.clock().monotonic() >= next_tick) {
          tick();
          next_tick = env.clock().monotonic() + tick_every;
        }
      }
    }
    if (worker.state() == WorkerState::kStopped) {
      RHEON_TRY(worker.after_stop());
    }
  }
  return worker.state() == WorkerState::kFailed ? Status(tl::unexpected<Error>(worker.failure()))
                                                : Status{};
}

}  // namespace rheon::engine
