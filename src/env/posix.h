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

/// For main, before anything else: from now on, when an allocation fails because memory is used up,
/// or a thread cannot be started, the process says so on its standard error and ends at once with
/// exit code 1, whatever it is doing. To what is durable that is a crash like any other. An
/// allocation that fails while there is a lot of memory throws std::bad_alloc as ever.
void end_when_memory_is_used_up();

}  // namespace rheon::env
