#include "connect/kafka/topic_batches.h"

#include <algorithm>
#include <utility>

#include "kafka/partitioner.h"

namespace rheon::connect::kafka {

namespace {

/// Milliseconds since 1970, as topics have them.
std::int64_t timestamp(EventTime time) {
  return time.is_finite() ? std::max<std::int64_t>(time.micros / 1000, 0) : 0;
}

}  // namespace

TopicBatches::TopicBatches(std::int32_t partitions, rheon::kafka::wire::Compression compression)
    : compression_(compression) {
  for (std::int32_t i = 0; i < partitions; ++i) {
    open_.push_back(std::make_unique<Open>());
  }
}

void TopicBatches::put(std::optional<std::string_view> key, std::string_view value,
                       EventTime time) {
  const std::size_t partition = key.has_value()
                                    ? static_cast<std::size_t>(rheon::kafka::partition_of_key(
                                          *key, static_cast<std::int32_t>(open_.size())))
                                    : turn_;
  Open& open = *open_[partition];
  const std::size_t before = open.bytes.size();
  if (!open.writer.has_value()) {
    open.writer.emplace(open.bytes, timestamp(time));
  }
  open.writer->begin(timestamp(time), key, value);
  open_bytes_ += open.bytes.size() - before;
  if (open.bytes.size() >= kBatchBytes) {
    finish(partition);
    turn_ = (turn_ + 1) % open_.size();
  }
}

void TopicBatches::finish(std::size_t partition) {
  Open& open = *open_[partition];
  if (!open.writer.has_value()) {
    return;
  }
  open_bytes_ -= open.bytes.size();
  open.writer->finish({}, compression_);
  const std::int32_t records = open.writer->records();
  open.writer.reset();
  finished_bytes_ += open.bytes.size();
  finished_.push_back(
      {static_cast<std::int32_t>(partition), records, std::exchange(open.bytes, {})});
}

void TopicBatches::finish() {
  for (std::size_t i = 0; i < open_.size(); ++i) {
    finish(i);
  }
  turn_ = (turn_ + 1) % open_.size();
}

std::vector<TopicBatches::Finished> TopicBatches::take() {
  finished_bytes_ = 0;
  return std::exchange(finished_, {});
}

}  // namespace rheon::connect::kafka
