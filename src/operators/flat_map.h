#pragma once

#include "operators/emit.h"
#include "operators/output_limit.h"
#include "operators/per_record.h"

namespace rheon::operators {

/// Any number of outputs for each input: fn(const In&) -> a range of Out, or
/// fn(const In&, Emit<Out>&). Inputs without an output are counted as dropped.
template <class K, class In, class Out, class Fn>
class FlatMap final : public PerRecord<K, In, Out> {
 public:
  FlatMap(const std::string& name, engine::ShardContext& shard, OnThrow on_throw, Fn fn)
      : PerRecord<K, In, Out>(name, shard, on_throw), fn_(std::move(fn)) {}

  void on_batch(std::uint32_t, BatchBase& batch) override {
    this->run(
        static_cast<Batch<K, In>&>(batch), [this](const auto& slot) { call(slot); },
        [this](std::uint64_t count) { this->counters().drop("no output", count); });
  }

 private:
  using InSlot = typename Batch<K, In>::SlotType;

  struct Into final : Emit<Out> {
    explicit Into(engine::OutputPort<K, Out>& out, const InSlot& in)
        : Emit<Out>([](Emit<Out>& self, const Out& value) {
            auto& into = static_cast<Into&>(self);
            into.port.emit(into.slot.key, value, into.slot.time, into.slot.hash);
            check_output(into.port);
          }),
          port(out),
          slot(in) {}
    engine::OutputPort<K, Out>& port;
    const InSlot& slot;
  };

  void call(const InSlot& slot) {
    if constexpr (std::is_invocable_v<const Fn&, const In&, Emit<Out>&>) {
      Into emit(this->port(), slot);
      fn_(slot.value, emit);
    } else {
      auto&& range = fn_(slot.value);
      for (auto&& value : range) {
        this->port().emit(slot.key, value, slot.time, slot.hash);
        check_output(this->port());
      }
    }
  }

  /// Looks at one emit in 64, which costs the others next to nothing. What stands in the batch from
  /// calls before is little beside the limit.
  static void check_output(engine::OutputPort<K, Out>& port) {
    if (port.size() % 64 == 0 && port.bytes() > kMaxOutputPerInputBytes) {
      throw_too_much_output();
    }
  }

  Fn fn_;
};

}  // namespace rheon::operators
