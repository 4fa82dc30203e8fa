#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "engine/sink.h"

namespace rheon {
namespace connect::discard {

template <class K, class T>
class DiscardWriter final : public engine::SinkWriter<K, T> {
 public:
  explicit DiscardWriter(std::shared_ptr<std::atomic<std::uint64_t>> records)
      : records_(std::move(records)) {}
  void write(const engine::Batch<K, T>& batch) override {
    records_->fetch_add(batch.slots.size(), std::memory_order_relaxed);
  }
  void prepare(Epoch /*epoch*/) override {}
  Result<bool> prepared(engine::SinkFactChanges& /*facts*/,
                        std::vector<log::StreamAppend>& /*appends*/) override {
    return true;
  }

 private:
  std::shared_ptr<std::atomic<std::uint64_t>> records_;
};

template <class K, class T>
class DiscardConnector final : public engine::SinkConnector<K, T> {
 public:
  explicit DiscardConnector(std::shared_ptr<std::atomic<std::uint64_t>> records)
      : records_(std::move(records)) {}
  engine::SinkTraits traits() const override {
    return {.kind = "discard", .guarantee = engine::Guarantee::kExactlyOnce};
  }
  std::unique_ptr<engine::SinkWriter<K, T>> make_writer(
      const engine::SinkEnvironment& /*environment*/,
      const engine::SinkFacts& /*recovered*/) const override {
    return std::make_unique<DiscardWriter<K, T>>(records_);
  }
  std::unique_ptr<engine::SinkCommitter> make_committer() const override { return nullptr; }

 private:
  std::shared_ptr<std::atomic<std::uint64_t>> records_;
};

}  // namespace connect::discard

namespace discard {

/// Takes records and forgets them; only counts. For measuring what stands before it.
///
///     words.to("nowhere", discard::all())
class Discard {
 public:
  template <class K, class T>
  [[nodiscard]] std::shared_ptr<const engine::SinkConnector<K, T>> bind() const {
    return std::make_shared<const connect::discard::DiscardConnector<K, T>>(records_);
  }
  /// Written so far, also in epochs that were aborted. Any thread.
  [[nodiscard]] std::uint64_t records() const { return records_->load(std::memory_order_relaxed); }

 private:
  std::shared_ptr<std::atomic<std::uint64_t>> records_ =
      std::make_shared<std::atomic<std::uint64_t>>(0);
};

[[nodiscard]] inline Discard all() { return {}; }

}  // namespace discard
}  // namespace rheon
