#pragma once

#include <array>
#include <cstddef>
#include <functional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "codec/value.h"
#include "engine/output_port.h"
#include "engine/processor.h"

namespace rheon::operators {

/// One way out of a split: its name, and which records take it.
template <class Fn>
struct Branch {
  std::string name;
  Fn predicate;
};

/// Sends every record to the first branch whose predicate(const T&) is true; those that no branch
/// takes to the main output. Records of an output that nobody reads are counted as dropped.
template <class K, class T, class... Fn>
class Split final : public engine::Processor {
 public:
  Split(std::string name, engine::ShardContext& shard, engine::OnThrow on_throw,
        std::tuple<Branch<Fn>...> branches)
      : Processor(std::move(name), shard), on_throw_(on_throw), branches_(std::move(branches)) {
    ports_[0].unread = "no branch";
    std::size_t port = 0;
    std::apply([&](const auto&... branch) { ((ports_[++port].unread += branch.name), ...); },
               branches_);
  }

  void connect(std::size_t port, const engine::Target& target) override {
    ports_[port].out.add(target);
    ports_[port].read = true;
    add_neighbour(target.receiver);
  }

  void on_batch(std::uint32_t, engine::BatchBase& base) override {
    auto& in = static_cast<engine::Batch<K, T>&>(base);
    auto trace = in.traces.begin();
    for (std::size_t i = 0; i < in.slots.size() && !shard().error.has_value(); ++i) {
      const bool followed = trace != in.traces.end() && trace->index == i;
      const env::Monotonic began = followed ? instant() : env::Monotonic{0};
      Port* const port = choose(in.slots[i]);
      if (followed) {
        follow(port, (trace++)->context, began);
      }
    }
    counters().in += in.slots.size();
    for (Port& port : ports_) {
      port.out.flush();
      if (port.records > 0 && !port.read) {
        counters().drop(port.unread, port.records);
      } else {
        counters().emitted += port.records;
      }
      port.records = 0;
      counters().out += port.out.take_emitted();
    }
  }

 private:
  struct Port {
    engine::OutputPort<K, T> out;
    std::string unread = "branch ";  // why its records are dropped when nobody reads it
    bool read = false;
    std::size_t records = 0;  // of this batch
  };

  /// The port that the record went to; null: a predicate has thrown.
  template <class Slot>
  Port* choose(const Slot& slot) {
    std::size_t chosen = 0;
    try {
      chosen = first_match(slot.value, std::index_sequence_for<Fn...>());
    } catch (...) {
      user_code_threw(on_throw_, codec::shown_bytes(slot.value), slot.time);
      return nullptr;
    }
    Port& port = ports_[chosen];
    ++port.records;
    if (port.read) {
      port.out.make_room();
      port.out.emit_shown(slot.key, slot.value, slot.time, slot.hash);
    }
    return &port;
  }
  /// The port of the first branch that takes the record; 0: none does.
  template <std::size_t... I>
  [[nodiscard]] std::size_t first_match(const T& value, std::index_sequence<I...>) const {
    std::size_t port = 0;
    static_cast<void>(
        ((std::invoke(std::get<I>(branches_).predicate, value) && (port = I + 1, true)) || ...));
    return port;
  }

  void follow(Port* port, const observe::TraceContext& parent, env::Monotonic began) {
    const observe::TraceContext child = span(parent, began);
    if (port != nullptr && port->read) {
      port->out.trace(port->out.size() - 1, port->out.size(), child);
    }
  }

  engine::OnThrow on_throw_;
  std::tuple<Branch<Fn>...> branches_;
  std::array<Port, sizeof...(Fn) + 1> ports_;
};

}  // namespace rheon::operators
