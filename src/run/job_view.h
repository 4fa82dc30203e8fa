#pragma once

// What can be asked about a job, whether it runs or not.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "engine/catalog.h"
#include "engine/ledger.h"
#include "engine/plan.h"
#include "engine/worker.h"
#include "env/env.h"

namespace rheon::run {

struct StateSize {
  std::uint64_t keys = 0;
  std::uint64_t bytes = 0;  // in memory
};

/// Calls are made on one thread and block. An error is a sentence for the person who asks.
class JobView {
 public:
  virtual ~JobView() = default;
  [[nodiscard]] virtual bool running() const = 0;
  [[nodiscard]] virtual const engine::Plan& plan() const = 0;
  [[nodiscard]] virtual const engine::Catalog& catalog() const = 0;
  [[nodiscard]] virtual Result<engine::WorkerStats> stats() = 0;
  [[nodiscard]] virtual Result<engine::Ledger> ledger() = 0;
  /// One entry as it would be written to the log (codec/delta.h); empty when the key is not there.
  [[nodiscard]] virtual Result<std::string> entry(const engine::Catalog::Place& place,
                                                  const std::string& key) = 0;
  [[nodiscard]] virtual Result<StateSize> size(const engine::Catalog::Place& place) = 0;
  [[nodiscard]] virtual Status scale(std::uint32_t shards) = 0;
};

/// A worker of this process. Not on the coordinator's thread.
[[nodiscard]] std::unique_ptr<JobView> view_running(engine::Worker& worker);

/// Opens the log of a job that does not run: takes its lock as long as the view lives.
[[nodiscard]] Result<std::unique_ptr<JobView>> view_at_rest(env::Env& env,
                                                            const graph::Graph& graph,
                                                            const std::string& directory);

}  // namespace rheon::run
