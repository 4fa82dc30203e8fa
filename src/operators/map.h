#pragma once

#include "operators/per_record.h"

namespace rheon::operators {

/// One output for each input: fn(const In&) -> Out. The key stays.
template <class K, class In, class Out, class Fn>
class Map final : public PerRecord<K, In, Out> {
 public:
  Map(const std::string& name, engine::ShardContext& shard, OnThrow on_throw, Fn fn)
      : PerRecord<K, In, Out>(name, shard, on_throw), fn_(std::move(fn)) {}

  void on_batch(std::uint32_t, BatchBase& batch) override {
    if constexpr (std::is_same_v<In, Out> && codec::is_self_contained<Out>) {
      if (!batch.shared) {
        this->run_in_place(
            static_cast<Batch<K, In>&>(batch),
            [this](auto& slot) {
              slot.value = fn_(std::as_const(slot.value));
              return true;
            },
            [](std::uint64_t) {});
        return;
      }
    }
    this->run(
        static_cast<Batch<K, In>&>(batch),
        [this](const auto& slot) {
          this->port().emit(slot.key, fn_(slot.value), slot.time, slot.hash);
        },
        [](std::uint64_t) {});
  }

 private:
  Fn fn_;
};

}  // namespace rheon::operators
