#pragma once

#include <cstdint>
#include <vector>

#include "codec/stream_batch.h"

namespace rheon::connect::stream {

/// What the writers of one partition of a stream have said, as one watermark. Never goes back.
class PartitionWatermark {
 public:
  /// Takes what a batch says; true when the watermark has changed.
  bool take(const codec::StreamMarks& marks);
  /// EventTime::none() until every writer has spoken.
  [[nodiscard]] EventTime current() const { return current_; }

 private:
  struct Writer {
    bool spoken = false;
    codec::StreamMarks said;
  };

  std::vector<Writer> writers_;
  EventTime current_ = EventTime::none();
};

}  // namespace rheon::connect::stream
