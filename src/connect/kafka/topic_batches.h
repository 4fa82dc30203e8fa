#pragma once

// The records of one writer on their way to a topic, gathered into batches by partition.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "connect/kafka/out.h"
#include "kafka/wire/record_batch.h"

namespace rheon::connect::kafka {

class TopicBatches final : public TopicRecords {
 public:
  static constexpr std::size_t kBatchBytes = 512 << 10;  // of several records, at most
  struct Finished {
    std::int32_t partition = 0;
    std::int32_t records = 0;
    std::string bytes;
  };

  /// `partitions`: of the topic, at least one.
  TopicBatches(std::int32_t partitions, rheon::kafka::wire::Compression compression);

  void put(const OutRecord& record) override;
  /// No batch stays open.
  void finish();
  /// The finished ones, in the order in which they were finished.
  [[nodiscard]] std::vector<Finished> take();
  /// Of all that was put and not taken.
  [[nodiscard]] std::size_t bytes() const { return open_bytes_ + finished_bytes_; }

 private:
  struct Open {
    std::string bytes;
    std::optional<rheon::kafka::wire::RecordBatchWriter> writer;  // none: no record stands in it
  };

  void finish(std::size_t partition);

  rheon::kafka::wire::Compression compression_;
  std::vector<std::unique_ptr<Open>> open_;  // by partition
  std::size_t turn_ = 0;                     // where records without a key go
  std::size_t open_bytes_ = 0;
  std::vector<Finished> finished_;
  std::size_t finished_bytes_ = 0;
};

}  // namespace rheon::connect::kafka
