#pragma once

// The loop that the stateless operators share: calls user code once per record of a batch, counts
// what came of it, follows traced records, and takes back the emits of a call that throws.

#include <string>
#include <utility>

#include "codec/value.h"
#include "engine/output_port.h"
#include "engine/processor.h"

namespace rheon::operators {

using engine::Batch;
using engine::BatchBase;
using engine::OnThrow;

template <class K, class In, class Out>
class PerRecord : public engine::Processor {
 public:
  PerRecord(const std::string& name, engine::ShardContext& shard, OnThrow on_throw)
      : Processor(name, shard), on_throw_(on_throw) {}

  void connect(std::size_t, const engine::Target& target) override {
    port_.add(target);
    add_neighbour(target.receiver);
  }

 protected:
  using InSlot = typename Batch<K, In>::SlotType;

  [[nodiscard]] engine::OutputPort<K, Out>& port() { return port_; }

  /// Calls one(slot) for every record. `nothing`: counts inputs whose call has emitted nothing.
  template <class One, class Nothing>
  void run(Batch<K, In>& in, One&& one, Nothing&& nothing) {
    auto trace = in.traces.begin();
    std::size_t i = 0;
    while (trace != in.traces.end()) {
      stretch(in, i, trace->index, one, nothing);
      i = trace->index;
      port_.make_room();
      const std::size_t before = port_.size();
      const env::Monotonic began = instant();
      stretch(in, i, i + 1, one, nothing);
      follow(before, trace->context, began);
      ++i;
      ++trace;
    }
    stretch(in, i, in.slots.size(), one, nothing);
    port_.flush();
    counters().in += in.slots.size();
    counters().out += port_.take_emitted();
  }

  /// Hands on the records for which keep(value) is true, as they are.
  template <class Keep, class Nothing>
  void pass_those(Batch<K, In>& in, Keep&& keep, Nothing&& nothing) {
    if (!in.shared) {
      run_in_place(in, [&keep](InSlot& slot) { return keep(slot.value); }, nothing);
      return;
    }
    run(
        in,
        [this, &keep](const InSlot& slot) {
          if (keep(slot.value)) {
            port_.emit_shown(slot.key, slot.value, slot.time, slot.hash);
          }
        },
        nothing);
  }

  /// As run(), for a batch that is not shared: one(slot) may change the slot's value, and says
  /// whether the record stays. The batch itself is handed on; no record is copied.
  template <class One, class Nothing>
  void run_in_place(Batch<K, In>& in, One&& one, Nothing&& nothing)
    requires std::is_same_v<In, Out>
  {
    const std::size_t size = in.slots.size();
    counters().in += size;
    Kept kept;
    std::size_t traces = 0;
    std::size_t i = 0;
    for (std::size_t t = 0; t < in.traces.size(); ++t) {
      const engine::TraceMark trace = in.traces[t];
      keep(in, i, trace.index, kept, one);
      const std::size_t before = kept.records;
      i = trace.index + 1;
      const env::Monotonic began = instant();
      keep(in, trace.index, i, kept, one);
      const observe::TraceContext child = span(trace.context, began);
      if (kept.records > before) {
        in.traces[traces++] = {static_cast<std::uint32_t>(before), child};
      }
    }
    keep(in, i, size, kept, one);
    in.traces.resize(traces);
    in.slots.erase(in.slots.begin() + static_cast<std::ptrdiff_t>(kept.records), in.slots.end());
    counters().emitted += kept.records;
    if (const std::uint64_t gone = size - kept.records - kept.thrown; gone > 0) {
      nothing(gone);
    }
    port_.pass_on(in);
    counters().out += port_.take_emitted();
  }

 private:
  struct Kept {
    std::size_t records = 0;  // they stand at the front of the batch
    std::size_t thrown = 0;
  };

  template <class One>
  void keep(Batch<K, In>& in, std::size_t from, std::size_t to, Kept& kept, One& one) {
    auto* const slots = in.slots.data();
    std::size_t i = from;
    std::size_t stay = kept.records;
    while (i < to && !shard().error.has_value()) {
      try {
        for (; i < to; ++i) {
          if (one(slots[i])) {
            if (stay != i) {
              slots[stay] = std::move(slots[i]);
            }
            ++stay;
          }
        }
      } catch (...) {
        user_code_threw(on_throw_, codec::shown_bytes(slots[i].value), slots[i].time);
        ++kept.thrown;
        ++i;
      }
    }
    kept.records = stay;
  }

  template <class One, class Nothing>
  void stretch(Batch<K, In>& in, std::size_t from, std::size_t to, One& one, Nothing& nothing) {
    std::uint64_t silent = 0;
    std::uint64_t thrown = 0;
    std::size_t i = from;
    std::size_t mark = 0;
    while (i < to) {
      port_.make_room();  // what the operators behind this one throw is not its own
      try {
        for (; i < to && port_.has_room(); ++i) {
          mark = port_.size();
          one(in.slots[i]);
          silent += port_.size() == mark ? 1 : 0;
        }
      } catch (...) {
        port_.truncate(mark);
        user_code_threw(on_throw_, codec::shown_bytes(in.slots[i].value), in.slots[i].time);
        ++thrown;
        ++i;
        if (shard().error.has_value()) {
          break;
        }
      }
    }
    counters().emitted += to - from - silent - thrown;
    if (silent > 0) {
      nothing(silent);
    }
  }

  void follow(std::size_t before, const observe::TraceContext& parent, env::Monotonic began) {
    const observe::TraceContext child = span(parent, began);
    if (port_.size() > before) {
      port_.trace(before, port_.size(), child);
    }
  }

  OnThrow on_throw_;
  engine::OutputPort<K, Out> port_;
};

}  // namespace rheon::operators
