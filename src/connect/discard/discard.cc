#include "connect/discard/discard.h"

#include <utility>
#include <vector>

#include "engine/sink.h"

namespace rheon::discard {

namespace {

using Counter = std::shared_ptr<std::atomic<std::uint64_t>>;

class DiscardWriter final : public engine::SinkParticipant {
 public:
  explicit DiscardWriter(Counter records) : records_(std::move(records)) {}
  void write_batch(const engine::BatchBase& batch) override {
    records_->fetch_add(batch.size(), std::memory_order_relaxed);
  }
  void prepare(Epoch /*epoch*/) override {}
  Result<bool> prepared(engine::SinkFactChanges& /*facts*/,
                        std::vector<log::StreamAppend>& /*appends*/) override {
    return true;
  }

 private:
  Counter records_;
};

class DiscardConnector final : public engine::AnySinkConnector {
 public:
  explicit DiscardConnector(Counter records) : records_(std::move(records)) {}
  engine::SinkTraits traits() const override {
    return {.kind = "discard", .guarantee = engine::Guarantee::kExactlyOnce};
  }
  std::unique_ptr<engine::SinkParticipant> make_participant(
      const engine::SinkEnvironment& /*environment*/,
      const engine::SinkFacts& /*recovered*/) const override {
    return std::make_unique<DiscardWriter>(records_);
  }
  std::unique_ptr<engine::SinkCommitter> make_committer() const override { return nullptr; }

 private:
  Counter records_;
};

}  // namespace

std::uint64_t Discard::records() const { return records_->load(std::memory_order_relaxed); }

Discard::Discard() : records_(std::make_shared<std::atomic<std::uint64_t>>(0)) {}

std::shared_ptr<const engine::AnySinkConnector> Discard::connector() const {
  return std::make_shared<DiscardConnector>(records_);
}

}  // namespace rheon::discard
