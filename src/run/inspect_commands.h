#pragma once

// status, scale, state, ledger, streams: asks the running job over its control socket, or, when
// none runs, opens its log.

#include <string>

#include "base/result.h"
#include "env/env.h"
#include "graph/graph.h"
#include "run/command_line.h"

namespace rheon::run {

/// What to print. Blocks.
[[nodiscard]] Result<std::string> inspect(env::Env& env, const graph::Graph& graph,
                                          const CommandLine& line);

}  // namespace rheon::run
