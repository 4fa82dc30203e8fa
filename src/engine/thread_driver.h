#pragma once

// Drives a worker in production: a thread for each shard, the coordinator on the calling thread.

#include <functional>

#include "base/result.h"
#include "engine/worker.h"

namespace rheon::engine {

/// Runs an opened worker until it has finished or failed; the error of a failure is the result.
/// `tick` is called on this thread about every `tick_every`, for a live line.
[[nodiscard]] Status drive(env::Env& env, Worker& worker, std::chrono::milliseconds tick_every,
                           const std::function<void()>& tick);

}  // namespace rheon::engine
