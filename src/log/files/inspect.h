#pragma once

// Looking at a data directory that no process runs, and saving what can be saved of a damaged one.
// Nothing here writes into the directory that is looked at.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "env/env.h"
#include "log/log.h"

namespace rheon::log::files {

struct Finding {
  enum class Kind {
    kNotice,  // a crash's trace, or bytes that nobody needs: the log opens and loses nothing
    kDamage,  // something that was committed cannot be read, or may not be what was written
  };
  Kind kind{};
  std::string file;
  std::uint64_t offset = 0;
  std::string sentence;
};

struct CheckReport {
  Identity identity;
  Epoch epoch;  // the last committed, as far as it can be read
  bool complete = false;
  std::uint64_t journal_segments = 0;
  std::uint64_t commits = 0;  // read
  std::uint64_t slices = 0;
  std::uint64_t streams = 0;
  std::uint64_t batches = 0;
  std::vector<Finding> findings;

  [[nodiscard]] bool damaged() const;
};

/// Reads every byte of the directory. An error only when it cannot be read at all, or a process
/// runs the job.
[[nodiscard]] Result<CheckReport> check(env::Files& files, const std::string& directory);

struct DumpLine {
  std::string file;
  std::uint64_t offset = 0;
  std::uint64_t bytes = 0;  // of the whole frame
  std::string type;  // "broken" where reading had to stop, "empty": a file of zeros, "torn": one of
                     // two slots that a crash has left so
  Epoch epoch;
  std::string detail;
};
/// Every frame and slot of every file, in order.
[[nodiscard]] Result<std::vector<DumpLine>> dump(env::Files& files, const std::string& directory);

struct SalvageReport {
  Epoch epoch;                     // what the new directory stands at
  std::vector<std::string> lost;   // sentences; empty when nothing was
  std::vector<std::string> saved;  // sentences
  std::vector<std::string>
      unreadable;  // blocks of the disk: what they held is in `lost`, if it was of use
};
/// Copies into `to`, which must not be there or be empty, the state as of the last epoch that can
/// be read with all before it, as a new lineage that a job can be started on. State and stream
/// segments that cannot be read are left out and named in `lost`.
[[nodiscard]] Result<SalvageReport> salvage(env::Env& env, const std::string& directory,
                                            const std::string& to);

}  // namespace rheon::log::files
