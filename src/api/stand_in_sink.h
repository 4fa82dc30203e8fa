#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "engine/sink.h"

namespace rheon::detail {

/// What a job has committed to a sink, as a test reads it. Stands outside of the job, as a store
/// with transactions would: keeps what was prepared until the job's log says that it is committed.
/// One thread. The values show memory of this object.
class KeptRecords {
 public:
  using Batches = std::vector<std::unique_ptr<engine::BatchBase>>;

  explicit KeptRecords(const engine::RecordType& type);
  ~KeptRecords();

  [[nodiscard]] const engine::RecordType& type() const { return type_; }
  /// T: what type() says.
  template <class T>
  [[nodiscard]] std::vector<T> values() const {
    std::vector<T> result;
    for (const auto& batch : committed_) {
      for (std::size_t i = 0; i < batch->size(); ++i) {
        result.push_back(*static_cast<const T*>(type_.value_at(*batch, i)));
      }
    }
    return result;
  }
  /// K and T: what type() says.
  template <class K, class T>
  [[nodiscard]] std::vector<std::pair<K, T>> keys_and_values() const {
    std::vector<std::pair<K, T>> result;
    for (const auto& batch : committed_) {
      for (const auto& slot : static_cast<const engine::Batch<K, T>&>(*batch).slots) {
        result.emplace_back(slot.key, slot.value);
      }
    }
    return result;
  }

  void prepare(std::uint32_t shard, Epoch epoch, Batches batches);
  void commit(std::uint32_t shard, Epoch epoch);
  void discard_prepared();

 private:
  const engine::RecordType& type_;
  std::map<std::uint32_t, std::map<Epoch, Batches>> prepared_;  // by shard
  Batches committed_;
};

/// The connector whose writers keep their batches there.
[[nodiscard]] std::shared_ptr<const engine::AnySinkConnector> make_keeping_connector(
    std::shared_ptr<KeptRecords> kept);

}  // namespace rheon::detail
