#pragma once

// The one interface between neighbours within a stage: a fused operator, or a sender to an
// exchange.

#include <cstdint>
#include <memory>

#include "engine/batch.h"
#include "engine/message.h"

namespace rheon::engine {

class Receiver {
 public:
  virtual ~Receiver() = default;
  /// Takes all records of the batch; what it needs later it copies. The batch is the caller's; its
  /// records and traces may be changed unless it is `shared`.
  virtual void on_batch(std::uint32_t input, BatchBase& batch) = 0;
  /// Monotone, but for `idle`.
  virtual void on_watermark(const Watermark& watermark) = 0;
  /// Every record before it has been taken; records after it belong to the next epoch.
  virtual void on_barrier(const Barrier& barrier) = 0;
};

/// Where an output goes.
struct Target {
  Receiver* receiver = nullptr;
  std::uint32_t input = 0;
};

}  // namespace rheon::engine
