#include "connect/line_splitter.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "connect/utf8.h"

namespace rheon::connect {
namespace {

constexpr std::size_t kQuarantineHeadBytes = 64 << 10;
constexpr std::size_t kKeepCapacityBytes = 64 << 10;

}  // namespace

LineSplitter::LineSplitter(const LineLimits& limits, std::string place, std::uint64_t offset)
    : limits_(limits), place_(std::move(place)), offset_(offset) {}

void LineSplitter::feed(std::string_view chunk) {
  at_ = chunk.data();
  end_ = at_ + chunk.size();
}

void LineSplitter::forget() {
  if (line_.capacity() > kKeepCapacityBytes) {
    std::string().swap(line_);
  }
}

bool LineSplitter::run(Output& output) {
  std::size_t at_once = output.room_up_to(kLinesAtOnce);
  while (at_ != end_) {
    const auto left = static_cast<std::size_t>(end_ - at_);
    const auto* newline = static_cast<const char*>(std::memchr(at_, '\n', left));
    if (newline == nullptr) {
      keep({at_, left});
      at_ = end_;
      break;
    }
    const std::string_view piece(at_, static_cast<std::size_t>(newline - at_));
    at_ = newline + 1;
    if (kept_bytes_ == 0) {
      emit(piece, output);
      offset_ += piece.size() + 1;
    } else {
      keep(piece);
      end_kept_line(output);
      offset_ += 1;
    }
    if (ready_lines_ >= at_once) {
      hand_over(output);
      if (output.full()) {
        return at_ == end_;
      }
      at_once = output.room_up_to(kLinesAtOnce);
    }
  }
  hand_over(output);
  return true;
}

void LineSplitter::hand_over(Output& output) {
  if (ready_lines_ > 0) {
    output.emit_all({ready_.data(), ready_lines_}, EventTime::none());
    ready_lines_ = 0;
  }
}

void LineSplitter::finish(Output& output) {
  if (kept_bytes_ > 0) {
    end_kept_line(output);
    hand_over(output);
  }
}

void LineSplitter::give_up(Output& output, std::string_view reason) {
  if (kept_bytes_ > 0) {
    quarantine(kept_, kept_bytes_, reason, output);
    offset_ += std::exchange(kept_bytes_, 0);
    kept_.clear();
  }
}

void LineSplitter::keep(std::string_view piece) {
  kept_bytes_ += piece.size();
  // One byte more than a line may have: a "\r" that is not the line's.
  if (kept_bytes_ <= limits_.max_line_bytes + 1) {
    kept_.append(piece);
  } else {
    kept_.append(
        piece.substr(0, kQuarantineHeadBytes - std::min(kept_.size(), kQuarantineHeadBytes)));
    kept_.resize(std::min(kept_.size(), kQuarantineHeadBytes));
  }
}

void LineSplitter::end_kept_line(Output& output) {
  line_.swap(kept_);
  if (kept_.capacity() > kKeepCapacityBytes) {
    std::string().swap(kept_);
  }
  kept_.clear();
  if (kept_bytes_ <= limits_.max_line_bytes + 1) {
    emit(line_, output);
  } else {
    refuse_long(line_, kept_bytes_, output);
  }
  offset_ += std::exchange(kept_bytes_, 0);
}

void LineSplitter::emit(std::string_view line, Output& output) {
  const std::uint64_t bytes = line.size();
  if (!line.empty() && line.back() == '\r') {
    line.remove_suffix(1);
  }
  if (line.size() > limits_.max_line_bytes) {
    refuse_long(line, bytes, output);
  } else if (limits_.require_utf8 && !is_utf8(line)) {
    quarantine(line, bytes, "the line is not valid UTF-8", output);
  } else {
    ready_[ready_lines_++] = line;
  }
}

void LineSplitter::refuse_long(std::string_view head, std::uint64_t bytes, Output& output) const {
  quarantine(head, bytes,
             fmt::format("the line has {} bytes, more than the limit of {} (max_line_bytes)", bytes,
                         limits_.max_line_bytes),
             output);
}

void LineSplitter::quarantine(std::string_view line, std::uint64_t bytes, std::string_view reason,
                              Output& output) const {
  const std::string_view head = line.substr(0, kQuarantineHeadBytes);
  const std::string note = head.size() + 1 < bytes
                               ? fmt::format("{}; its first {} bytes are kept", reason, head.size())
                               : std::string(reason);
  output.quarantine(head, fmt::format("{}:{}", place_, offset_), note);
}

}  // namespace rheon::connect
