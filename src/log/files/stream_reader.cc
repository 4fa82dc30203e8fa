#include "log/files/stream_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "log/files/frame.h"
#include "log/files/records.h"
#include "log/files/segment_scan.h"
#include "log/files/slot_file.h"
#include "log/files/stream_writer.h"

namespace rheon::log::files {

namespace {

constexpr std::size_t kScanBytes = 256 << 10;
constexpr int kPublishedAttempts = 100;  // against a writer that writes while we read
constexpr std::size_t kHeaderScanBytes = 4 << 10;

/// One segment, open. The scanner's window is shared by all partitions that read here.
struct OpenSegment {
  std::uint64_t number = 0;
  std::unique_ptr<env::File> file;
  std::unique_ptr<FrameScanner> scanner;
  std::uint64_t first_frame = 0;
  std::vector<std::uint64_t> starts;  // per partition: the first sequence in it
};

/// Where the batch `next` of a partition stands, or some place before it.
struct Cursor {
  std::uint64_t next = 0;
  std::uint64_t segment = 0;  // 0: unknown
  std::uint64_t offset = 0;
};

class FileStreamReader : public StreamReader {
 public:
  FileStreamReader(env::Files& files, std::string directory, const StreamHeaderRecord& header)
      : files_(files),
        directory_(std::move(directory)),
        layout_(published_layout(header.name, header.partitions)),
        cursors_(header.partitions) {
    info_ = {header.name, header.incarnation, header.partitions, header.type, false};
  }

  const StreamInfo& info() const override { return info_; }

  Status refresh() override {
    RHEON_TRY(open_published());
    Slots slots;
    for (int attempt = 0; attempt < kPublishedAttempts; ++attempt) {
      RHEON_ASSIGN(slots, read_slots(*published_file_, layout_));
      if (slots[0].has_value() && slots[1].has_value()) {
        break;  // else one is being written: it would be the newer one
      }
    }
    const SlotContents* slot = newest(slots);
    PublishedRecord record;
    if (slot == nullptr || !decode(slot->payload, record)) {
      return unpublished();
    }
    if (slot->owner != info_.incarnation || record.next.size() != info_.partitions) {
      return refused("was made anew while it was read: open it again");
    }
    if (slot->epoch < epoch_) {
      return {};  // the slot that was read last cannot be read now
    }
    epoch_ = slot->epoch;
    published_ = std::move(record);
    info_.sealed = published_.sealed;
    return {};
  }

  Result<StreamPosition> oldest(std::uint32_t partition) override {
    for (;;) {
      if (partition >= info_.partitions) {
        return StreamPosition{info_.incarnation, 0};
      }
      if (published_.last_segment == 0) {  // no segments: none yet, or none any more
        return StreamPosition{info_.incarnation, published_.next[partition]};
      }
      const std::uint64_t first = published_.first_segment;
      const auto opened = segment(first);
      if (opened.has_value()) {
        return StreamPosition{info_.incarnation, (*opened)->starts[partition]};
      }
      RHEON_TRY(retention_was_faster(first, opened.error()));
    }
  }

  Result<bool> more(std::uint32_t partition, const StreamPosition& position) override {
    RHEON_TRY(check_position(partition, position));
    RHEON_ASSIGN(const StreamPosition first, oldest(partition));
    if (position.next_batch < first.next_batch) {
      return gone(partition, position.next_batch);
    }
    return position.next_batch < published_.next[partition];
  }

  Result<StreamSize> size() override {
    StreamSize size;
    // Where the stream ends may have moved on together with where it begins.
    for (std::uint64_t number = published_.first_segment; number <= published_.last_segment;
         ++number) {
      auto measured = measure(number);
      if (measured.has_value()) {
        size.records += measured->records;
        size.bytes += measured->bytes;
        continue;
      }
      RHEON_TRY(retention_was_faster(number, measured.error()));
      number = published_.first_segment - 1;
      size = {};
    }
    return size;
  }

  Result<std::vector<StreamBatchView>> read(std::uint32_t partition, const StreamPosition& position,
                                            std::uint64_t max_bytes) override {
    RHEON_TRY(check_position(partition, position));
    std::vector<StreamBatchView> batches;
    const std::uint64_t end = published_.next[partition];
    if (position.next_batch == end) {
      return batches;
    }
    Cursor& cursor = cursors_[partition];
    if (cursor.segment < published_.first_segment || cursor.next != position.next_batch) {
      RHEON_ASSIGN(cursor, locate(partition, position.next_batch));
    }
    std::uint64_t bytes = 0;
    while (cursor.next < end && (batches.empty() || bytes < max_bytes)) {
      RHEON_ASSIGN(StreamBatchView batch, next_batch(partition, cursor));
      bytes += batch.batch.size();
      batches.push_back(std::move(batch));
    }
    return batches;
  }

 private:
  /// The file that stands there now: who writes the stream makes it anew after a `reset`.
  Status open_published() {
    const std::string path = env::join(directory_, kPublishedFile);
    if (published_file_ != nullptr) {
      RHEON_ASSIGN(const bool stands, env::stands_at(files_, path, published_inode_));
      if (stands) {
        return {};
      }
    }
    RHEON_ASSIGN(published_file_, files_.open(path, env::OpenMode::kRead));
    RHEON_ASSIGN(const env::FileInfo info, published_file_->info());
    published_inode_ = info.inode;
    return {};
  }

  /// Neither slot checks: nothing was ever written there, or what was is damaged.
  [[nodiscard]] Status unpublished() const {
    RHEON_ASSIGN(const env::FileInfo info, published_file_->info());
    RHEON_ASSIGN(const bool zeros, only_zeros(*published_file_, 0, info.size));
    if (zeros) {
      return fail(ErrorCode::kNotFound,
                  fmt::format("stream {} in {} is being made", info_.name, directory_));
    }
    return tl::unexpected(damage(env::join(directory_, kPublishedFile), 0,
                                 "neither slot can be read (the writer puts it right when it "
                                 "starts the next time)"));
  }

  /// A segment is not there any more: looks where the stream begins now.
  Status retention_was_faster(std::uint64_t number, const Error& why) {
    if (why.code != ErrorCode::kNotFound) {
      return tl::unexpected(why);
    }
    RHEON_TRY(refresh());
    if (published_.first_segment <= number) {
      return tl::unexpected(damage(path_of(number), 0, "the segment is missing"));
    }
    return {};
  }

  Result<StreamSize> measure(std::uint64_t number) {
    RHEON_ASSIGN(const auto file, files_.open(path_of(number), env::OpenMode::kRead));
    RHEON_ASSIGN(const FileHead head,
                 read_file_head(*file, path_of(number), {{}, FileKind::kStream, info_.name, number},
                                FrameType::kStreamSegment));
    StreamSize size;
    RHEON_ASSIGN(const std::uint64_t end, committed_end(number, *file));
    FrameScanner scanner(*file, head.seed, head.end, end, kHeaderScanBytes);
    Frame frame;
    Cursor at{0, number, head.end};
    for (ScanOutcome outcome = scanner.next_header(frame); outcome != ScanOutcome::kEnd;
         outcome = scanner.next_header(frame)) {
      BatchLabel label;
      RHEON_TRY(check_frame(outcome, scanner, at, frame, label));
      size.records += label.records;
      at.offset = frame.end();
    }
    size.bytes = at.offset;
    return size;
  }

  [[nodiscard]] tl::unexpected<Error> refused(std::string_view what) const {
    return fail(ErrorCode::kRefused,
                fmt::format("stream {} in {} {}", info_.name, directory_, what));
  }

  Status check_position(std::uint32_t partition, const StreamPosition& position) const {
    if (partition >= info_.partitions) {
      return fail(ErrorCode::kInvalidInput,
                  fmt::format("stream {} has {} partitions, and {} was asked for", info_.name,
                              info_.partitions, partition));
    }
    if (position.incarnation != info_.incarnation) {
      return refused(
          "is not the one that this job has read so far: it was reset or made anew. `reset` this "
          "job as well, or bring the old stream back");
    }
    if (position.next_batch > published_.next[partition]) {
      return refused(fmt::format(
          "ends before batch {} of partition {}, which this job has already read. After a power "
          "failure starting the job that writes it puts that right; otherwise it was put back from "
          "a backup: bring the newer data back, or `reset` this job",
          position.next_batch, partition));
    }
    return {};
  }

  [[nodiscard]] std::string path_of(std::uint64_t number) const {
    return env::join(directory_, number_name(number));
  }

  /// Segments are opened when they are needed, and only the ones that cursors stand in stay open.
  Result<OpenSegment*> segment(std::uint64_t number) {
    if (const auto found = segments_.find(number); found != segments_.end()) {
      RHEON_ASSIGN(const std::uint64_t end, committed_end(number, *found->second.file));
      found->second.scanner->extend(end);
      return &found->second;
    }
    std::erase_if(segments_, [this](const auto& entry) {
      return std::none_of(cursors_.begin(), cursors_.end(),
                          [&](const Cursor& cursor) { return cursor.segment == entry.first; });
    });
    OpenSegment opened;
    opened.number = number;
    auto file = files_.open(path_of(number), env::OpenMode::kRead);
    if (!file.has_value()) {
      return tl::unexpected(std::move(file).error());
    }
    opened.file = std::move(*file);
    RHEON_ASSIGN(const FileHead head, read_file_head(*opened.file, path_of(number),
                                                     {{}, FileKind::kStream, info_.name, number},
                                                     FrameType::kStreamSegment));
    if (head.owner != info_.incarnation || !decode_stream_segment_head(head.rest, opened.starts) ||
        opened.starts.size() != info_.partitions) {
      return tl::unexpected(damage(path_of(number), 0, "the segment is not this stream's"));
    }
    opened.first_frame = head.end;
    RHEON_ASSIGN(const std::uint64_t end, committed_end(number, *opened.file));
    opened.scanner =
        std::make_unique<FrameScanner>(*opened.file, head.seed, head.end, end, kScanBytes);
    return &segments_.emplace(number, std::move(opened)).first->second;
  }

  /// A segment before the last is committed to its last frame; zeros may follow.
  Result<std::uint64_t> committed_end(std::uint64_t number, env::File& file) const {
    if (number == published_.last_segment) {
      return published_.end;
    }
    RHEON_ASSIGN(const env::FileInfo info, file.info());
    return info.size;
  }

  /// The last segment that begins at or before the batch.
  Result<Cursor> locate(std::uint32_t partition, std::uint64_t next) {
    for (std::uint64_t number = published_.last_segment; number >= published_.first_segment;
         --number) {
      auto opened = segment(number);
      if (!opened.has_value()) {
        RHEON_TRY(retention_was_faster(number, opened.error()));
        break;
      }
      if ((*opened)->starts[partition] <= next) {
        return Cursor{next, number, (*opened)->first_frame};
      }
    }
    return gone(partition, next);
  }

  [[nodiscard]] tl::unexpected<Error> gone(std::uint32_t partition, std::uint64_t batch) const {
    return refused(fmt::format(
        "does not hold batch {} of partition {} any more: its retention is shorter than this job "
        "was behind. Give the stream a longer retention, and `reset` this job to go on without "
        "what is gone",
        batch, partition));
  }

  Result<StreamBatchView> next_batch(std::uint32_t partition, Cursor& cursor) {
    for (;;) {
      auto opened = segment(cursor.segment);
      if (!opened.has_value()) {
        if (opened.error().code == ErrorCode::kNotFound) {
          RHEON_ASSIGN(cursor, locate(partition, cursor.next));
          continue;
        }
        return tl::unexpected(std::move(opened).error());
      }
      FrameScanner& scanner = *(*opened)->scanner;
      cursor.offset = std::max(cursor.offset, (*opened)->first_frame);
      scanner.seek(cursor.offset);
      Frame frame;
      const ScanOutcome outcome = scanner.next_header(frame);
      if (outcome == ScanOutcome::kEnd && cursor.segment < published_.last_segment) {
        cursor = {cursor.next, cursor.segment + 1, 0};
        continue;
      }
      BatchLabel label;
      RHEON_TRY(check_frame(outcome, scanner, cursor, frame, label));
      cursor.offset = frame.end();
      if (label.partition == partition && label.sequence == cursor.next) {
        return take_batch(scanner, frame.offset, label, cursor);
      }
      if (label.partition == partition && label.sequence > cursor.next) {
        return tl::unexpected(damage(
            path_of(cursor.segment), frame.offset,
            fmt::format("batch {} of partition {} is missing before it", cursor.next, partition)));
      }
    }
  }

  Status check_frame(ScanOutcome outcome, const FrameScanner& scanner, const Cursor& cursor,
                     const Frame& frame, BatchLabel& label) const {
    switch (outcome) {
      case ScanOutcome::kFailed:
        return tl::unexpected(scanner.error());
      case ScanOutcome::kEnd:
        return tl::unexpected(
            damage(path_of(cursor.segment), cursor.offset, "committed batches are missing"));
      case ScanOutcome::kBroken:
        return tl::unexpected(damage(path_of(cursor.segment), cursor.offset, scanner.fault()));
      case ScanOutcome::kFrame:
        break;
    }
    if (frame.header.type != FrameType::kBatch || !decode(frame.extension, label)) {
      return tl::unexpected(damage(path_of(cursor.segment), frame.offset, "this is no batch"));
    }
    return {};
  }

  Result<StreamBatchView> take_batch(FrameScanner& scanner, std::uint64_t offset,
                                     const BatchLabel& label, Cursor& cursor) {
    scanner.seek(offset);
    Frame frame;
    const ScanOutcome outcome = scanner.next(frame);
    BatchLabel again;
    cursor.offset = offset;
    RHEON_TRY(check_frame(outcome, scanner, cursor, frame, again));
    cursor.offset = frame.end();
    ++cursor.next;
    return StreamBatchView{label.partition, label.sequence, label.records,
                           std::string(frame.payload)};
  }

  env::Files& files_;
  std::string directory_;
  SlotLayout layout_;
  StreamInfo info_;
  std::unique_ptr<env::File> published_file_;
  std::uint64_t published_inode_ = 0;
  Epoch epoch_;  // that published_ is of
  PublishedRecord published_;
  std::map<std::uint64_t, OpenSegment> segments_;
  std::vector<Cursor> cursors_;
};

}  // namespace

Result<std::unique_ptr<StreamReader>> open_stream(env::Files& files, const std::string& directory,
                                                  const std::string& stream) {
  const std::string path = env::join(env::join(directory, kStreamDirectory), stream);
  RHEON_ASSIGN(StreamHeaderRecord header, read_stream_header(files, path));
  auto reader = std::make_unique<FileStreamReader>(files, path, header);
  RHEON_TRY(reader->refresh());
  return reader;
}

Result<std::vector<StreamInfo>> list_streams(env::Files& files, const std::string& directory) {
  std::vector<StreamInfo> streams;
  auto names = files.list(env::join(directory, kStreamDirectory));
  if (!names.has_value()) {
    return names.error().code == ErrorCode::kNotFound
               ? Result<std::vector<StreamInfo>>(std::move(streams))
               : tl::unexpected(std::move(names).error());
  }
  for (const std::string& name : *names) {
    auto reader = open_stream(files, directory, name);
    if (reader.has_value()) {
      streams.push_back((*reader)->info());
    } else if (reader.error().code != ErrorCode::kNotFound) {
      return tl::unexpected(std::move(reader).error());
    }
  }
  return streams;
}

}  // namespace rheon::log::files
