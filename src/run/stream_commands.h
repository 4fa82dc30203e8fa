#pragma once

// streams ls, streams cat: read what the job has published, without asking it and without its lock.

#include <string>

#include "base/result.h"
#include "env/env.h"

namespace rheon::run {

[[nodiscard]] Result<std::string> list_streams(env::Env& env, const std::string& directory,
                                               bool json);
/// Prints to standard output as it reads; what is returned is the rest.
[[nodiscard]] Result<std::string> cat_stream(env::Env& env, const std::string& directory,
                                             const std::string& stream);

}  // namespace rheon::run
