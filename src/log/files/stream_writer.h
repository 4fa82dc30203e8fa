#pragma once

// The writing side of one durable stream: stream/<name>/.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "env/files.h"
#include "log/files/file_log.h"
#include "log/files/frame.h"
#include "log/files/records.h"
#include "log/files/slot_file.h"

namespace rheon::log::files {

struct StreamWriterOptions {
  std::string directory;  // stream/<name>
  std::string name;
  Id uid;
  Id lineage;
  Id new_incarnation;  // when it is made
  std::uint64_t segment_bytes = 0;
  std::uint64_t step_bytes = 0;  // largest step that a segment grows by
  bool sync = true;
};

/// Where readers and the writer agree.
[[nodiscard]] SlotLayout published_layout(const std::string& stream, std::size_t partitions);
/// What readers of a stream in this state are told.
[[nodiscard]] SlotContents published_contents(const StreamState& state, Epoch epoch, bool sealed);
/// kNotFound when there is no such stream.
[[nodiscard]] Result<StreamHeaderRecord> read_stream_header(env::Files& files,
                                                            const std::string& directory);
[[nodiscard]] std::string stream_header_bytes(const StreamHeaderRecord& record);

/// The payload of a segment's first frame: per partition the sequence of the first batch in it.
[[nodiscard]] std::string encode_stream_segment_head(const Id& incarnation,
                                                     const std::vector<std::uint64_t>& next);
[[nodiscard]] bool decode_stream_segment_head(std::string_view rest,
                                              std::vector<std::uint64_t>& next);

struct BatchLabel {
  std::uint32_t partition = 0;
  std::uint32_t records = 0;
  std::uint64_t sequence = 0;
  EventTime max_time;
};
[[nodiscard]] std::string encode(const BatchLabel& label);
[[nodiscard]] bool decode(std::string_view extension, BatchLabel& label);

/// Used by one thread at a time. write() stages, accept() makes it stand: between the two lies the
/// journal's sync.
class StreamWriter {
 public:
  /// Brings the files to what the journal says is committed: none when it has never listed the
  /// stream. `declaration`: none for a stream that the job does not write any more.
  [[nodiscard]] static Result<std::unique_ptr<StreamWriter>> open(
      env::Files& files, StreamWriterOptions options, const StreamState* committed,
      const StreamDeclaration* declaration);

  /// Appends and syncs. kNoSpace: may be called again with the same input. Any other error: the
  /// stream must not be written any more.
  [[nodiscard]] Result<CommitRecord::StreamChange> write(
      const std::vector<const StreamAppend*>& appends, Epoch epoch);
  /// The stream with nothing in it yet, for a commit that lists it for the first time.
  [[nodiscard]] CommitRecord::StreamChange unchanged() const;
  void accept(const StreamState& committed) {
    unpublished_ = unpublished_ || committed.next != state_.next;
    state_ = committed;
  }
  /// True when readers have not been told of all that was accepted.
  [[nodiscard]] bool unpublished() const { return unpublished_; }

  /// Tells readers, after open(). Synced.
  [[nodiscard]] Status publish_first(Epoch epoch, bool sealed);
  /// Tells readers. Not synced.
  [[nodiscard]] Status publish(Epoch epoch, bool sealed);
  [[nodiscard]] Status sync_published() { return published_->sync(); }
  [[nodiscard]] bool wants_sync() const;
  /// True when remove_old() has something to do. What readers still see is not old.
  [[nodiscard]] bool has_old() const {
    return !unpublished_ && !files_there_.empty() && !state_.segments.empty() &&
           files_there_.front() < state_.segments.front().number;
  }
  /// Unlinks segments that are not part of the stream any more.
  [[nodiscard]] Status remove_old();

  [[nodiscard]] const StreamState& state() const { return state_; }
  [[nodiscard]] bool has_partition(std::uint32_t partition) const {
    return partition < state_.next.size();
  }

 private:
  StreamWriter(env::Files& files, StreamWriterOptions options)
      : files_(files), options_(std::move(options)) {}

  [[nodiscard]] Status take_header(const StreamState* committed,
                                   const StreamDeclaration* declaration);
  [[nodiscard]] Status make_header(const StreamDeclaration& declaration);
  [[nodiscard]] Status cut_to(const StreamState& committed);
  [[nodiscard]] Status open_segment(std::uint64_t number, bool is_new);
  [[nodiscard]] Status write_frames(const std::vector<const StreamAppend*>& appends, Epoch epoch,
                                    StreamState& after);
  [[nodiscard]] Status sync();
  [[nodiscard]] std::uint64_t first_kept(const StreamState& after) const;
  [[nodiscard]] std::string path_of(std::uint64_t number) const;

  env::Files& files_;
  StreamWriterOptions options_;
  Retention retention_;
  StreamState state_;  // as committed
  std::unique_ptr<env::File> file_;
  std::uint64_t number_ = 0;
  std::uint64_t allocated_ = 0;
  std::uint64_t inode_ = 0;
  bool in_directory_ = false;
  bool unpublished_ = false;
  std::vector<std::uint64_t> files_there_;  // segments on the disk, ascending
  std::optional<SlotFile> published_;
};

}  // namespace rheon::log::files
