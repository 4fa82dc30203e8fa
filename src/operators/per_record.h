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
      stretch(in, i, i + 1, one, nothing);
      follow(before, trace->context);
      ++i;
      ++trace;
    }
    stretch(in, i, in.slots.size(), one, nothing);
    port_.flush();
    counters().in += in.slots.size();
    counters().out += port_.take_emitted();
  }

 private:
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
        std::string record;
        codec::ValueCodec<In>::encode(in.slots[i].value, record);
        user_code_threw(on_throw_, std::move(record), in.slots[i].time);
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

  void follow(std::size_t before, const observe::TraceContext& parent) {
    const observe::TraceContext child = span(parent);
    if (port_.size() > before) {
      port_.trace(before, port_.size(), child);
    }
  }

  OnThrow on_throw_;
  engine::OutputPort<K, Out> port_;
};

}  // namespace rheon::operators
