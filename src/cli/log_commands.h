#pragma once

// `rheon log check|dump|salvage DIR`: the offline tools for a job's data directory.

#include <memory>
#include <ostream>

#include "env/env.h"

namespace CLI {
class App;
}

namespace rheon::cli {

// What a program of Rheon exits with.
inline constexpr int kExitFine = 0;
inline constexpr int kExitError = 1;
inline constexpr int kExitUsage = 2;
inline constexpr int kExitRefused = 3;  // damaged, something was lost, or a process runs the job

struct Output {
  std::ostream& out;
  std::ostream& error;
};

/// Adds the commands below `app`. Parsing runs the one that was asked for and puts its exit code
/// into `exit_code`; `env`, `output` and `exit_code` must outlive the parsing.
void add_log_commands(CLI::App& app, env::Env& env, const Output& output, int& exit_code);

/// The whole program: parses, runs, returns the exit code.
[[nodiscard]] int run(env::Env& env, int argc, const char* const* argv, const Output& output);

}  // namespace rheon::cli
