#pragma once

// The journal's writing side: appends one epoch after another to segments and syncs each. The sync
// of the frames that end with the commit record is what makes an epoch true.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "env/files.h"
#include "log/files/frame.h"
#include "log/files/records.h"

namespace rheon::log::files {

struct JournalSegment {
  std::uint64_t number = 0;
  Epoch last_epoch;
  std::uint64_t bytes = 0;  // up to the end of its last commit
};

struct JournalOptions {
  std::string directory;
  Identity identity;
  std::uint64_t segment_bytes = 0;
  std::uint64_t step_bytes = 0;
  bool sync = true;
};

/// The first frame's payload of a journal segment.
[[nodiscard]] std::string encode_segment_head(const Identity& identity);
[[nodiscard]] bool decode_segment_head(std::string_view rest, Identity& identity);

/// Used by one thread at a time.
class Journal {
 public:
  Journal(env::Files& files, JournalOptions options);

  /// Goes on behind what recovery found, with a new segment. `last_commit`: the last commit record,
  /// to be repeated.
  void follow(std::vector<JournalSegment> segments, std::string last_commit);
  /// After follow(): goes on in the last segment, which is there and of this lineage.
  [[nodiscard]] Status append_to_last();

  /// What one epoch writes.
  struct Input {
    Epoch epoch;
    const std::vector<std::string>& deltas;
    const std::vector<FactChange>& facts;
    const Standing& before;
  };
  /// Fills in the record's `previous` and `frames`, writes and syncs. Returns the encoded record.
  /// kNoSpace: nothing has happened, call again with the same input. Any other error: this journal
  /// must not be used any more.
  [[nodiscard]] Result<std::string> append(const Input& input, CommitRecord& record);

  /// Work that need not be done while a commit waits: grows the segment ahead of its end, or
  /// prepares the next one.
  [[nodiscard]] bool wants_room() const;
  [[nodiscard]] Status make_room();
  /// Unlinks the segments before `first`.
  [[nodiscard]] Status remove_before(std::uint64_t first);

  [[nodiscard]] const std::vector<JournalSegment>& segments() const { return segments_; }
  [[nodiscard]] std::uint64_t bytes() const;
  [[nodiscard]] std::uint64_t last_append_bytes() const { return last_append_bytes_; }
  [[nodiscard]] std::string path_of(std::uint64_t number) const;

 private:
  struct Open {
    std::uint64_t number = 0;
    std::unique_ptr<env::File> file;
    FrameSeed seed = 0;
    std::uint64_t end = 0;
    std::uint64_t allocated = 0;
    std::uint64_t inode = 0;
    bool in_directory = false;  // its name has been synced
  };

  [[nodiscard]] Result<Open> create(std::uint64_t number);
  [[nodiscard]] Result<Open> next_segment();
  [[nodiscard]] Result<std::string> write_epoch(Open& segment, const Input& input,
                                                CommitRecord& record);
  [[nodiscard]] Status sync(Open& segment);

  env::Files& files_;
  JournalOptions options_;
  std::vector<JournalSegment> segments_;
  Open current_;   // no file: the next epoch begins a segment
  Open prepared_;  // the segment after it, made ahead
  std::string last_commit_;
  std::uint64_t last_append_bytes_ = 0;
};

}  // namespace rheon::log::files
