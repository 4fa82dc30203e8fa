#pragma once

// A job in this process, on the engine's own worker and threads.

#include <functional>
#include <memory>
#include <string>

#include "api/job.h"
#include "engine/worker.h"

namespace rheon::bench {

/// The plan of a job; what cannot be described ends the program with a sentence.
[[nodiscard]] engine::Plan plan_of(const std::string& name,
                                   const std::function<void(Job&)>& describe);

/// Prints the sentence and ends the program: a benchmark that cannot run has no figure.
void must(const Status& status);

/// Runs from the constructor to the destructor.
class RunningJob {
 public:
  RunningJob(env::Env& env, const std::function<void(Job&)>& describe,
             engine::WorkerOptions options, const std::string& name = "bench");
  ~RunningJob();
  RunningJob(const RunningJob&) = delete;
  RunningJob& operator=(const RunningJob&) = delete;

  [[nodiscard]] engine::Worker& worker() { return worker_; }

 private:
  engine::Worker worker_;
  std::unique_ptr<env::Thread> thread_;
};

/// Options of a worker that writes nothing; epochs are cut and captured as always.
[[nodiscard]] engine::WorkerOptions in_memory(std::uint32_t shards);
/// ... with a log in a fresh directory.
[[nodiscard]] engine::WorkerOptions logged(std::uint32_t shards, const std::string& directory);

}  // namespace rheon::bench
