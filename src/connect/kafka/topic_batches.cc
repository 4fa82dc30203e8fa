#include "connect/kafka/topic_batches.h"

#include <algorithm>
#include <utility>

#include "kafka/partitioner.h"
#include "observe/traceparent.h"

namespace rheon::connect::kafka {

namespace {

/// Milliseconds since 1970, as topics have them.
std::int64_t timestamp(EventTime time) {
  return time.is_finite() ? std::max<std::int64_t>(time.micros / 1000, 0) : 0;
}

void write(const OutRecord& record, rheon::kafka::wire::RecordBatchWriter& out) {
  const auto is_replaced = [&record](const rheon::kafka::Header& header) {
    return record.followed != nullptr && header.key == observe::kTraceparent;
  };
  const auto replaced = std::count_if(record.headers.begin(), record.headers.end(), is_replaced);
  out.begin(timestamp(record.time), record.key, record.value,
            static_cast<std::uint32_t>(record.headers.size() - static_cast<std::size_t>(replaced) +
                                       (record.followed != nullptr ? 1 : 0)));
  for (const rheon::kafka::Header& header : record.headers) {
    if (!is_replaced(header)) {
      out.header(header.key, header.value);
    }
  }
  if (record.followed != nullptr) {
    out.header(observe::kTraceparent, observe::format_traceparent(*record.followed));
  }
}

/// The most that it takes in a batch.
std::size_t size_of(const OutRecord& record) {
  constexpr std::size_t kAround = 64;        // lengths, differences, counts
  constexpr std::size_t kAroundHeader = 10;  // two lengths
  constexpr std::size_t kTraceparentBytes = 80;
  std::size_t bytes = kAround + record.key.value_or("").size() + record.value.value_or("").size() +
                      (record.followed != nullptr ? kTraceparentBytes : 0);
  for (const rheon::kafka::Header& header : record.headers) {
    bytes += header.key.size() + header.value.value_or("").size() + kAroundHeader;
  }
  return bytes;
}

}  // namespace

TopicBatches::TopicBatches(std::int32_t partitions, rheon::kafka::wire::Compression compression)
    : compression_(compression) {
  for (std::int32_t i = 0; i < partitions; ++i) {
    open_.push_back(std::make_unique<Open>());
  }
}

void TopicBatches::put(const OutRecord& record) {
  std::size_t partition = record.key.has_value()
                              ? static_cast<std::size_t>(rheon::kafka::partition_of_key(
                                    *record.key, static_cast<std::int32_t>(open_.size())))
                              : turn_;
  while (open_[partition]->writer.has_value() &&
         open_[partition]->bytes.size() + size_of(record) > kBatchBytes) {
    finish(partition);
    if (!record.key.has_value()) {
      turn_ = (turn_ + 1) % open_.size();
      partition = turn_;
    }
  }
  Open& open = *open_[partition];
  const std::size_t before = open.bytes.size();
  if (!open.writer.has_value()) {
    open.writer.emplace(open.bytes, timestamp(record.time));
  }
  write(record, *open.writer);
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
