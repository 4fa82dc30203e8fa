#pragma once

// The embedded log: append-only files of one job on one machine. docs/formats/log.md has every
// byte of identity, lock, journal/, witness, snapshot/ and stream/<name>/.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "env/env.h"
#include "log/files/stream_declaration.h"
#include "log/log.h"

namespace rheon::log::files {

/// An epoch that was prepared and of which only who decides outside knows whether it counts.
struct Undecided {
  Epoch epoch;
  const Identity& identity;
  const std::vector<Id>& ancestors;
  const Facts& facts;  // as they are if it counts
};

/// OpenOptions::key_groups for whatever a directory has; where nothing is, nothing is made then.
inline constexpr std::uint32_t kKeyGroupsAsStored = 0;

struct OpenOptions {
  std::string directory;  // "<name>.data"
  std::string job;        // must match what the directory holds
  std::vector<StreamDeclaration> streams;
  bool all_streams = false;  // `streams` are: a directory that holds others is refused
  std::uint32_t key_groups = kDefaultKeyGroups;  // of a fresh directory; must match otherwise
  bool allow_network_file_system = false;
  bool sync = true;  // false: for measuring what syncing costs
  std::uint64_t journal_segment_bytes = 64ull << 20;
  std::uint64_t stream_segment_bytes = 64ull << 20;
  std::uint64_t snapshot_after_bytes = 64ull << 20;  // deltas kept before slices are asked for
  std::uint64_t slice_bytes = 1ull << 20;            // a larger table is cut into several slices
  std::uint64_t ballast_bytes = 4ull << 20;
  std::uint64_t min_free_bytes = 256ull << 20;  // below the smaller of this and 10 % sources pause
  std::uint64_t allocate_ahead_bytes = 8ull << 20;  // segments grow in such steps of zeros
  env::Waker* waker = nullptr;                      // woken when poll() has news
  /// Whether an epoch counts that was prepared last, of which this log does not know it. None: such
  /// a log is refused.
  std::function<Result<bool>(const Undecided&)> decide;
};

struct OpenResult {
  std::unique_ptr<Log> log;
  Opened opened;
};

/// Takes the directory's lock, makes it when it is not there, recovers to the last commit. Blocks.
/// kRefused: another process runs the job, the directory is another job's, newer, copied, or
/// damaged before its last commit; the sentence names file and offset and what can be done.
[[nodiscard]] Result<OpenResult> open(env::Env& env, const OpenOptions& options);

/// Starts a new lineage: with nothing in it (`reset`), or with the state that is there (`adopt`,
/// for a directory that was copied or restored). The job must not be running.
[[nodiscard]] Status reset(env::Env& env, const std::string& directory, const std::string& job);
[[nodiscard]] Status adopt(env::Env& env, const std::string& directory, const std::string& job);

}  // namespace rheon::log::files
