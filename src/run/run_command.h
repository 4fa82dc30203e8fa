#pragma once

#include "env/env.h"
#include "graph/graph.h"
#include "run/command_line.h"
#include "run/exit_code.h"

namespace rheon::run {

/// `run`: until the input ends, somebody asks it to stop, or something is wrong. Blocks.
[[nodiscard]] ExitCode run_job(env::Env& env, graph::Graph graph, const CommandLine& line);

}  // namespace rheon::run
