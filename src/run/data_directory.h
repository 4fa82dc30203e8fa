#pragma once

// Who has the data directory of a job right now.

#include <string>

#include "base/result.h"
#include "env/env.h"

namespace rheon::run {

/// True when nothing of a job stands there. An error of the disk says nothing: false.
[[nodiscard]] bool is_gone(env::Env& env, const std::string& directory);

/// Fails with a sentence when nothing of a job stands there.
[[nodiscard]] Status require_data_directory(env::Env& env, const std::string& directory);

/// True while another process holds the directory: a running job, or a command that looks into it.
/// Only asks: a job that starts at the same moment gets its directory.
[[nodiscard]] bool is_held(env::Env& env, const std::string& directory);

/// Waits while the directory is held and nobody answers at its control socket: a job that starts or
/// stops, a command that looks. Gives up after two seconds. False when nobody holds it any more.
bool wait_while_held_silently(env::Env& env, const std::string& directory);

}  // namespace rheon::run
