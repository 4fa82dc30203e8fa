#include "connect/kafka/topic_output.h"

#include <algorithm>
#include <utility>

#include "connect/kafka/topic_lookup.h"

namespace rheon::connect::kafka {

namespace {

namespace wire = rheon::kafka::wire;

constexpr std::chrono::milliseconds kNoTransactions{0};

}  // namespace

TopicOutput::TopicOutput(const engine::SinkEnvironment& environment, const TopicSink& sink,
                         std::int32_t partitions)
    : clock_(environment.env->clock()),
      batches_(partitions, static_cast<wire::Compression>(sink.options.compression)),
      cluster_(environment.env->network(), *environment.waker, environment.env->random(),
               cluster_options(sink.place, sink.access)),
      identity_(cluster_, environment.env->random(), "", kNoTransactions),
      producer_(cluster_, environment.env->random()) {
  cluster_.watch(std::set<std::string, std::less<>>{sink.place.topic});
  identity_.identify();
  for (std::int32_t i = 0; i < partitions; ++i) {
    static_cast<void>(producer_.add(sink.place.topic, i));
  }
}

void TopicOutput::prepare() { batches_.finish(); }

Status TopicOutput::step() {
  for (TopicBatches::Finished& batch : batches_.take()) {
    producer_.write(static_cast<std::size_t>(batch.partition), std::move(batch.bytes),
                    batch.records);
  }
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

env::Monotonic TopicOutput::deadline() const {
  return std::min({cluster_.deadline(), identity_.deadline(), producer_.deadline()});
}

std::uint64_t TopicOutput::unwritten_bytes() const {
  return batches_.bytes() + producer_.unanswered_bytes();
}

}  // namespace rheon::connect::kafka
