#pragma once

// The part of the embedded log that touches the disk after open(): one commit, then what can wait
// until the commit has been reported. Used by one thread at a time: an I/O thread while a piece of
// work runs, the coordinator otherwise.

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "env/env.h"
#include "log/files/compaction.h"
#include "log/files/file_log.h"
#include "log/files/identity.h"
#include "log/files/journal.h"
#include "log/files/snapshot_store.h"
#include "log/files/space.h"
#include "log/files/stream_writer.h"

namespace rheon::log::files {

/// What recovery hands over: everything is as of `standing`.
struct CommitterParts {
  std::string directory;
  Identity identity;
  Standing standing;
  Journal journal;
  SnapshotStore snapshots;
  std::map<std::string, std::unique_ptr<StreamWriter>, std::less<>> streams;
  SlotFile witness;
  SpaceKeeper space;
  bool sync = true;
};

struct CommitOutcome {
  Status decided;        // kNoSpace: try again; any other error: not committed, all is over
  Status after;          // an error: committed, but all is over
  std::string shortage;  // a sentence when there is little room left
  std::uint64_t micros = 0;
};

struct TidyOutcome {
  Status status;
  std::string shortage;
  std::vector<SliceEntry> written;  // slices
  std::vector<SliceAddress> not_written;
};

class Committer {
 public:
  Committer(env::Env& env, CommitterParts parts) : env_(env), parts_(std::move(parts)) {}

  /// `sets`: completed slice sets; `first_segment`: the oldest journal segment that is needed.
  [[nodiscard]] CommitOutcome commit(const Commit& commit, const std::vector<SliceSet>& sets,
                                     std::uint64_t first_segment);
  /// A commit that was prepared counts.
  [[nodiscard]] CommitOutcome decided();

  /// True when tidy() would have something to do even without slices.
  [[nodiscard]] bool wants_tidying() const;
  /// Writes the slices that the last commit carried, unlinks what it no longer lists, grows files
  /// ahead of their ends. `keep_from`: the first snapshot file with slices that a commit is still
  /// to list.
  [[nodiscard]] TidyOutcome tidy(const std::vector<Slice>& slices,
                                 std::optional<std::uint64_t> keep_from);

  [[nodiscard]] const Standing& standing() const { return parts_.standing; }
  /// The first journal segment that holds deltas of `oldest` or later; the last when none does.
  [[nodiscard]] std::uint64_t segment_of(std::optional<Epoch> oldest) const;
  [[nodiscard]] Status check(const Commit& commit) const;
  [[nodiscard]] std::vector<CellKey> sparse_cells() const {
    return parts_.snapshots.sparse_cells(parts_.standing);
  }
  [[nodiscard]] Usage usage() const;
  /// Of the journal's segments before the last.
  [[nodiscard]] std::uint64_t old_journal_bytes() const;
  [[nodiscard]] const CommitterParts& parts() const { return parts_; }

 private:
  [[nodiscard]] Status decide(const Commit& commit, const std::vector<SliceSet>& sets,
                              std::uint64_t first_segment);
  [[nodiscard]] Status write_streams(const Commit& commit, CommitRecord& record);
  /// Tells who looks from outside what the last commit has made true.
  [[nodiscard]] Status tell();
  [[nodiscard]] Status tell_even_if_full();
  [[nodiscard]] bool wants_witness_sync() const;
  [[nodiscard]] Status tidy_files(std::optional<std::uint64_t> keep_from);
  void make_room(TidyOutcome& outcome);
  void write_slices(const std::vector<Slice>& slices, TidyOutcome& outcome);

  env::Env& env_;
  CommitterParts parts_;
  bool slices_changed_ = true;
  bool seal_changed_ = false;
};

}  // namespace rheon::log::files
