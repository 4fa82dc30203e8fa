#pragma once

#include "operators/per_record.h"

namespace rheon::operators {

/// Shows every record to fn(const T&) and passes it on as it is.
template <class K, class T, class Fn>
class Peek final : public PerRecord<K, T, T> {
 public:
  Peek(const std::string& name, engine::ShardContext& shard, OnThrow on_throw, Fn fn)
      : PerRecord<K, T, T>(name, shard, on_throw), fn_(std::move(fn)) {}

  void on_batch(std::uint32_t, BatchBase& batch) override {
    this->pass_those(
        static_cast<Batch<K, T>&>(batch),
        [this](const T& value) {
          fn_(value);
          return true;
        },
        [](std::uint64_t) {});
  }

 private:
  Fn fn_;
};

}  // namespace rheon::operators
