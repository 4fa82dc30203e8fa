#pragma once

// Finds the last commit in a journal and decides whether what stands behind it is a crash's trace,
// which is cut off, or damage, which is refused.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "env/files.h"
#include "log/files/journal.h"
#include "log/files/records.h"
#include "log/files/segment_scan.h"

namespace rheon::log::files {

/// What the witness file says: this commit was durable.
struct Witnessed {
  Id lineage;
  Epoch epoch;
  Chain chain;
};

struct RecoveryInput {
  std::string directory;  // the data directory
  IdentityRecord identity;
  std::optional<Witnessed> witness;  // none: not to be asked (adopt)
  std::optional<Epoch> discard;      // was prepared last, and does not count
  /// Called once the last commit is known, before the first delta; may be empty.
  std::function<void(const Standing&)> on_standing;
  DeltaSink on_delta;  // each committed delta, in order; may be empty
};

struct Recovered {
  Standing standing;
  std::vector<JournalSegment> segments;  // needed ones, ascending; none before the first commit
  Id lineage;                            // of the last of them
  std::string last_commit;               // its encoded record
  Chain before;                          // of the epoch before it
  bool undecided = false;                // it was prepared, and no witness says that it counts
  std::uint64_t last_epoch = 0;          // where its epoch's frames start in the last segment
  std::vector<std::uint64_t> unneeded;   // segments that recovery may unlink
  bool cut = false;                      // bytes behind the last commit must go
  std::string notice;
};

/// Reads only. Damage is kCorrupt, with the sentence.
[[nodiscard]] Result<Recovered> recover_journal(env::Files& files, const RecoveryInput& input);

/// Brings the journal's files to what recovery found: unlinks what is not needed, cuts off a
/// crash's trace, and makes the last epoch durable, whatever happened to its sync.
[[nodiscard]] Status repair_journal(env::Files& files, const std::string& directory,
                                    const Recovered& recovered);

}  // namespace rheon::log::files
