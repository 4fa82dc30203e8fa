#include "engine/watermarks.h"

#include <algorithm>

namespace rheon::engine {

void SourceTime::add(const SourceTime& other) {
  partitions += other.partitions;
  ended = ended && other.ended;
  if (!other.idle && (idle || other.watermark < watermark)) {
    watermark = other.watermark;
    held_by = other.held_by;
  }
  idle = idle && other.idle;
}

SourceWatermarks::SourceWatermarks(WatermarkStrategy strategy) : strategy_(strategy) {}

void SourceWatermarks::add(const PartitionTime& restored) { partitions_.push_back(restored); }

void SourceWatermarks::at_end(std::size_t partition, bool at_end, EventTime now) {
  PartitionTime& p = partitions_[partition];
  if (!at_end) {
    p.quiet_since = EventTime::none();
    return;
  }
  if (p.quiet_since == EventTime::none()) {
    p.quiet_since = now;
  }
  p.idle = p.idle || now - p.quiet_since >= strategy_.idle_after;
}

Watermark SourceWatermarks::current() {
  EventTime least = EventTime::max();
  bool idle = true;
  for (const PartitionTime& p : partitions_) {
    if (!p.idle) {
      least = std::min(least, watermark_of(p));
      idle = false;
    }
  }
  if (!idle) {
    reached_ = std::max(reached_, least);
  }
  return {reached_, idle};
}

std::size_t SourceWatermarks::slowest() const {
  std::size_t slowest = static_cast<std::size_t>(-1);
  EventTime least = EventTime::max();
  for (std::size_t i = 0; i < partitions_.size(); ++i) {
    if (!partitions_[i].idle && watermark_of(partitions_[i]) < least) {
      least = watermark_of(partitions_[i]);
      slowest = i;
    }
  }
  return slowest;
}

}  // namespace rheon::engine
