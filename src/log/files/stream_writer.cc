#include "log/files/stream_writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/assert.h"
#include "log/files/frame_writer.h"
#include "log/files/in_place.h"
#include "log/files/space.h"

namespace rheon::log::files {

std::string StreamWriter::path_of(std::uint64_t number) const {
  return env::join(options_.directory, number_name(number));
}

Result<std::unique_ptr<StreamWriter>> StreamWriter::open(env::Files& files,
                                                         StreamWriterOptions options,
                                                         const StreamState* committed,
                                                         const StreamDeclaration* declaration) {
  std::unique_ptr<StreamWriter> writer(new StreamWriter(files, std::move(options)));
  RHEON_TRY(writer->take_header(committed, declaration));
  if (committed != nullptr) {
    writer->state_ = *committed;
  }
  RHEON_TRY(writer->cut_to(writer->state_));
  const std::string published = env::join(writer->options_.directory, kPublishedFile);
  RHEON_ASSIGN(SlotFile slots,
               SlotFile::open(files, published,
                              published_layout(writer->options_.name, writer->state_.next.size())));
  writer->published_.emplace(std::move(slots));
  if (declaration != nullptr) {
    writer->retention_ = declaration->retention;
  }
  return writer;
}

Status StreamWriter::take_header(const StreamState* committed,
                                 const StreamDeclaration* declaration) {
  auto found = read_stream_header(files_, options_.directory);
  if (!found.has_value()) {
    if (found.error().code != ErrorCode::kNotFound) {
      return tl::unexpected(std::move(found).error());
    }
    const std::string path = env::join(options_.directory, kStreamHeaderFile);
    if (committed != nullptr) {
      return tl::unexpected(damage(path, 0, "the file is missing"));
    }
    RHEON_ASSERT(declaration != nullptr, "a stream is neither committed nor declared");
    return make_header(*declaration);
  }
  if (found->uid != options_.uid || found->name != options_.name ||
      (committed != nullptr && found->incarnation != committed->incarnation)) {
    return fail(ErrorCode::kRefused,
                fmt::format("{} is a stream of another job, or was put there from a copy: bring "
                            "the right one back, or move it away",
                            options_.directory));
  }
  if (declaration != nullptr &&
      (declaration->partitions != found->partitions || declaration->type != found->type)) {
    return fail(ErrorCode::kRefused,
                fmt::format("stream {} has {} partitions of type '{}', and the job now declares {} "
                            "of '{}': both are fixed when a stream is made. Declare them as they "
                            "are, or write a stream with another name",
                            options_.name, found->partitions, found->type, declaration->partitions,
                            declaration->type));
  }
  state_.name = options_.name;
  state_.incarnation = found->incarnation;
  state_.next.assign(found->partitions, 0);
  return {};
}

Status StreamWriter::make_header(const StreamDeclaration& declaration) {
  state_.name = options_.name;
  state_.incarnation = options_.new_incarnation;
  state_.next.assign(declaration.partitions, 0);
  RHEON_TRY(files_.make_directories(options_.directory));
  const std::string bytes =
      stream_header_bytes({options_.name, state_.incarnation, options_.uid, options_.lineage,
                           declaration.partitions, declaration.type});
  return env::replace_whole(files_, env::join(options_.directory, kStreamHeaderFile), bytes);
}

Status StreamWriter::cut_to(const StreamState& committed) {
  RHEON_ASSIGN(const auto numbers, numbered_files(files_, options_.directory));
  const auto is_live = [&](std::uint64_t number) {
    return std::any_of(committed.segments.begin(), committed.segments.end(),
                       [&](const StreamSegment& segment) { return segment.number == number; });
  };
  for (const std::uint64_t number : numbers) {
    if (is_live(number)) {
      files_there_.push_back(number);
    } else {
      RHEON_TRY(files_.remove(path_of(number)));
    }
  }
  for (const StreamSegment& segment : committed.segments) {
    auto info = files_.info(path_of(segment.number));
    if (!info.has_value()) {
      return info.error().code == ErrorCode::kNotFound
                 ? tl::unexpected(damage(path_of(segment.number), 0, "the segment is missing"))
                 : tl::unexpected(std::move(info).error());
    }
    if (info->size < segment.bytes) {
      return tl::unexpected(
          damage(path_of(segment.number), info->size, "the segment is shorter than was committed"));
    }
  }
  if (!committed.segments.empty()) {
    const StreamSegment& last = committed.segments.back();
    RHEON_TRY(open_segment(last.number, false));
    if (allocated_ > last.bytes) {
      // Whatever stands there was not committed: nothing of it may look like a batch later on.
      RHEON_TRY(file_->truncate(last.bytes));
      RHEON_TRY(file_->sync());
      allocated_ = last.bytes;
    }
  }
  // Names that a killed process has made may not be durable yet.
  RHEON_TRY(files_.sync_directory(env::directory_of(options_.directory)));
  return files_.sync_directory(options_.directory);
}

Status StreamWriter::open_segment(std::uint64_t number, bool is_new) {
  const auto mode = is_new ? env::OpenMode::kCreate : env::OpenMode::kReadWrite;
  RHEON_ASSIGN(auto file, files_.open(path_of(number), mode));
  RHEON_ASSIGN(const env::FileInfo info, file->info());
  file_ = std::move(file);
  number_ = number;
  inode_ = info.inode;
  allocated_ = info.size;
  in_directory_ = !is_new;
  if (is_new) {
    files_there_.push_back(number);
  }
  return {};
}

Result<CommitRecord::StreamChange> StreamWriter::write(
    const std::vector<const StreamAppend*>& appends, Epoch epoch) {
  StreamState after = state_;
  if (after.segments.empty() || after.segments.back().bytes >= options_.segment_bytes) {
    const std::uint64_t number = after.segments.empty() ? 1 : after.segments.back().number + 1;
    after.segments.push_back({number, 0, EventTime::none()});
    if (number_ != number) {
      RHEON_TRY(open_segment(number, true));
    }
  }
  RHEON_TRY(write_frames(appends, epoch, after));
  RHEON_TRY(sync());
  RHEON_TRY(check_in_place(files_, path_of(number_), inode_));
  CommitRecord::StreamChange change;
  change.first_segment = first_kept(after);
  const StreamSegment last = after.segments.back();
  change.state = std::move(after);
  change.state.segments = {last};
  return change;
}

Status StreamWriter::write_frames(const std::vector<const StreamAppend*>& appends, Epoch epoch,
                                  StreamState& after) {
  StreamSegment& segment = after.segments.back();
  const FrameSeed seed =
      seed_of({state_.incarnation, FileKind::kStream, options_.name, segment.number});
  std::uint64_t end = segment.bytes + kFrameHeaderBytes + 16 + 8 * after.next.size();
  for (const StreamAppend* append : appends) {
    end += kFrameHeaderBytes + kBatchExtensionBytes + append->batch.size();
  }
  if (end > allocated_) {
    const std::uint64_t step =
        std::clamp(end, std::min(kMinStreamStepBytes, options_.step_bytes), options_.step_bytes);
    RHEON_TRY(reserve(*file_, end, step, allocated_));
  }
  FrameWriter writer(*file_, seed, segment.bytes);
  if (segment.bytes == 0) {
    writer.put({FrameType::kStreamSegment, epoch, {}},
               encode_stream_segment_head(state_.incarnation, after.next));
  }
  for (const StreamAppend* append : appends) {
    const std::string label = encode(BatchLabel{append->partition, append->records,
                                                after.next[append->partition]++, append->max_time});
    writer.put({FrameType::kBatch, epoch, label}, append->batch);
    segment.max_time = std::max(segment.max_time, append->max_time);
  }
  RHEON_TRY(writer.flush());
  segment.bytes = writer.end();
  return {};
}

Status StreamWriter::sync() {
  if (!options_.sync) {
    return {};
  }
  Status status = file_->sync();
  if (status.has_value() && !in_directory_) {
    status = files_.sync_directory(options_.directory);
  }
  if (!status.has_value()) {
    // Not kNoSpace, whatever the system said: a failed sync is never tried again.
    return fail(ErrorCode::kIo, std::move(status).error().message);
  }
  in_directory_ = true;
  return {};
}

std::uint64_t StreamWriter::first_kept(const StreamState& after) const {
  // Time is the stream's own: measured back from its newest event, so that reading old data in,
  // or a stream at rest, loses nothing.
  EventTime newest = EventTime::none();
  for (const StreamSegment& segment : after.segments) {
    newest = std::max(newest, segment.max_time);
  }
  std::uint64_t bytes = after.bytes();
  std::size_t first = 0;
  for (; first + 1 < after.segments.size(); ++first) {
    const StreamSegment& oldest = after.segments[first];
    const bool too_old = retention_.time.has_value() && newest.is_finite() &&
                         oldest.max_time < newest - *retention_.time;
    const bool too_much = retention_.bytes.has_value() && bytes - oldest.bytes >= *retention_.bytes;
    if (!too_old && !too_much) {
      break;
    }
    bytes -= oldest.bytes;
  }
  return after.segments[first].number;
}

CommitRecord::StreamChange StreamWriter::unchanged() const {
  RHEON_ASSERT(state_.segments.empty(), "a stream that is listed already is listed as new");
  CommitRecord::StreamChange change;
  change.state = state_;
  return change;
}

Status StreamWriter::publish_first(Epoch epoch, bool sealed) {
  return published_->fill(published_contents(state_, epoch, sealed));
}

Status StreamWriter::publish(Epoch epoch, bool sealed) {
  RHEON_TRY(published_->write(published_contents(state_, epoch, sealed)));
  unpublished_ = false;
  return {};
}

bool StreamWriter::wants_sync() const {
  return options_.sync && published_->writes_since_sync() >= kSlotSyncCommits;
}

Status StreamWriter::remove_old() {
  while (has_old()) {
    RHEON_TRY(files_.remove(path_of(files_there_.front())));
    files_there_.erase(files_there_.begin());
  }
  return {};
}

}  // namespace rheon::log::files
