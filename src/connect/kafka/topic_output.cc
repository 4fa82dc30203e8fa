#include "connect/kafka/topic_output.h"

#include <algorithm>
#include <utility>

#include "connect/kafka/topic_lookup.h"
#include "kafka/partitioner.h"

namespace rheon::connect::kafka {

namespace {

namespace wire = rheon::kafka::wire;

constexpr std::chrono::milliseconds kNoTransactions{0};

/// Milliseconds since 1970, as topics have them.
std::int64_t timestamp(EventTime time) {
  return time.is_finite() ? std::max<std::int64_t>(time.micros / 1000, 0) : 0;
}

}  // namespace

TopicOutput::TopicOutput(const engine::SinkEnvironment& environment, const TopicSink& sink,
                         std::int32_t partitions)
    : clock_(environment.env->clock()),
      compression_(static_cast<wire::Compression>(sink.options.compression)),
      cluster_(environment.env->network(), *environment.waker, environment.env->random(),
               cluster_options(sink.place, sink.options.credentials, sink.options.allow_plaintext)),
      identity_(cluster_, environment.env->random(), "", kNoTransactions),
      producer_(cluster_, environment.env->random()) {
  cluster_.watch(std::set<std::string, std::less<>>{sink.place.topic});
  identity_.identify();
  for (std::int32_t i = 0; i < partitions; ++i) {
    static_cast<void>(producer_.add(sink.place.topic, i));
    open_.push_back(std::make_unique<Open>());
  }
}

void TopicOutput::put(std::optional<std::string_view> key, std::string_view value, EventTime time) {
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
  unwritten_ += open.bytes.size() - before;
  if (open.bytes.size() >= kBatchBytes) {
    finish(partition);
    turn_ = (turn_ + 1) % open_.size();
  }
}

void TopicOutput::finish(std::size_t partition) {
  Open& open = *open_[partition];
  if (!open.writer.has_value()) {
    return;
  }
  unwritten_ -= open.bytes.size();
  open.writer->finish({}, compression_);
  const std::int32_t records = open.writer->records();
  open.writer.reset();
  producer_.write(partition, std::exchange(open.bytes, {}), records);
}

void TopicOutput::prepare() {
  for (std::size_t i = 0; i < open_.size(); ++i) {
    finish(i);
  }
  turn_ = (turn_ + 1) % open_.size();
}

Status TopicOutput::step() {
  const env::Monotonic now = clock_.monotonic();
  cluster_.step(now);
  identity_.step(now);
  if (identity_.failure().has_value()) {
    return tl::unexpected<Error>(*identity_.failure());
  }
  if (!identified_ && identity_.idle()) {
    identified_ = true;
    producer_.become(identity_.identity());
  }
  producer_.step(now);
  return producer_.failure().has_value() ? tl::unexpected<Error>(*producer_.failure()) : Status();
}

Result<bool> TopicOutput::prepared() {
  RHEON_TRY(step());
  return producer_.idle();
}

Result<bool> TopicOutput::blocked() {
  RHEON_TRY(step());
  return unwritten_bytes() >= kBlockedBytes;
}

std::uint64_t TopicOutput::unwritten_bytes() const {
  return unwritten_ + producer_.unanswered_bytes();
}

}  // namespace rheon::connect::kafka
