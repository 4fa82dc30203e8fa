#pragma once

// The files in snapshot/: slices, packed one behind the other. They are written and synced in the
// time between two commits, and listed by the second of them: compaction costs a commit nothing.

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "env/files.h"
#include "log/files/frame.h"
#include "log/files/records.h"

namespace rheon::log::files {

inline constexpr std::size_t kSliceExtensionBytes = 16;  // state, group, first hash, last hash

class SnapshotStore {
 public:
  struct Options {
    std::string directory;
    Id lineage;
    std::uint64_t file_bytes = 0;  // a file that has grown beyond is not appended to
    bool sync = true;
  };
  SnapshotStore(env::Files& files, Options options);

  /// Unlinks files that hold no live slice. New slices go to new files.
  [[nodiscard]] Status resume(const Standing& standing);

  /// Writes and syncs. kNoSpace: nothing was kept, and it may be tried again with other slices.
  [[nodiscard]] Result<std::vector<SliceEntry>> write(const std::vector<Slice>& slices,
                                                      Epoch as_of);

  /// After the commit that lists `standing.slices` is durable: unlinks files without live slices.
  /// `keep_from`: the first file with slices that a commit is still to list.
  [[nodiscard]] Status remove_dead(const Standing& standing,
                                   std::optional<std::uint64_t> keep_from);
  /// Cells of files of which less than a quarter is live.
  [[nodiscard]] std::vector<CellKey> sparse_cells(const Standing& standing) const;
  [[nodiscard]] std::uint64_t bytes() const;

 private:
  [[nodiscard]] Status begin_file();
  [[nodiscard]] std::string path_of(std::uint64_t number) const;

  env::Files& files_;
  Options options_;
  std::map<std::uint64_t, std::uint64_t> sizes_;  // of all files, by number
  std::uint64_t last_number_ = 0;
  std::unique_ptr<env::File> file_;  // the one that is appended to, or null
  std::uint64_t number_ = 0;
  FrameSeed seed_ = 0;
  std::uint64_t end_ = 0;
  bool in_directory_ = false;
};

/// Reads slices back. One thread.
class SliceReader {
 public:
  SliceReader(env::Files& files, std::string directory)
      : files_(files), directory_(std::move(directory)) {}
  /// The blob; valid until the next call. kCorrupt when it is not what was written.
  [[nodiscard]] Result<std::string_view> read(const SliceEntry& slice);

 private:
  env::Files& files_;
  std::string directory_;
  std::uint64_t number_ = 0;
  std::unique_ptr<env::File> file_;
  std::uint64_t file_bytes_ = 0;
  FrameSeed seed_ = 0;
  std::string buffer_;
};

/// The fields of a slice's frame that stand before its blob.
[[nodiscard]] std::string encode_slice_address(const SliceAddress& address);

}  // namespace rheon::log::files
