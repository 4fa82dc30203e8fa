#include "log/files/frame_writer.h"

#include <utility>

#include "base/bytes.h"

namespace rheon::log::files {

namespace {

constexpr std::size_t kGatherBytes = 512 << 10;  // copying that much costs less than another call

}  // namespace

Status FrameWriter::put(const FrameLabel& label, std::string_view payload) {
  checks_.push_back(put_frame_header(gathered_, seed_, end_, label, payload));
  end_ += kFrameHeaderBytes + label.extension.size() + payload.size();
  if (gathered_.size() + payload.size() <= kGatherBytes) {
    gathered_.append(payload);
    return {};
  }
  RHEON_TRY(flush());
  RHEON_TRY(file_.write_at(written_, as_bytes(payload)));
  written_ += payload.size();
  return {};
}

Status FrameWriter::flush() {
  if (!gathered_.empty()) {
    RHEON_TRY(file_.write_at(written_, as_bytes(gathered_)));
    written_ += gathered_.size();
    gathered_.clear();
  }
  return {};
}

}  // namespace rheon::log::files
