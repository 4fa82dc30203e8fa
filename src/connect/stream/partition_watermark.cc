#include "connect/stream/partition_watermark.h"

#include <algorithm>

namespace rheon::connect::stream {

bool PartitionWatermark::take(const codec::StreamMarks& marks) {
  constexpr std::uint32_t kMostWriters = 1 << 16;
  if (marks.writer >= marks.writers || marks.writers > kMostWriters) {
    return false;
  }
  if (writers_.size() != marks.writers) {
    writers_.assign(marks.writers, {});
  }
  writers_[marks.writer] = {true, marks};
  EventTime least = EventTime::max();
  bool any = false;
  for (const Writer& writer : writers_) {
    if (!writer.spoken) {
      return false;
    }
    if (!writer.said.idle) {
      least = std::min(least, writer.said.watermark);
      any = true;
    }
  }
  if (!any || least <= current_) {
    return false;
  }
  current_ = least;
  return true;
}

}  // namespace rheon::connect::stream
