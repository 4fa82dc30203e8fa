#pragma once

// The jobs that bench_engine runs, and how two contenders take turns.

#include <functional>
#include <memory>
#include <string_view>

#include "../support/gate.h"
#include "../support/running_job.h"

namespace rheon::bench {

/// A running job that is fed through a gate.
class GatedJob {
 public:
  using Describe = std::function<void(Job&, const std::shared_ptr<Gate>&)>;

  /// `partitions`: of its source.
  GatedJob(env::Env& env, const engine::WorkerOptions& options, std::uint32_t partitions,
           const Describe& describe)
      : gate_(std::make_shared<Gate>(partitions)),
        job_(env, [&](Job& job) { describe(job, gate_); }, options) {}

  [[nodiscard]] Stint burst(const Words& words, std::size_t records) {
    return gate_->burst(words, records);
  }
  [[nodiscard]] Gate& gate() { return *gate_; }
  [[nodiscard]] engine::Worker& worker() { return job_.worker(); }

 private:
  std::shared_ptr<Gate> gate_;
  RunningJob job_;
};

/// words => key_by => count => lines of CSV in memory
inline void count_to_csv(Job& job, const std::shared_ptr<Gate>& gate, std::size_t partitions) {
  job.from("words", gate_source(gate, partitions))
      .key_by([](std::string_view word) { return word; })
      .aggregate("count", count(), unbounded())
      .to("csv", GateSink<CsvInMemory>(gate));
}

}  // namespace rheon::bench
