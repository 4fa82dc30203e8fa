#pragma once

#include "operators/per_record.h"

namespace rheon::operators {

/// Keeps the records for which fn(const T&) is true; the others are counted as dropped.
template <class K, class T, class Fn>
class Filter final : public PerRecord<K, T, T> {
 public:
  Filter(const std::string& name, engine::ShardContext& shard, OnThrow on_throw, Fn fn)
      : PerRecord<K, T, T>(name, shard, on_throw), fn_(std::move(fn)) {}

  void on_batch(std::uint32_t, BatchBase& batch) override {
    this->pass_those(
        static_cast<Batch<K, T>&>(batch), [this](const T& value) -> bool { return fn_(value); },
        [this](std::uint64_t count) { this->counters().drop("filter", count); });
  }

 private:
  Fn fn_;
};

}  // namespace rheon::operators
