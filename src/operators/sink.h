#pragma once

// The operator at the end of a stream: hands batches to a connector's writer and takes the writer's
// part into the commit.

#include <memory>
#include <string>
#include <utility>

#include "engine/processor.h"
#include "engine/sink.h"

namespace rheon::operators {

template <class K, class T>
class Sink final : public engine::Processor {
 public:
  Sink(std::string name, engine::ShardContext& shard,
       std::unique_ptr<engine::SinkWriter<K, T>> writer)
      : Processor(std::move(name), shard), writer_(std::move(writer)) {}

  void connect(std::size_t, const engine::Target&) override {}

  void on_batch(std::uint32_t, engine::BatchBase& base) override {
    const auto& batch = static_cast<const engine::Batch<K, T>&>(base);
    writer_->write(batch);
    counters().in += batch.slots.size();
    counters().emitted += batch.slots.size();
    shard().records_out += batch.slots.size();
    for (const engine::TraceMark& mark : batch.traces) {
      static_cast<void>(span(mark.context));
    }
  }

  void on_watermark(const engine::Watermark& watermark) override {
    writer_->watermark(watermark.time, watermark.idle);
  }

  void on_barrier(const engine::Barrier& barrier) override {
    if (barrier.last) {
      writer_->retire();
    }
    writer_->prepare(barrier.epoch);
    preparing_ = true;
  }

  [[nodiscard]] bool capture(engine::EpochPart& part) override {
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
      return false;
    }
    for (log::FactChange& fact : facts) {
      fact.key = "sink/" + name() + "/" + fact.key;
      part.facts.push_back(std::move(fact));
    }
    preparing_ = false;
    return true;
  }

  void committed(Epoch epoch) override { writer_->committed(epoch); }
  [[nodiscard]] bool blocked() const override { return writer_->blocked(); }

 private:
  std::unique_ptr<engine::SinkWriter<K, T>> writer_;
  bool preparing_ = false;
};

}  // namespace rheon::operators
