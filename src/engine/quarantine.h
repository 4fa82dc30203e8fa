#pragma once

// Records that could not be processed go to the stream "quarantine" of the job's own log, in the
// same commit as everything else.

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "engine/epoch_part.h"
#include "engine/shard_context.h"
#include "log/files/file_log.h"

namespace rheon::engine {

inline constexpr std::string_view kQuarantineStream = "quarantine";

/// What open() must be told about the stream.
[[nodiscard]] log::files::StreamDeclaration quarantine_declaration();

/// Moves what the shard has quarantined in this epoch into its part; the next epoch begins with
/// what was quarantined behind the barrier meanwhile.
void take_quarantined(ShardContext& shard, EpochPart& part);

/// All that is kept of it in a job's data directory, in the order of commits. Blocks.
[[nodiscard]] Result<std::vector<Quarantined>> read_quarantine(env::Files& files,
                                                               const std::string& directory);

}  // namespace rheon::engine
