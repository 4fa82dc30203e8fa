#include "api/stand_in_sink.h"

#include <iterator>
#include <string>
#include <utility>

namespace rheon::detail {

namespace {

class KeepingWriter final : public engine::SinkParticipant {
 public:
  KeepingWriter(std::shared_ptr<KeptRecords> kept, std::uint32_t shard)
      : kept_(std::move(kept)), shard_(shard) {}

  void write_batch(const engine::BatchBase& batch) override {
    for (std::size_t from = 0; from < batch.size();) {
      running_.emplace_back(kept_->type().make());
      running_.back()->limit = batch.size();
      from = kept_->type().append(*running_.back(), batch, from, batch.size(), 1);
    }
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
  std::shared_ptr<KeptRecords> kept_;
  std::uint32_t shard_;
  KeptRecords::Batches running_;
  Epoch preparing_;
  bool changed_ = false;
};

class KeepingCommitter final : public engine::SinkCommitter {
 public:
  explicit KeepingCommitter(std::shared_ptr<KeptRecords> kept) : kept_(std::move(kept)) {}
  Status recover(const engine::SinkEnvironment& /*environment*/, const engine::SinkFacts& facts,
                 engine::SinkRecovery& /*done*/) override {
    for (const auto& [shard, epoch] : facts) {
      kept_->commit(static_cast<std::uint32_t>(std::stoul(shard)), Epoch{std::stoull(epoch)});
    }
    kept_->discard_prepared();
    return {};
  }

 private:
  std::shared_ptr<KeptRecords> kept_;
};

class KeepingConnector final : public engine::AnySinkConnector {
 public:
  explicit KeepingConnector(std::shared_ptr<KeptRecords> kept) : kept_(std::move(kept)) {}
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
  std::shared_ptr<KeptRecords> kept_;
};

}  // namespace

KeptRecords::KeptRecords(const engine::RecordType& type) : type_(type) {}

KeptRecords::~KeptRecords() = default;

void KeptRecords::discard_prepared() { prepared_.clear(); }

void KeptRecords::prepare(std::uint32_t shard, Epoch epoch, Batches batches) {
  prepared_[shard][epoch] = std::move(batches);
}

void KeptRecords::commit(std::uint32_t shard, Epoch epoch) {
  auto& waiting = prepared_[shard];
  while (!waiting.empty() && waiting.begin()->first <= epoch) {
    Batches& batches = waiting.begin()->second;
    committed_.insert(committed_.end(), std::make_move_iterator(batches.begin()),
                      std::make_move_iterator(batches.end()));
    waiting.erase(waiting.begin());
  }
}

std::shared_ptr<const engine::AnySinkConnector> make_keeping_connector(
    std::shared_ptr<KeptRecords> kept) {
  return std::make_shared<KeepingConnector>(std::move(kept));
}

}  // namespace rheon::detail
