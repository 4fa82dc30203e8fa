#pragma once

// What happens when a user's code throws. Each call of user code has its own catch block, so that
// nothing it throws passes through the operators before it.

#include <string>
#include <string_view>

#include "engine/shard_context.h"

namespace rheon::engine {

/// What becomes of a record at which user code throws: the job stops with a sentence, or the record
/// goes to the quarantine stream and the job goes on.
enum class OnThrow { kStop, kQuarantine };

/// In a catch block: what was thrown, for a sentence.
[[nodiscard]] std::string thrown();

/// The beginning of a record's bytes as it can stand in a sentence.
[[nodiscard]] std::string shown_record(std::string_view record);

/// In a catch block: stops the job. `who`: "operator 'counts'".
[[gnu::cold, gnu::noinline]] void stop_at_record(ShardContext& shard, const std::string& who,
                                                 std::string_view record);
/// ... when no record is being processed. `where`: "init()".
[[gnu::cold, gnu::noinline]] void stop_outside_records(ShardContext& shard, const std::string& who,
                                                       std::string_view where);

}  // namespace rheon::engine
