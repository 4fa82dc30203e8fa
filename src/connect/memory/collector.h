#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "engine/sink.h"

namespace rheon {
namespace connect::memory {

/// What owns the text that a record shows.
template <class T>
using Owned = std::conditional_t<std::is_same_v<T, std::string_view>, std::string, T>;

/// What a collector keeps of a record: its value, or key and value.
template <class K, class T>
struct Collected {
  using type = std::pair<Owned<K>, Owned<T>>;
  static type of(const engine::Slot<K, T>& slot) {
    return {Owned<K>(slot.key), Owned<T>(slot.value)};
  }
};
template <class T>
struct Collected<engine::NoKey, T> {
  using type = Owned<T>;
  static type of(const engine::Slot<engine::NoKey, T>& slot) { return Owned<T>(slot.value); }
};

/// The world outside of the job: keeps what was prepared until the job's log says that it is
/// committed, as a transactional store would. Any thread.
template <class C>
class Collection {
 public:
  void prepare(std::uint32_t shard, std::uint64_t epoch, std::vector<C> records) {
    const std::lock_guard lock(mutex_);
    auto& waiting = prepared_[shard][epoch];
    std::move(records.begin(), records.end(), std::back_inserter(waiting));
  }
  /// Epochs up to this one are committed.
  void commit(std::uint32_t shard, std::uint64_t epoch) {
    const std::lock_guard lock(mutex_);
    auto& waiting = prepared_[shard];
    while (!waiting.empty() && waiting.begin()->first <= epoch) {
      std::move(waiting.begin()->second.begin(), waiting.begin()->second.end(),
                std::back_inserter(committed_));
      waiting.erase(waiting.begin());
    }
  }
  /// What is still prepared was never committed.
  void discard_prepared() {
    const std::lock_guard lock(mutex_);
    prepared_.clear();
  }
  [[nodiscard]] std::vector<C> committed() const {
    const std::lock_guard lock(mutex_);
    return committed_;
  }

 private:
  mutable std::mutex mutex_;
  std::map<std::uint32_t, std::map<std::uint64_t, std::vector<C>>> prepared_;
  std::vector<C> committed_;
};

template <class K, class T>
class CollectingWriter final : public engine::SinkWriter<K, T> {
 public:
  using Record = typename Collected<K, T>::type;

  CollectingWriter(std::shared_ptr<Collection<Record>> collection, std::uint32_t shard)
      : collection_(std::move(collection)), shard_(shard) {}

  void write(const engine::Batch<K, T>& batch) override {
    for (const engine::Slot<K, T>& slot : batch.slots) {
      records_.push_back(Collected<K, T>::of(slot));
    }
  }
  void prepare(Epoch epoch) override {
    changed_ = !records_.empty();
    prepared_ = epoch;
    if (changed_) {
      collection_->prepare(shard_, epoch.value, std::exchange(records_, {}));
    }
  }
  Result<bool> prepared(engine::SinkFactChanges& facts,
                        std::vector<log::StreamAppend>& /*appends*/) override {
    if (changed_) {
      facts.push_back({std::to_string(shard_), std::to_string(prepared_.value)});
    }
    return true;
  }
  void committed(Epoch epoch) override { collection_->commit(shard_, epoch.value); }

 private:
  std::shared_ptr<Collection<Record>> collection_;
  std::uint32_t shard_;
  std::vector<Record> records_;  // of the running epoch
  bool changed_ = false;
  Epoch prepared_;
};

/// Finishes what the last commit says is true: facts are the last epoch of each shard.
template <class C>
class CollectionCommitter final : public engine::SinkCommitter {
 public:
  explicit CollectionCommitter(std::shared_ptr<Collection<C>> collection)
      : collection_(std::move(collection)) {}
  Status recover(const engine::SinkEnvironment& /*environment*/, const engine::SinkFacts& facts,
                 engine::SinkRecovery& /*done*/) override {
    for (const auto& [shard, epoch] : facts) {
      collection_->commit(static_cast<std::uint32_t>(std::stoul(shard)), std::stoull(epoch));
    }
    collection_->discard_prepared();
    return {};
  }

 private:
  std::shared_ptr<Collection<C>> collection_;
};

template <class K, class T>
class CollectorConnector final : public engine::SinkConnector<K, T> {
 public:
  using Record = typename Collected<K, T>::type;

  explicit CollectorConnector(std::shared_ptr<Collection<Record>> collection)
      : collection_(std::move(collection)) {}
  engine::SinkTraits traits() const override {
    return {.kind = "memory", .guarantee = engine::Guarantee::kExactlyOnce};
  }
  std::unique_ptr<engine::SinkWriter<K, T>> make_writer(
      const engine::SinkEnvironment& environment,
      const engine::SinkFacts& /*recovered*/) const override {
    return std::make_unique<CollectingWriter<K, T>>(collection_, environment.shard);
  }
  std::unique_ptr<engine::SinkCommitter> make_committer() const override {
    return std::make_unique<CollectionCommitter<Record>>(collection_);
  }

 private:
  std::shared_ptr<Collection<Record>> collection_;
};

}  // namespace connect::memory

namespace memory {

/// Keeps what a job has committed, for tests. Copies share what they keep. C: the record's value
/// (std::string for text), or for a keyed stream a pair of key and value:
///
///     memory::Collector<std::pair<std::string, std::uint64_t>> counts;
///     job.from(...).key_by(...).aggregate(...).to("out", counts);
///     ... run ...
///     EXPECT_THAT(counts.committed(), UnorderedElementsAre(Pair("be", 1), Pair("be", 2)));
///
/// Order is kept per shard. Records that only show bytes in fields of theirs must not be collected.
template <class C>
class Collector {
 public:
  template <class K, class T>
  [[nodiscard]] std::shared_ptr<const engine::SinkConnector<K, T>> bind() const {
    using Record = typename connect::memory::Collected<K, T>::type;
    static_assert(std::is_same_v<Record, C>,
                  "memory::Collector<C>: C is the record's type (std::string for text), or "
                  "std::pair<key, record> behind key_by");
    if constexpr (std::is_same_v<Record, C>) {
      return std::make_shared<const connect::memory::CollectorConnector<K, T>>(collection_);
    }
  }
  /// Any thread, at any time.
  [[nodiscard]] std::vector<C> committed() const { return collection_->committed(); }

 private:
  std::shared_ptr<connect::memory::Collection<C>> collection_ =
      std::make_shared<connect::memory::Collection<C>>();
};

}  // namespace memory
}  // namespace rheon
