#include "log/files/journal.h"

#include <algorithm>
#include <array>
#include <span>
#include <utility>

#include "base/assert.h"
#include "base/rare_branch.h"
#include "log/files/frame_writer.h"
#include "log/files/in_place.h"
#include "log/files/space.h"

namespace rheon::log::files {

namespace {

// Above this much per commit the device is what limits, and writing zeros ahead would halve it.
constexpr std::uint64_t kZeroAheadCommitBytes = 1ull << 20;

Status write_zeros(env::File& file, std::uint64_t from, std::uint64_t to) {
  static constexpr std::array<std::byte, 256 * 1024> kZeros{};
  for (std::uint64_t at = from; at < to;) {
    const std::size_t count = std::min<std::uint64_t>(kZeros.size(), to - at);
    RHEON_TRY(file.write_at(at, std::span(kZeros).first(count)));
    at += count;
  }
  return {};
}

}  // namespace

std::string encode_segment_head(const Identity& identity) {
  std::string out;
  put_id(out, identity.lineage);
  put_id(out, identity.uid);
  codec::put_bytes(out, identity.job);
  codec::put_u32(out, identity.key_groups);
  return out;
}

bool decode_segment_head(std::string_view rest, Identity& identity) {
  codec::Reader reader(rest);
  identity.uid = get_id(reader);
  identity.job = std::string(reader.bytes());
  identity.key_groups = reader.u32();
  return !reader.failed() && reader.at_end();
}

Journal::Journal(env::Files& files, JournalOptions options)
    : files_(files), options_(std::move(options)) {}

std::string Journal::path_of(std::uint64_t number) const {
  return env::join(options_.directory, number_name(number));
}

void Journal::follow(std::vector<JournalSegment> segments, std::string last_commit) {
  segments_ = std::move(segments);
  last_commit_ = std::move(last_commit);
}

Status Journal::append_to_last() {
  RHEON_ASSERT(!segments_.empty(), "there is no segment to go on in");
  const JournalSegment& last = segments_.back();
  RHEON_ASSIGN(current_.file, files_.open(path_of(last.number), env::OpenMode::kReadWrite));
  RHEON_ASSIGN(const env::FileInfo info, current_.file->info());
  current_.number = last.number;
  current_.seed = seed_of({options_.identity.lineage, FileKind::kJournal, {}, last.number});
  current_.end = last.bytes;
  current_.allocated = info.size;
  current_.inode = info.inode;
  current_.in_directory = true;
  return {};
}

Result<Journal::Open> Journal::create(std::uint64_t number) {
  Open segment;
  segment.number = number;
  RHEON_ASSIGN(segment.file, files_.open(path_of(number), env::OpenMode::kCreate));
  RHEON_ASSIGN(const env::FileInfo info, segment.file->info());
  segment.seed = seed_of({options_.identity.lineage, FileKind::kJournal, {}, number});
  segment.allocated = info.size;
  segment.inode = info.inode;
  RHEON_TRY(reserve(*segment.file, 0, options_.step_bytes, segment.allocated));
  return segment;
}

Result<Journal::Open> Journal::next_segment() {
  const std::uint64_t number = segments_.empty() ? 1 : segments_.back().number + 1;
  if (prepared_.file != nullptr) {
    RHEON_ASSERT(prepared_.number == number, "a segment was prepared for another place");
    return std::move(prepared_);
  }
  return create(number);
}

Result<std::string> Journal::append(const Input& input, CommitRecord& record) {
  const bool begins = current_.file == nullptr || current_.end >= options_.segment_bytes ||
                      rare_branch(RareBranch::kSegment);
  if (!begins) {
    const std::uint64_t before = current_.end;
    auto payload = write_epoch(current_, input, record);
    if (!payload.has_value()) {
      current_.end = before;
      return payload;
    }
    last_append_bytes_ = current_.end - before;
    segments_.back().last_epoch = input.epoch;
    segments_.back().bytes = current_.end;
    last_commit_ = *payload;
    return payload;
  }
  RHEON_ASSIGN(Open segment, next_segment());
  auto payload = write_epoch(segment, input, record);
  if (!payload.has_value()) {
    segment.end = 0;
    prepared_ = std::move(segment);  // for the next attempt
    return payload;
  }
  last_append_bytes_ = segment.end;
  segments_.push_back({segment.number, input.epoch, segment.end});
  current_ = std::move(segment);
  last_commit_ = *payload;
  return payload;
}

Result<std::string> Journal::write_epoch(Open& segment, const Input& input, CommitRecord& record) {
  FrameWriter writer(*segment.file, segment.seed, segment.end);
  const auto put = [&](FrameType type, Epoch epoch, std::string_view payload) {
    writer.put({type, epoch, {}}, payload);
  };
  if (segment.end == 0) {
    put(FrameType::kJournalSegment, input.before.epoch, encode_segment_head(options_.identity));
    put(FrameType::kBase, input.epoch, encode(input.before));
  }
  if (!last_commit_.empty()) {
    put(FrameType::kEcho, input.epoch, last_commit_);
  }
  for (const std::string& delta : input.deltas) {
    put(FrameType::kDelta, input.epoch, delta);
  }
  if (!input.facts.empty()) {
    put(FrameType::kFacts, input.epoch, encode(input.facts));
  }
  record.previous = input.before.chain;
  record.frames = writer.take_checks();
  std::string payload = encode(record);
  put(FrameType::kCommit, input.epoch, payload);
  RHEON_TRY(writer.status());  // it is not tried again, as lack of space would be
  if (writer.end() > segment.allocated) {
    RHEON_TRY(reserve(*segment.file, writer.end(), options_.step_bytes, segment.allocated));
  }
  RHEON_TRY(writer.flush());
  segment.end = writer.end();
  RHEON_TRY(sync(segment));
  RHEON_TRY(check_in_place(files_, path_of(segment.number), segment.inode));
  return payload;
}

Status Journal::sync(Open& segment) {
  if (!options_.sync) {
    return {};
  }
  const auto stopped = [](Error error) {
    // Not kNoSpace, whatever the system said: a failed sync is never tried again.
    return fail(ErrorCode::kIo, std::move(error.message));
  };
  if (auto status = segment.file->sync(); !status.has_value()) {
    return stopped(std::move(status).error());
  }
  if (!segment.in_directory) {
    if (auto status = files_.sync_directory(options_.directory); !status.has_value()) {
      return stopped(std::move(status).error());
    }
    segment.in_directory = true;
  }
  return {};
}

bool Journal::wants_room() const {
  if (current_.file == nullptr) {
    return false;
  }
  if (current_.end >= options_.segment_bytes - options_.segment_bytes / 4) {
    return prepared_.file == nullptr;
  }
  return current_.end + options_.step_bytes / 2 > current_.allocated;
}

Status Journal::make_room() {
  const bool zeros = options_.sync && last_append_bytes_ < kZeroAheadCommitBytes;
  if (current_.end >= options_.segment_bytes - options_.segment_bytes / 4) {
    RHEON_ASSIGN(Open next, create(current_.number + 1));
    if (zeros) {
      RHEON_TRY(write_zeros(*next.file, 0, next.allocated));
    }
    RHEON_TRY(sync(next));
    prepared_ = std::move(next);
    return {};
  }
  const std::uint64_t from = std::max(current_.allocated, current_.end);
  const std::uint64_t size = current_.end + options_.step_bytes;
  RHEON_TRY(current_.file->preallocate(size));
  current_.allocated = size;
  if (zeros) {
    RHEON_TRY(write_zeros(*current_.file, from, current_.allocated));
  }
  return sync(current_);
}

Status Journal::remove_before(std::uint64_t first) {
  // The directory is not synced: a segment that a crash brings back is removed again by recovery.
  while (!segments_.empty() && segments_.front().number < first) {
    RHEON_TRY(files_.remove(path_of(segments_.front().number)));
    segments_.erase(segments_.begin());
  }
  return {};
}

std::uint64_t Journal::bytes() const {
  std::uint64_t sum = 0;
  for (const JournalSegment& segment : segments_) {
    sum += segment.bytes;
  }
  return sum;
}

}  // namespace rheon::log::files
