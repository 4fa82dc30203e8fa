#pragma once

#include <cstdint>
#include <string_view>

#include "base/result.h"

namespace rheon::env::faulty {

/// What goes wrong, and with which of the operations that change something on the disk: writes,
/// syncs, truncations, preallocations, new names, renames, removals. The first has the number 1.
struct FaultPlan {
  enum class What {
    kStop,        // the process ends before the operation is made
    kIo,          // the operation fails with EIO
    kNoSpace,     // ... with ENOSPC; those that take no space are spared, the next one is hit
    kShortWrite,  // a part of the next write is made, then it fails with EIO
    kFailedSync,  // the next sync of a file or directory fails
  };
  /// Of what was not synced when the process stops.
  enum class Survival { kAll, kSynced, kTorn };

  What what = What::kStop;
  std::uint64_t at = 0;  // 0: with none
  Survival survival = Survival::kAll;
  std::uint64_t seed = 1;  // of what a torn write leaves
};

/// "stop:17:torn:5" (at the 17th operation, torn with seed 5), "stop:17" (all kept), "io:17",
/// "nospace:17", "short:17", "sync:17". kInvalidInput when it is something else.
[[nodiscard]] Result<FaultPlan> parse_fault_plan(std::string_view text);

}  // namespace rheon::env::faulty
