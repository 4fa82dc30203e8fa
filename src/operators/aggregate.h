#pragma once

// Rolling aggregates by key: every input updates the key's accumulator and emits its result.

#include <algorithm>
#include <array>
#include <concepts>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "codec/key.h"
#include "engine/keyed_processor.h"
#include "engine/output_port.h"
#include "engine/user_code.h"

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
  using Result =
      codec::Stored<decltype(std::declval<const A&>().result(std::declval<const Accumulator&>()))>;

  Aggregate(const std::string& name, engine::ShardContext& shard,
            std::shared_ptr<const state::StateSet> states, A aggregator, engine::OnThrow on_throw)
      : KeyedProcessor(name, shard, std::move(states)),
        a_(std::move(aggregator)),
        on_throw_(on_throw) {}

  void connect(std::size_t, const engine::Target& target) override {
    port_.add(target);
    add_neighbour(target.receiver);
  }

  void open() override {
    tables_.assign(group_at().size(), nullptr);
    for (std::size_t g = 0; g < tables_.size(); ++g) {
      if (group_at()[g] != nullptr) {
        tables_[g] = &group_at()[g]->table(0);
      }
    }
  }

  void on_batch(std::uint32_t, engine::BatchBase& base) override {
    auto& in = static_cast<engine::Batch<K, T>&>(base);
    if (on_throw_ == engine::OnThrow::kQuarantine) {
      update_one_by_one(in);
      return;
    }
    const std::size_t size = in.slots.size();
    auto trace = in.traces.begin();
    for (std::size_t from = 0; from < size; from += kBlock) {
      const std::size_t to = std::min(from + kBlock, size);
      port_.make_room();
      const std::size_t before = port_.size();
      const bool followed = trace != in.traces.end() && trace->index < to;
      const env::Monotonic began = followed ? instant() : env::Monotonic{0};
      update(in, from, to);
      if (shard().error.has_value()) {
        return;
      }
      for (; trace != in.traces.end() && trace->index < to; ++trace) {
        const std::size_t out = before + trace->index - from;
        port_.trace(out, out + 1, span(trace->context, began));
      }
    }
    counters().in += size;
    counters().emitted += size;
    flush_ports();
  }

 private:
  using Slot = typename engine::Batch<K, T>::SlotType;
  static constexpr std::size_t kBlock = 32;  // records whose state is fetched side by side

  /// Updates the keys of records [from, to), and emits. What a record needs hangs together by
  /// pointers: table, index, entry. Each is asked for, for all records, before it is used.
  void update(engine::Batch<K, T>& in, std::size_t from, std::size_t to) {
    std::array<state::StateTable*, kBlock> tables;
    std::array<state::StateTable::Tag, kBlock> tags;
    std::array<void*, kBlock> candidates;
    const auto* const slots = in.slots.data() + from;
    const std::size_t size = to - from;
    const std::uint64_t group_mask = tables_.size() - 1;
    for (std::size_t i = 0; i < size; ++i) {
      tables[i] = tables_[slots[i].hash & group_mask];
      tags[i] = tables[i]->tag_of(slots[i].hash);
      tables[i]->prefetch_index(tags[i]);
    }
    for (std::size_t i = 0; i < size; ++i) {
      candidates[i] = tables[i]->candidate(tags[i]);
    }
    const state::Lifetime& lifetime = states().declarations.front().lifetime;
    std::size_t i = 0;
    try {
      for (; i < size; ++i) {
        state::StateTable& table = *tables[i];
        const codec::KeyBytes<K> key(slots[i].key);
        void* value = table.at(candidates[i], key.view(), tags[i]);
        table.mark_changed_tagged(value, tags[i]);
        auto& accumulator = *static_cast<Accumulator*>(value);
        if (lifetime.ttl.has_value()) [[unlikely]] {
          const EventTime clock = clock_of(lifetime, slots[i].hash);
          if (has_expired(lifetime, table, value, clock)) {
            accumulator = Accumulator{};
            ++counters().expired;
          }
          table.set_last_write(value, state::time_of_write(clock, slots[i].time).micros);
        }
        a_.add(accumulator, slots[i].value);
        emit(slots[i], accumulator);
      }
    } catch (...) {
      user_code_threw(on_throw_, codec::shown_bytes(slots[i].value), slots[i].time);
    }
  }

  /// As update(), where a call that throws may leave nothing behind: each works on a copy.
  [[gnu::noinline]] void update_one_by_one(engine::Batch<K, T>& in) {
    auto trace = in.traces.begin();
    for (std::size_t i = 0; i < in.slots.size(); ++i) {
      port_.make_room();
      const bool followed = trace != in.traces.end() && trace->index == i;
      const env::Monotonic began = followed ? instant() : env::Monotonic{0};
      const bool emitted = update_copy(in.slots[i]);
      if (followed) {
        const observe::TraceContext context = span((trace++)->context, began);
        if (emitted) {
          port_.trace(port_.size() - 1, port_.size(), context);
        }
      }
    }
    counters().in += in.slots.size();
    flush_ports();
  }

  /// True: the record has been added, and the result emitted. False: the aggregator has thrown.
  bool update_copy(const Slot& slot) {
    const state::Lifetime& lifetime = states().declarations.front().lifetime;
    state::StateTable& table = *tables_[slot.hash & (tables_.size() - 1)];
    const codec::KeyBytes<K> key(slot.key);
    const state::StateTable::Tag tag = table.tag_of(slot.hash);
    void* value = table.find_tagged(key.view(), tag);
    const EventTime clock = clock_of(lifetime, slot.hash);
    const bool expired =
        value != nullptr && lifetime.ttl.has_value() && has_expired(lifetime, table, value, clock);
    Accumulator next =
        value == nullptr || expired ? Accumulator{} : *static_cast<const Accumulator*>(value);
    try {
      a_.add(next, slot.value);
      emit(slot, next);
    } catch (...) {
      user_code_threw(on_throw_, codec::shown_bytes(slot.value), slot.time);
      return false;
    }
    value = value != nullptr ? value : table.find_or_create_tagged(key.view(), tag);
    table.mark_changed_tagged(value, tag);
    *static_cast<Accumulator*>(value) = std::move(next);
    if (lifetime.ttl.has_value()) {
      table.set_last_write(value, state::time_of_write(clock, slot.time).micros);
    }
    counters().expired += expired ? 1 : 0;
    ++counters().emitted;
    return true;
  }

  void emit(const Slot& slot, const Accumulator& accumulator) {
    if constexpr (!codec::holds_views<Result>()) {
      port_.emit_shown(slot.key, a_.result(accumulator), slot.time, slot.hash);
    } else {
      // What it shows may stand in the accumulator, which the next record changes.
      port_.emit(slot.key, a_.result(accumulator), slot.time, slot.hash);
    }
  }

  /// What a ttl counts in.
  [[nodiscard]] EventTime clock_of(const state::Lifetime& lifetime, std::uint64_t hash) {
    return lifetime.processing_time ? shard().now : watermark_of(group_of(hash));
  }
  [[nodiscard]] static bool has_expired(const state::Lifetime& lifetime,
                                        const state::StateTable& table, const void* value,
                                        EventTime clock) {
    const std::int64_t written = table.last_write(value);
    return written != 0 && is_over(lifetime, EventTime{written}, clock);
  }

  void flush_ports() override {
    port_.flush();
    counters().out += port_.take_emitted();
  }

  A a_;
  engine::OnThrow on_throw_;
  engine::OutputPort<K, Result> port_;
  std::vector<state::StateTable*> tables_;  // by key group; null: on another shard
};

}  // namespace rheon::operators
