#pragma once

// A writer's way to a topic without transactions. What is the same for every type of record.

#include <cstdint>

#include "connect/kafka/out.h"
#include "connect/kafka/place.h"
#include "connect/kafka/topic_batches.h"
#include "engine/sink.h"
#include "kafka/client/access.h"
#include "kafka/client/producer.h"
#include "kafka/client/transactions.h"

namespace rheon::connect::kafka {

/// What is written to, and how.
struct TopicSink {
  TopicPlace place;
  rheon::kafka::SinkOptions options;
  client::Access access = {};
};

/// Writes at once. Used by one shard.
class TopicOutput {
 public:
  static constexpr std::size_t kBlockedBytes = 32 << 20;

  /// `partitions`: of the topic, at least one.
  TopicOutput(const engine::SinkEnvironment& environment, const TopicSink& sink,
              std::int32_t partitions);

  [[nodiscard]] TopicRecords& records() { return batches_; }
  /// Everything up to here is to be written.
  void prepare();
  /// Every leader has it.
  [[nodiscard]] Result<bool> prepared();
  [[nodiscard]] Result<bool> blocked();
  /// When one of the two must be called again though nothing has come.
  [[nodiscard]] env::Monotonic deadline() const;
  [[nodiscard]] std::uint64_t unwritten_bytes() const;

 private:
  [[nodiscard]] Status step();

  env::Clock& clock_;
  TopicBatches batches_;
  client::Cluster cluster_;
  client::Transactions identity_;
  client::Producer producer_;
  bool identified_ = false;
};

}  // namespace rheon::connect::kafka
