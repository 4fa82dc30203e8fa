#pragma once

// The operator at the end of a stream: hands batches to a connector's writer and takes the writer's
// part into the commit.

#include <memory>
#include <optional>
#include <string>

#include "engine/epoch_part.h"
#include "engine/processor.h"
#include "engine/sink.h"

namespace rheon::operators {

class Sink final : public engine::Processor {
 public:
  Sink(const std::string& name, engine::ShardContext& shard,
       std::unique_ptr<engine::SinkParticipant> writer);

  void connect(std::size_t port, const engine::Target& target) override;
  void on_batch(std::uint32_t input, engine::BatchBase& batch) override;
  void on_watermark(const engine::Watermark& watermark) override;
  void on_barrier(const engine::Barrier& barrier) override;
  [[nodiscard]] bool capture(engine::EpochPart& part) override;
  void committed(Epoch epoch) override;
  [[nodiscard]] bool blocked() override;
  [[nodiscard]] env::Monotonic deadline() const override { return writer_->deadline(); }
  [[nodiscard]] std::uint64_t uncommitted_bytes() const override;

 private:
  void write_followed(engine::BatchBase& batch);
  void slow_since(env::Monotonic since);

  std::unique_ptr<engine::SinkParticipant> writer_;
  bool preparing_ = false;
  env::Monotonic preparing_since_{0};
  std::optional<env::Monotonic> blocked_since_;
};

}  // namespace rheon::operators
