#pragma once

// More key groups for a job that has run: in its data directory each is split in two, until there
// are as many as the job asks for. One commit holds all of it; a crash leaves the number of before
// or the new one.

#include <cstddef>
#include <cstdint>
#include <string>

#include "base/result.h"
#include "engine/plan.h"
#include "env/env.h"

namespace rheon::engine {

/// The job must not run: takes the directory's lock. Returns the number that there were; when it is
/// the plan's, nothing was to be done. Blocks, and needs memory for all state and once more for
/// what moves. `blob_bytes`: about so much state at a time becomes a frame of the journal.
[[nodiscard]] Result<std::uint32_t> split_key_groups(env::Env& env, const Plan& plan,
                                                     const std::string& directory,
                                                     std::size_t blob_bytes = 16 << 20);

}  // namespace rheon::engine
