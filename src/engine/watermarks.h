#pragma once

// How a source partition's watermark follows from the event times in it, and how those of several
// partitions become one.

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

#include "base/types.h"
#include "engine/message.h"

namespace rheon::engine {

struct WatermarkStrategy {
  std::chrono::microseconds out_of_order{0};  // how far a record may lie behind the latest
  std::chrono::microseconds idle_after{std::chrono::seconds{60}};
  std::chrono::microseconds max_future{std::chrono::hours{24}};  // beyond: quarantine
  bool from_records = false;  // times come from the records, not from the clock at reading
};

/// Of one partition. Its state is part of every commit.
struct PartitionTime {
  EventTime latest = EventTime::min();  // largest event time seen
  bool idle = false;
  EventTime quiet_since = EventTime::none();  // at its end without a record; none: it is not
};

/// Where a source stands in event time, for people.
struct SourceTime {
  std::size_t partitions = 0;
  bool ended = true;  // they were read to their end for good
  bool idle = true;   // none of them holds the watermark back
  EventTime watermark = EventTime::min();
  std::string held_by{};  // the partition that does, by its label

  /// On another shard.
  void add(const SourceTime& other);
};

/// The watermarks of a source's partitions on one shard. Nothing goes back.
class SourceWatermarks {
 public:
  explicit SourceWatermarks(WatermarkStrategy strategy);

  void add(const PartitionTime& restored);
  [[nodiscard]] const PartitionTime& partition(std::size_t i) const { return partitions_[i]; }
  [[nodiscard]] const WatermarkStrategy& strategy() const { return strategy_; }

  void saw(std::size_t partition, EventTime time) {
    PartitionTime& p = partitions_[partition];
    if (time > p.latest) {
      p.latest = time;
    }
    p.idle = false;
    p.quiet_since = EventTime::none();
  }
  /// The input itself says that no earlier event time is to come in this partition.
  void promised(std::size_t partition, EventTime watermark) {
    PartitionTime& p = partitions_[partition];
    p.latest = std::max(p.latest, watermark + strategy_.out_of_order);
  }
  /// A successful read has shown the partition's end (or not). Idle once that has lasted.
  void at_end(std::size_t partition, bool at_end, EventTime now);

  /// The minimum over partitions that are not idle. Without partitions: idle.
  [[nodiscard]] Watermark current();
  /// The partition that holds the watermark back; npos when none does.
  [[nodiscard]] std::size_t slowest() const;

 private:
  [[nodiscard]] EventTime watermark_of(const PartitionTime& partition) const {
    return partition.latest - strategy_.out_of_order;
  }

  WatermarkStrategy strategy_;
  std::vector<PartitionTime> partitions_;
  EventTime reached_ = EventTime::min();
};

}  // namespace rheon::engine
