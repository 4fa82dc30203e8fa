#pragma once

// The socket `control` in the data directory of a running job: one JSON request, one JSON answer
// (docs/running.md).

#include <memory>
#include <mutex>
#include <string>

#include "base/result.h"
#include "engine/worker.h"
#include "env/env.h"

namespace rheon::run {

[[nodiscard]] std::string control_path(const std::string& data_directory);

/// Answers from when it is started until it is destroyed, on a thread of its own. The worker that
/// it asks may change: an abort makes a new one.
class ControlServer {
 public:
  [[nodiscard]] static Result<std::unique_ptr<ControlServer>> start(env::Env& env,
                                                                    const std::string& directory);

  void attach(engine::Worker& worker);
  /// After this nobody asks the worker any more. It must not be running.
  void detach(engine::Worker& worker);

 private:
  explicit ControlServer(env::Env& env) : env_(env) {}
  [[nodiscard]] std::string answer(const std::string& request);

  env::Env& env_;
  std::mutex mutex_;  // held while a question is answered
  engine::Worker* worker_ = nullptr;
  std::unique_ptr<env::LocalServer> server_;  // last: its thread stops before the rest goes
};

}  // namespace rheon::run
