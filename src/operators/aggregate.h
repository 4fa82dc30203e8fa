#pragma once

// Rolling aggregates by key: every input updates the key's accumulator and emits its result.

#include <concepts>
#include <memory>
#include <string>
#include <utility>

#include "engine/keyed_processor.h"
#include "engine/output_port.h"

namespace rheon {

/// How records become one value: an accumulator (what is stored), how a record is added, and what
/// is emitted. Aggregators are values without state of their own.
template <class A, class T>
concept Aggregator =
    requires(const A& a, typename A::template Accumulator<T>& accumulator, const T& value) {
      a.add(accumulator, value);
      a.result(std::as_const(accumulator));
    };

struct Count {
  template <class T>
  using Accumulator = std::uint64_t;
  template <class T>
  void add(std::uint64_t& n, const T&) const {
    ++n;
  }
  [[nodiscard]] std::uint64_t result(const std::uint64_t& n) const { return n; }
};
/// How many records the key has had.
[[nodiscard]] inline Count count() { return {}; }

template <class Of>
struct Sum {
  Of of;
  template <class T>
  using Accumulator = std::remove_cvref_t<std::invoke_result_t<const Of&, const T&>>;
  template <class Acc, class T>
  void add(Acc& sum, const T& value) const {
    sum += std::invoke(of, value);
  }
  template <class Acc>
  [[nodiscard]] Acc result(const Acc& sum) const {
    return sum;
  }
};
/// The sum of `of(record)`; `of` may be a pointer to a field.
template <class Of>
[[nodiscard]] Sum<Of> sum(Of of) {
  return {std::move(of)};
}

}  // namespace rheon

namespace rheon::operators {

template <class K, class T, class A>
class Aggregate final : public engine::KeyedProcessor {
 public:
  using Accumulator = typename A::template Accumulator<T>;
  using Result = std::remove_cvref_t<decltype(std::declval<const A&>().result(
      std::declval<const Accumulator&>()))>;

  Aggregate(std::string name, engine::ShardContext& shard,
            std::shared_ptr<const state::StateSet> states, A aggregator)
      : KeyedProcessor(std::move(name), shard, std::move(states)), a_(std::move(aggregator)) {}

  void connect(std::size_t, const engine::Target& target) override {
    port_.add(target);
    add_neighbour(target.receiver);
  }

  void on_batch(std::uint32_t, engine::BatchBase& base) override {
    auto& in = static_cast<engine::Batch<K, T>&>(base);
    const state::Lifetime& lifetime = states().declarations.front().lifetime;
    auto trace = in.traces.begin();
    const std::size_t size = in.slots.size();
    for (std::size_t i = 0; i < size; ++i) {
      if (i + kPrefetchAhead < size) {
        const std::uint64_t ahead = in.slots[i + kPrefetchAhead].hash;
        group_of(ahead).table(0).prefetch_index(ahead);
      }
      const auto& slot = in.slots[i];
      state::KeyGroupState& group = group_of(slot.hash);
      state::StateTable& table = group.table(0);
      const codec::KeyBytes<K> key(slot.key);
      void* value = table.find_or_create(key.view(), slot.hash);
      table.mark_changed(value);
      auto& accumulator = *static_cast<Accumulator*>(value);
      if (lifetime.ttl.has_value()) {
        renew(lifetime, group, table, value, accumulator);
      }
      a_.add(accumulator, slot.value);
      port_.make_room();
      port_.emit_shown(slot.key, a_.result(accumulator), slot.time, slot.hash);
      if (trace != in.traces.end() && trace->index == i) {
        port_.trace(port_.size() - 1, port_.size(), span((trace++)->context));
      }
    }
    counters().in += size;
    counters().emitted += size;
    flush_ports();
  }

 private:
  static constexpr std::size_t kPrefetchAhead = 8;

  /// An expired accumulator begins anew; every write counts the ttl from now.
  void renew(const state::Lifetime& lifetime, const state::KeyGroupState& group,
             state::StateTable& table, void* value, Accumulator& accumulator) {
    const EventTime clock = lifetime.processing_time ? shard().now : watermark_of(group);
    const std::int64_t written = table.last_write(value);
    if (written != 0 && EventTime{written} + *lifetime.ttl <= clock) {
      accumulator = Accumulator{};
      ++counters().expired;
    }
    table.set_last_write(value, clock.micros);
  }

  void flush_ports() override {
    port_.flush();
    counters().out += port_.take_emitted();
  }

  A a_;
  engine::OutputPort<K, Result> port_;
};

}  // namespace rheon::operators
