#pragma once

// Feeds committed state back: the slices, then the deltas since.

#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "env/files.h"
#include "log/files/journal.h"
#include "log/files/records.h"
#include "log/log.h"

namespace rheon::log::files {

/// What restore reads; does not change once open() has made it, so any thread may read with it.
struct RestorePlan {
  std::string directory;
  Epoch epoch;  // the last committed
  std::vector<JournalSegment> segments;
  std::vector<SliceEntry> slices;  // by file and offset
};

[[nodiscard]] RestorePlan plan_restore(const std::string& directory, const Standing& standing,
                                       std::vector<JournalSegment> segments);

[[nodiscard]] Status restore(env::Files& files, const RestorePlan& plan,
                             const std::function<bool(KeyGroup)>& wanted, RestoreVisitor& visitor);

}  // namespace rheon::log::files
