#pragma once

// The records of one writer on their way to a topic. What is the same for every type of record.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "connect/kafka/out.h"
#include "connect/kafka/place.h"
#include "engine/sink.h"
#include "kafka/client/producer.h"
#include "kafka/client/transactions.h"
#include "kafka/wire/record_batch.h"

namespace rheon::connect::kafka {

/// What is written to, and how.
struct TopicSink {
  TopicPlace place;
  rheon::kafka::SinkOptions options;
};

/// Used by one shard.
class TopicOutput final : public TopicRecords {
 public:
  static constexpr std::size_t kBatchBytes = 512
                                             << 10;  // then it goes; more when a record has more
  static constexpr std::size_t kBlockedBytes = 32 << 20;

  /// `partitions`: of the topic, at least one.
  TopicOutput(const engine::SinkEnvironment& environment, const TopicSink& sink,
              std::int32_t partitions);

  void put(std::optional<std::string_view> key, std::string_view value, EventTime time) override;
  /// Everything up to here is to be written.
  void prepare();
  /// Every leader has it.
  [[nodiscard]] Result<bool> prepared();
  [[nodiscard]] Result<bool> blocked();
  [[nodiscard]] std::uint64_t unwritten_bytes() const;

 private:
  struct Open {
    std::string bytes;
    std::optional<rheon::kafka::wire::RecordBatchWriter> writer;  // none: no record stands in it
  };

  void finish(std::size_t partition);
  [[nodiscard]] Status step();

  env::Clock& clock_;
  rheon::kafka::wire::Compression compression_;
  client::Cluster cluster_;
  client::Transactions identity_;
  client::Producer producer_;
  bool identified_ = false;
  std::vector<std::unique_ptr<Open>> open_;  // by partition
  std::size_t turn_ = 0;                     // where records without a key go
  std::size_t unwritten_ = 0;                // bytes in open batches
};

}  // namespace rheon::connect::kafka
