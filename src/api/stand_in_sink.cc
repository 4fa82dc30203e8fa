#include "api/stand_in_sink.h"

#include <iterator>
#include <string>
#include <utility>

namespace rheon::detail {

namespace {

class KeepingWriter final : public engine::SinkParticipant {
 public:
  KeepingWriter(std::shared_ptr<KeptBatches> kept, std::uint32_t shard)
      : kept_(std::move(kept)), shard_(shard) {}

  void write_batch(const engine::BatchBase& batch) override {
    running_.push_back(kept_->copy(batch));
  }
  void prepare(Epoch epoch) override {
    preparing_ = epoch;
    changed_ = !running_.empty();
    if (changed_) {
      kept_->prepare(shard_, epoch, std::exchange(running_, {}));
    }
  }
  Result<bool> prepared(engine::SinkFactChanges& facts,
                        std::vector<log::StreamAppend>& /*appends*/) override {
    if (changed_) {
      facts.push_back({std::to_string(shard_), std::to_string(preparing_.value)});
    }
    return true;
  }
  void committed(Epoch epoch) override { kept_->commit(shard_, epoch); }

 private:
  std::shared_ptr<KeptBatches> kept_;
  std::uint32_t shard_;
  KeptBatches::Batches running_;
  Epoch preparing_;
  bool changed_ = false;
};

class KeepingCommitter final : public engine::SinkCommitter {
 public:
  explicit KeepingCommitter(std::shared_ptr<KeptBatches> kept) : kept_(std::move(kept)) {}
  Status recover(const engine::SinkEnvironment& /*environment*/, const engine::SinkFacts& facts,
                 engine::SinkRecovery& /*done*/) override {
    for (const auto& [shard, epoch] : facts) {
      kept_->commit(static_cast<std::uint32_t>(std::stoul(shard)), Epoch{std::stoull(epoch)});
    }
    kept_->discard_prepared();
    return {};
  }

 private:
  std::shared_ptr<KeptBatches> kept_;
};

class KeepingConnector final : public engine::AnySinkConnector {
 public:
  explicit KeepingConnector(std::shared_ptr<KeptBatches> kept) : kept_(std::move(kept)) {}
  [[nodiscard]] engine::SinkTraits traits() const override {
    return {.kind = "test", .guarantee = engine::Guarantee::kExactlyOnce};
  }
  [[nodiscard]] std::unique_ptr<engine::SinkParticipant> make_participant(
      const engine::SinkEnvironment& environment,
      const engine::SinkFacts& /*recovered*/) const override {
    return std::make_unique<KeepingWriter>(kept_, environment.shard);
  }
  [[nodiscard]] std::unique_ptr<engine::SinkCommitter> make_committer() const override {
    return std::make_unique<KeepingCommitter>(kept_);
  }

 private:
  std::shared_ptr<KeptBatches> kept_;
};

}  // namespace

KeptBatches::KeptBatches() = default;

KeptBatches::~KeptBatches() = default;

void KeptBatches::discard_prepared() { prepared_.clear(); }

void KeptBatches::prepare(std::uint32_t shard, Epoch epoch, Batches batches) {
  prepared_[shard][epoch] = std::move(batches);
}

void KeptBatches::commit(std::uint32_t shard, Epoch epoch) {
  auto& waiting = prepared_[shard];
  while (!waiting.empty() && waiting.begin()->first <= epoch) {
    Batches& batches = waiting.begin()->second;
    committed_.insert(committed_.end(), std::make_move_iterator(batches.begin()),
                      std::make_move_iterator(batches.end()));
    waiting.erase(waiting.begin());
  }
}

std::shared_ptr<const engine::AnySinkConnector> make_keeping_connector(
    std::shared_ptr<KeptBatches> kept) {
  return std::make_shared<KeepingConnector>(std::move(kept));
}

}  // namespace rheon::detail
