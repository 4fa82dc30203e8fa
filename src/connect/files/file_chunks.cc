#include "connect/files/file_chunks.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "connect/files/file_discovery.h"

namespace rheon::connect::files {

FileChunks::FileChunks(env::Env& env, env::Waker* waker, FilePosition start, FileEnd end)
    : env_(env),
      start_(std::move(start)),
      end_(end),
      next_offset_(start_.offset),
      task_(env.io(), waker) {}

std::string_view FileChunks::chunk() const {
  const Buffer& buffer = buffers_[current_];
  return {buffer.bytes.get(), buffer.size};
}

Result<FileChunks::State> FileChunks::advance() {
  buffers_[current_].filled = false;
  if (task_.pending()) {
    return at_end_ ? State::kAtEnd : State::kWaiting;
  }
  RHEON_TRY(status_);
  if (buffers_[1 - current_].filled) {
    current_ = 1 - current_;
    at_end_ = false;
    look_again_after_ = kLookAgainFirst;
    if (seen_ == Seen::kMore) {
      start_reading();
    }
    return State::kReady;
  }
  switch (seen_) {
    case Seen::kMore:
      start_reading();
      return State::kWaiting;
    case Seen::kEnd:
      break;
    case Seen::kEnded:
      return State::kEnded;
    case Seen::kCut:
      return State::kCut;
  }
  const env::Monotonic now = env_.clock().monotonic();
  if (!std::exchange(at_end_, true)) {
    for (Buffer& buffer : buffers_) {
      buffer.bytes.reset();  // a file that is only watched needs no memory
    }
    look_again_at_ = now + look_again_after_;
  } else if (now >= look_again_at_) {
    look_again_after_ = std::min(2 * look_again_after_, kLookAgainAtMost);
    look_again_at_ = now + look_again_after_;
    start_reading();
  }
  return State::kAtEnd;
}

void FileChunks::start_reading() {
  task_.submit([this, &into = buffers_[1 - current_]] { status_ = read(into); });
}

Status FileChunks::read(Buffer& into) {
  if (file_ == nullptr) {
    RHEON_TRY(open());
    if (seen_ != Seen::kMore) {
      return {};
    }
  }
  // What comes after the end was seen may be the beginning of another text in the same file.
  if (seen_ == Seen::kEnd && !is_ours()) {
    return leave(Seen::kCut);
  }
  if (into.bytes == nullptr) {
    into.bytes.reset(new char[kChunkBytes]);
  }
  std::size_t wanted = kChunkBytes;
  if (stop_at_.has_value()) {
    wanted = std::min<std::uint64_t>(wanted, *stop_at_ - std::min(*stop_at_, next_offset_));
  }
  RHEON_ASSIGN(
      into.size,
      file_->read_at(next_offset_, std::as_writable_bytes(std::span(into.bytes.get(), wanted))));
  into.filled = into.size > 0;
  next_offset_ += into.size;
  if (into.size == kChunkBytes) {
    seen_ = Seen::kMore;
    return {};
  }
  if (end_ == FileEnd::kWhole || (stop_at_.has_value() && next_offset_ >= *stop_at_)) {
    return leave(Seen::kEnded);
  }
  seen_ = Seen::kEnd;
  return into.filled ? Status{} : look_at_end();
}

Status FileChunks::open() {
  const auto found = find_again(env_.files(), start_);
  if (!found && found.error().code == ErrorCode::kNotFound) {
    if (end_ == FileEnd::kWhole) {
      return fail(ErrorCode::kRefused,
                  fmt::format("file '{}' changed or went away before it could be read from byte {} "
                              "on. Put it back, or start over with `reset`.",
                              start_.path, start_.offset));
    }
    return leave(Seen::kCut);
  }
  RHEON_TRY(found);
  start_.path = found->path;
  RHEON_ASSIGN(file_, env_.files().open(found->path, env::OpenMode::kRead));
  if (end_ == FileEnd::kFollowToEnd) {
    stop_at_ = found->size;
  }
  return {};
}

/// Nothing stands behind what was read: is the file still the one that its name means?
Status FileChunks::look_at_end() {
  RHEON_ASSIGN(const env::FileInfo ours, file_->info());
  if (ours.size < next_offset_) {
    return leave(Seen::kCut);
  }
  const auto named = env_.files().info(start_.path);
  if (!named && named.error().code != ErrorCode::kNotFound) {
    return tl::unexpected(named.error());
  }
  if (named && named->inode == ours.inode) {
    renamed_since_.reset();
    return {};
  }
  // Whoever writes the file may go on for a moment after it was renamed.
  const env::Monotonic now = env_.clock().monotonic();
  if (!renamed_since_.has_value()) {
    renamed_since_ = now;
  }
  return now - *renamed_since_ >= kLeaveRenamedAfter ? leave(Seen::kEnded) : Status{};
}

Status FileChunks::leave(Seen seen) {
  seen_ = seen;
  file_.reset();
  return {};
}

bool FileChunks::is_ours() {
  const auto info = file_->info();
  if (!info || info->size < next_offset_) {
    return false;
  }
  if (info->size == next_offset_) {
    return true;
  }
  const auto head = read_head(*file_);
  return head && matches(start_.identity, info->inode, *head);
}

}  // namespace rheon::connect::files
