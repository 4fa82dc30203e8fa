#include "operators/sink.h"

#include <chrono>
#include <utility>

namespace rheon::operators {

Sink::Sink(const std::string& name, engine::ShardContext& shard,
           std::unique_ptr<engine::SinkParticipant> writer)
    : Processor(name, shard), writer_(std::move(writer)) {}

void Sink::connect(std::size_t /*port*/, const engine::Target& /*target*/) {}

void Sink::on_batch(std::uint32_t /*input*/, engine::BatchBase& batch) {
  if (batch.traces.empty()) {
    writer_->write_batch(batch);
  } else {
    write_followed(batch);
  }
  const std::size_t records = batch.size();
  counters().in += records;
  counters().emitted += records;
  shard().records_out += records;
}

void Sink::write_followed(engine::BatchBase& batch) {
  const env::Monotonic began = instant();
  const std::vector<engine::TraceMark> theirs = batch.traces;  // of other receivers as well
  const std::size_t first = shard().spans.size();
  for (engine::TraceMark& mark : batch.traces) {
    mark.context = span(mark.context, began);  // what follows in another program follows this sink
  }
  writer_->write_batch(batch);
  batch.traces = theirs;
  const std::int64_t took = std::chrono::nanoseconds(instant() - began).count();
  for (std::size_t i = first; i < shard().spans.size(); ++i) {
    observe::Span& span = shard().spans[i];
    span.end_nanos = span.start_nanos + took;
  }
}

void Sink::on_watermark(const engine::Watermark& watermark) {
  writer_->watermark(watermark.time, watermark.idle);
}

void Sink::on_barrier(const engine::Barrier& barrier) {
  if (barrier.last) {
    writer_->retire();
  }
  writer_->prepare(barrier.epoch);
  shard().time_changes += writer_->has_more_to_say() ? 1 : 0;
  preparing_ = true;
  preparing_since_ = shard().monotonic;
}

bool Sink::capture(engine::EpochPart& part) {
  if (!preparing_) {
    return true;
  }
  engine::SinkFactChanges facts;
  const Result<bool> prepared = writer_->prepared(facts, part.appends);
  if (!prepared.has_value()) {
    shard().fail(prepared.error());
    return false;
  }
  if (!*prepared) {
    slow_since(preparing_since_);
    return false;
  }
  for (log::FactChange& fact : facts) {
    fact.key = "sink/" + name() + "/" + fact.key;
    part.facts.push_back(std::move(fact));
  }
  writer_->take_outgoing(part.outgoing);
  preparing_ = false;
  return true;
}

void Sink::committed(Epoch epoch) { writer_->committed(epoch); }

bool Sink::blocked() {
  const Result<bool> blocked = writer_->blocked();
  if (!blocked.has_value()) {
    shard().fail(blocked.error());
    return true;
  }
  if (!*blocked) {
    blocked_since_.reset();
    return false;
  }
  blocked_since_ = blocked_since_.value_or(shard().monotonic);
  slow_since(*blocked_since_);
  return true;
}

/// The shard cannot go on because of this sink.
void Sink::slow_since(env::Monotonic since) {
  shard().slow_sink = &name();
  shard().slow_since = since;
  shard().slow_for_space = writer_->no_space();
}

std::uint64_t Sink::uncommitted_bytes() const { return writer_->uncommitted_bytes(); }

}  // namespace rheon::operators
