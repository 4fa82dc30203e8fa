#include "connect/stream/stream_output.h"

#include <algorithm>
#include <iterator>

#include "engine/sink.h"

namespace rheon::connect::stream {

StreamOutput::StreamOutput(const engine::SinkEnvironment& environment, std::string stream,
                           std::uint32_t partitions, const std::string& type, bool keyed)
    : clock_(environment.env->clock()), stream_(std::move(stream)) {
  marks_.writer = environment.shard;
  marks_.writers = environment.shards;
  const std::uint32_t type_id = codec::stream_type_id(type);
  const env::Monotonic due = clock_.monotonic() - kMarkEvery;
  for (std::uint32_t i = 0; i < partitions; ++i) {
    partitions_.push_back({codec::StreamBatchWriter(type_id, keyed), due});
  }
}

StreamOutput::~StreamOutput() = default;

void StreamOutput::close(std::uint32_t partition) {
  Partition& closing = partitions_[partition];
  log::StreamAppend append;
  append.stream = stream_;
  append.partition = partition;
  append.records = closing.batch.records();
  append.max_time = closing.batch.max_time();
  append.batch = closing.batch.take(marks_);
  closed_bytes_ += append.batch.size();
  closed_.push_back(std::move(append));
  closing.said_at = clock_.monotonic();
  closing.said = marks_;
}

/// Readers of a partition that gets no records wait for the writer's word, too. It is said again
/// also when it is still the same: a reader that begins now has not heard it.
bool StreamOutput::wants_mark(const Partition& partition) const {
  return marks_.watermark != EventTime::none() &&
         clock_.monotonic() - partition.said_at >= kMarkEvery;
}

bool StreamOutput::has_unsaid_marks() const {
  return marks_.watermark != EventTime::none() &&
         std::any_of(partitions_.begin(), partitions_.end(), [this](const Partition& partition) {
           return partition.said.watermark != marks_.watermark ||
                  partition.said.idle != marks_.idle;
         });
}

std::uint64_t StreamOutput::held_bytes() const {
  std::uint64_t sum = closed_bytes_;
  for (const Partition& partition : partitions_) {
    sum += partition.batch.bytes();
  }
  return sum;
}

void StreamOutput::prepare() {
  for (std::uint32_t i = 0; i < partitions_.size(); ++i) {
    if (partitions_[i].batch.records() > 0 || wants_mark(partitions_[i])) {
      close(i);
    }
  }
  prepared_ = std::exchange(closed_, {});
  closed_bytes_ = 0;
}

void StreamOutput::take(std::vector<log::StreamAppend>& appends) {
  std::move(prepared_.begin(), prepared_.end(), std::back_inserter(appends));
  prepared_.clear();
}

}  // namespace rheon::connect::stream
