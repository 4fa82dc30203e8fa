#include "log/files/frame_writer.h"

#include <utility>

#include "base/bytes.h"

namespace rheon::log::files {

namespace {

constexpr std::size_t kGatherBytes = 512 << 10;  // copying that much costs less than another call

}  // namespace

void FrameWriter::put(const FrameLabel& label, std::string_view payload) {
  checks_.push_back(put_frame_header(gathered_, seed_, end_, label, payload));
  end_ += kFrameHeaderBytes + label.extension.size() + payload.size();
  if (gathered_.size() + payload.size() <= kGatherBytes) {
    gathered_.append(payload);
    return;
  }
  write(gathered_);
  gathered_.clear();
  write(payload);
}

Status FrameWriter::flush() {
  write(gathered_);
  gathered_.clear();
  return status_;
}

void FrameWriter::write(std::string_view bytes) {
  if (status_.has_value() && !bytes.empty()) {
    status_ = file_.write_at(written_, as_bytes(bytes));
    written_ += bytes.size();
  }
}

}  // namespace rheon::log::files
