#pragma once

// What goes through a channel between two tasks: batches, and in their order watermarks and
// barriers.

#include <cstdint>
#include <memory>
#include <vector>

#include "base/types.h"
#include "engine/batch.h"

namespace rheon::log {
struct SliceAddress;
}

namespace rheon::engine {

/// Cuts the stream into epochs: what stands before it belongs to `epoch`.
struct Barrier {
  Epoch epoch;
  bool last = false;   // the engine stops behind it: rescale, end of the job, Ctrl-C
  bool drain = false;  // before it the watermark goes to +infinity: all input has ended
  std::shared_ptr<const std::vector<log::SliceAddress>> slices;  // to be written with this epoch
};

/// Where a sender of records stands in event time. An idle one is left out of the minimum.
struct Watermark {
  EventTime time = EventTime::min();
  bool idle = false;
  friend auto operator==(const Watermark&, const Watermark&) -> bool = default;
};

struct Message {
  enum class Kind : std::uint8_t { kBatch, kWatermark, kBarrier };
  Kind kind = Kind::kWatermark;
  BatchBase* batch = nullptr;        // kBatch: goes back to the sender when read
  Watermark watermark;               // holds behind the batch
  const Barrier* barrier = nullptr;  // kBarrier: lives until every task has passed it
};

}  // namespace rheon::engine
