#pragma once

#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "codec/record.h"
#include "engine/sink.h"

namespace rheon::detail {

/// What a job has committed to a sink, as a test reads it. The values show memory of this object.
template <class T>
class Kept {
 public:
  virtual ~Kept() = default;
  [[nodiscard]] virtual std::vector<T> values() const = 0;
};

/// Stands outside of the job, as a store with transactions would: keeps what was prepared until the
/// job's log says that it is committed. One thread.
template <class K, class T>
class KeptRecords final : public Kept<T> {
 public:
  using Batch = engine::Batch<K, T>;

  [[nodiscard]] std::vector<T> values() const override {
    std::vector<T> result;
    for (const Batch& batch : committed_) {
      for (const auto& slot : batch.slots) {
        result.push_back(slot.value);
      }
    }
    return result;
  }
  [[nodiscard]] const std::list<Batch>& batches() const { return committed_; }

  void prepare(std::uint32_t shard, Epoch epoch, std::list<Batch> batches) {
    prepared_[shard][epoch] = std::move(batches);
  }
  void commit(std::uint32_t shard, Epoch epoch) {
    auto& waiting = prepared_[shard];
    while (!waiting.empty() && waiting.begin()->first <= epoch) {
      committed_.splice(committed_.end(), waiting.begin()->second);
      waiting.erase(waiting.begin());
    }
  }
  void discard_prepared() { prepared_.clear(); }

 private:
  std::map<std::uint32_t, std::map<Epoch, std::list<Batch>>> prepared_;  // by shard
  std::list<Batch> committed_;
};

template <class K, class T>
class KeepingWriter final : public engine::SinkWriter<K, T> {
 public:
  KeepingWriter(std::shared_ptr<KeptRecords<K, T>> kept, std::uint32_t shard)
      : kept_(std::move(kept)), shard_(shard) {}

  void write(const engine::Batch<K, T>& batch) override {
    auto& copy = running_.emplace_back();
    for (const auto& slot : batch.slots) {
      copy.slots.push_back(slot);
      copy.slots.back().value = codec::place(slot.value, copy.arena);
      if constexpr (!std::is_same_v<K, engine::NoKey>) {
        copy.slots.back().key = codec::place(slot.key, copy.arena);
      }
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
  std::shared_ptr<KeptRecords<K, T>> kept_;
  std::uint32_t shard_;
  std::list<engine::Batch<K, T>> running_;
  Epoch preparing_;
  bool changed_ = false;
};

template <class K, class T>
class KeepingCommitter final : public engine::SinkCommitter {
 public:
  explicit KeepingCommitter(std::shared_ptr<KeptRecords<K, T>> kept) : kept_(std::move(kept)) {}
  Status recover(engine::SinkEnvironment& /*environment*/, const engine::SinkFacts& facts,
                 engine::SinkFactChanges& /*changes*/) override {
    for (const auto& [shard, epoch] : facts) {
      kept_->commit(static_cast<std::uint32_t>(std::stoul(shard)), Epoch{std::stoull(epoch)});
    }
    kept_->discard_prepared();
    return {};
  }

 private:
  std::shared_ptr<KeptRecords<K, T>> kept_;
};

template <class K, class T>
class KeepingConnector final : public engine::SinkConnector<K, T> {
 public:
  explicit KeepingConnector(std::shared_ptr<KeptRecords<K, T>> kept) : kept_(std::move(kept)) {}
  [[nodiscard]] engine::SinkTraits traits() const override {
    return {.kind = "test", .guarantee = engine::Guarantee::kExactlyOnce};
  }
  [[nodiscard]] std::unique_ptr<engine::SinkWriter<K, T>> make_writer(
      const engine::SinkEnvironment& environment,
      const engine::SinkFacts& /*recovered*/) const override {
    return std::make_unique<KeepingWriter<K, T>>(kept_, environment.shard);
  }
  [[nodiscard]] std::unique_ptr<engine::SinkCommitter> make_committer() const override {
    return std::make_unique<KeepingCommitter<K, T>>(kept_);
  }

 private:
  std::shared_ptr<KeptRecords<K, T>> kept_;
};

}  // namespace rheon::detail
