#pragma once

// Records that could not be processed go to the stream "quarantine" of the job's own log, in the
// same commit as everything else.

#include <string_view>

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

}  // namespace rheon::engine
