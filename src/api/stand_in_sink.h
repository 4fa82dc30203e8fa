#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <type_traits>
#include <vector>

#include "codec/record.h"
#include "engine/sink.h"

namespace rheon::detail {

/// Stands outside of the job, as a store with transactions would: keeps what was prepared until the
/// job's log says that it is committed. One thread.
class KeptBatches {
 public:
  using Batches = std::vector<std::unique_ptr<engine::BatchBase>>;

  KeptBatches();
  virtual ~KeptBatches();
  /// Owns all that it shows.
  [[nodiscard]] virtual std::unique_ptr<engine::BatchBase> copy(
      const engine::BatchBase& batch) const = 0;

  void prepare(std::uint32_t shard, Epoch epoch, Batches batches);
  void commit(std::uint32_t shard, Epoch epoch);
  void discard_prepared();
  [[nodiscard]] const Batches& committed() const { return committed_; }

 private:
  std::map<std::uint32_t, std::map<Epoch, Batches>> prepared_;  // by shard
  Batches committed_;
};

/// What a job has committed to a sink, as a test reads it. The values show memory of this object.
template <class T>
class Kept {
 public:
  virtual ~Kept() = default;
  [[nodiscard]] virtual std::vector<T> values() const = 0;
};

template <class K, class T>
class KeptRecords final : public KeptBatches, public Kept<T> {
 public:
  /// Calls visit(slot) for every committed record.
  template <class Visit>
  void for_each(Visit&& visit) const {
    for (const auto& batch : committed()) {
      for (const auto& slot : static_cast<const engine::Batch<K, T>&>(*batch).slots) {
        visit(slot);
      }
    }
  }
  [[nodiscard]] std::vector<T> values() const override {
    std::vector<T> result;
    for_each([&result](const auto& slot) { result.push_back(slot.value); });
    return result;
  }
  [[nodiscard]] std::unique_ptr<engine::BatchBase> copy(
      const engine::BatchBase& batch) const override {
    auto copy = std::make_unique<engine::Batch<K, T>>();
    copy->slots = static_cast<const engine::Batch<K, T>&>(batch).slots;
    for (auto& slot : copy->slots) {
      slot.value = codec::place(slot.value, copy->arena);
      if constexpr (!std::is_same_v<K, engine::NoKey>) {
        slot.key = codec::place(slot.key, copy->arena);
      }
    }
    return copy;
  }
};

/// The connector whose writers keep their batches there.
[[nodiscard]] std::shared_ptr<const engine::AnySinkConnector> make_keeping_connector(
    std::shared_ptr<KeptBatches> kept);

}  // namespace rheon::detail
