#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "codec/stream_batch.h"
#include "env/clock.h"
#include "observe/trace.h"

namespace rheon::engine {
struct SinkEnvironment;
}
namespace rheon::log {
struct StreamAppend;
}

namespace rheon::connect::stream {

/// Batches of one writer on their way into a stream. What is the same for every type of record.
/// Used by one shard; nothing blocks.
class StreamOutput {
 public:
  static constexpr std::size_t kBatchBytes = 256 << 10;
  /// In a partition without records the watermark is written this often, while anything is. A bit
  /// less than a second: an epoch that is cut for it alone comes a second behind the one before.
  static constexpr env::Monotonic kMarkEvery = std::chrono::milliseconds{900};

  StreamOutput(const engine::SinkEnvironment& environment, std::string stream,
               std::uint32_t partitions, const std::string& type, bool keyed);
  ~StreamOutput();
  StreamOutput(const StreamOutput&) = delete;
  StreamOutput& operator=(const StreamOutput&) = delete;

  /// Of a record with this key hash; records without keys all go to one partition.
  [[nodiscard]] std::uint32_t partition_of(std::uint64_t hash) const {
    return static_cast<std::uint32_t>((partitions_.size() & (partitions_.size() - 1)) == 0
                                          ? hash & (partitions_.size() - 1)
                                          : hash % partitions_.size());
  }
  [[nodiscard]] std::uint32_t own_partition() const { return partition_of(marks_.writer); }

  /// Begins a record: append its key and value to the result, then call end().
  [[nodiscard]] std::string& begin(std::uint32_t partition, EventTime time) {
    return partitions_[partition].batch.begin(time);
  }
  void trace(std::uint32_t partition, const observe::TraceContext& context) {
    partitions_[partition].batch.trace(context.trace_high, context.trace_low, context.span);
  }
  void end(std::uint32_t partition) {
    if (partitions_[partition].batch.bytes() >= kBatchBytes) {
      close(partition);
    }
  }
  void watermark(EventTime time, bool idle) {
    marks_.watermark = time;
    marks_.idle = idle;
  }

  /// What waits for prepare().
  [[nodiscard]] std::uint64_t held_bytes() const;
  /// Behind prepare(): readers of some partition have not heard the latest watermark.
  [[nodiscard]] bool has_unsaid_marks() const;
  /// What was written so far belongs to the epoch that take() gives.
  void prepare();
  void take(std::vector<log::StreamAppend>& appends);

 private:
  struct Partition {
    codec::StreamBatchWriter batch;
    env::Monotonic said_at;        // when its last batch was closed, with the marks of that moment
    codec::StreamMarks said = {};  // these
  };

  void close(std::uint32_t partition);
  [[nodiscard]] bool wants_mark(const Partition& partition) const;

  env::Clock& clock_;
  std::string stream_;
  codec::StreamMarks marks_;
  std::vector<Partition> partitions_;
  std::vector<log::StreamAppend> closed_;  // of the running epoch
  std::uint64_t closed_bytes_ = 0;
  std::vector<log::StreamAppend> prepared_;  // of the one before
};

}  // namespace rheon::connect::stream
