#include "connect/files/line_reader.h"

#include <utility>

namespace rheon::connect::files {
namespace {

using engine::Poll;

FileEnd file_end(const engine::SourceEnvironment& environment, bool follow) {
  if (!follow) {
    return FileEnd::kWhole;
  }
  return environment.stop_at_end ? FileEnd::kFollowToEnd : FileEnd::kFollow;
}

}  // namespace

LineReader::LineReader(const engine::SourceEnvironment& environment, const LineLimits& limits,
                       bool follow)
    : env_(*environment.env),
      waker_(environment.waker),
      limits_(limits),
      file_end_(file_end(environment, follow)),
      follow_(file_end_ == FileEnd::kFollow) {}

void LineReader::assign(const engine::SourcePartition& partition) {
  auto start = decode_position(partition.position);
  if (!start) {
    broken_ = tl::unexpected(start.error());
    start = FilePosition{};
  }
  LineSplitter splitter(limits_, partition.label, start->offset);
  partitions_.push_back({std::move(*start), std::move(splitter), nullptr});
}

Result<Poll> LineReader::poll(engine::SourceOutput<std::string_view>& output) {
  RHEON_TRY(broken_);
  open_more();
  bool waiting = false;
  for (std::size_t tries = open_.size(); tries > 0; --tries) {
    turn_ = turn_ + 1 < open_.size() ? turn_ + 1 : 0;
    RHEON_ASSIGN(const FileChunks::State state, read(open_[turn_], output));
    switch (state) {
      case FileChunks::State::kReady:
        return Poll::kWorked;
      case FileChunks::State::kWaiting:
        waiting = true;
        break;
      case FileChunks::State::kAtEnd:
        break;
      case FileChunks::State::kEnded:
      case FileChunks::State::kCut:
        end(partitions_[open_[turn_]], state, output);
        open_.erase(open_.begin() + static_cast<std::ptrdiff_t>(turn_));
        return Poll::kWorked;
    }
  }
  if (waiting) {
    return Poll::kWaiting;
  }
  return open_.empty() && !follow_ ? Poll::kEnded : Poll::kIdle;
}

void LineReader::open_more() {
  while (next_ < partitions_.size() &&
         (file_end_ != FileEnd::kWhole || open_.size() < kOpenFiles)) {
    Partition& partition = partitions_[next_];
    partition.chunks = std::make_unique<FileChunks>(env_, waker_, partition.start, file_end_);
    open_.push_back(next_++);
  }
}

Result<FileChunks::State> LineReader::read(std::size_t index,
                                           engine::SourceOutput<std::string_view>& output) {
  Partition& partition = partitions_[index];
  if (!partition.has_chunk) {
    partition.splitter.forget();  // many files may rest at their ends
    RHEON_ASSIGN(const FileChunks::State state, partition.chunks->advance());
    partition.at_end = state == FileChunks::State::kAtEnd;
    if (state != FileChunks::State::kReady) {
      return state;
    }
    partition.splitter.feed(partition.chunks->chunk());
  }
  output.select(index);
  partition.has_chunk = !partition.splitter.run(output);
  return FileChunks::State::kReady;
}

void LineReader::end(Partition& partition, FileChunks::State how,
                     engine::SourceOutput<std::string_view>& output) {
  output.select(static_cast<std::size_t>(&partition - partitions_.data()));
  partition.cut = how == FileChunks::State::kCut;
  if (partition.cut) {
    partition.splitter.give_up(output, "the file was truncated behind this piece of a line");
  } else if (file_end_ != FileEnd::kFollowToEnd) {
    partition.splitter.finish(output);
  }
  partition.chunks.reset();
  partition.ended = partition.at_end = true;
}

std::string LineReader::position(std::size_t partition) const {
  const Partition& at = partitions_[partition];
  FilePosition position = at.start;
  position.offset = at.splitter.offset();
  position.ended = at.ended && file_end_ != FileEnd::kFollowToEnd;
  position.cut = at.cut;
  return encode(position);
}

std::optional<std::uint64_t> LineReader::offset(std::size_t partition) const {
  return partitions_[partition].splitter.offset();
}

bool LineReader::at_end(std::size_t partition) const { return partitions_[partition].at_end; }

}  // namespace rheon::connect::files
