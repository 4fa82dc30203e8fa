#pragma once

#include <memory>

#include "env/env.h"

namespace rheon::env {

struct PosixOptions {
  unsigned io_threads = 4;  // at least 1
};

/// This machine: a Linux system with its real clock, files, threads and sockets. All parts may be
/// used from any thread. Make one per process, early in main: from then on SIGPIPE is ignored, so
/// that writing to a closed pipe is an error and not the end of the process.
///
/// The destructor lets read_input() return, runs what was submitted to io(), and joins its threads.
[[nodiscard]] std::unique_ptr<Env> make_posix_env();
[[nodiscard]] std::unique_ptr<Env> make_posix_env(const PosixOptions& options);

}  // namespace rheon::env
