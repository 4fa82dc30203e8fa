#pragma once

// Runs a user's operator class: the loop over a batch, instantiated on the operator's type so that
// its calls inline.

#include <deque>
#include <exception>
#include <memory>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>

#include "base/arena.h"
#include "engine/keyed_processor.h"
#include "engine/user_code.h"
#include "operators/operator.h"

namespace rheon::operators {

template <class In>
struct InputList {
  using type = std::tuple<In>;
};
template <class... In>
struct InputList<Inputs<In...>> {
  using type = std::tuple<In...>;
};

template <class Op, class Handle>
inline constexpr bool has_on_timer =
    requires(Op& op, const Handle& timer, typename Op::Context& ctx) { op.on_timer(timer, ctx); };

/// Why a late record is in quarantine.
[[nodiscard]] std::string late_reason(EventTime time, EventTime watermark);

template <class Op>
class Process final : public engine::KeyedProcessor {
 public:
  using K = typename Op::Key;
  using Out = typename Op::Output;
  using Context = typename Op::Context;
  using InputTypes = typename InputList<typename Op::Input>::type;

  Process(const std::string& name, engine::ShardContext& shard,
          const std::shared_ptr<const state::StateSet>& states, engine::OnThrow on_throw,
          OnLate on_late)
      : KeyedProcessor(name, shard, states),
        op_(),  // also plain members of a user's class begin at zero
        on_throw_(on_throw),
        on_late_(on_late),
        ports_(main_),
        ctx_(op_, main_, ports_) {
    op_.bind(this->states(), ports_, on_throw == engine::OnThrow::kQuarantine);
  }

  void connect(std::size_t port, const engine::Target& target) override {
    ports_.connect(port, target);
    add_neighbour(target.receiver);
  }
  void open() override {
    if constexpr (requires(Op& op) { op.init(); }) {
      try {
        op_.init();
      } catch (...) {
        engine::stop_outside_records(shard(), "operator '" + name() + "'", "init()");
      }
    }
  }
  void close() override {
    if constexpr (requires(Op& op) { op.close(); }) {
      try {
        op_.close();
      } catch (...) {
        engine::stop_outside_records(shard(), "operator '" + name() + "'", "close()");
      }
    }
  }

  void on_batch(std::uint32_t input, engine::BatchBase& base) override {
    dispatch(input, base, std::make_index_sequence<std::tuple_size_v<InputTypes>>());
  }

 private:
  template <std::size_t... I>
  void dispatch(std::uint32_t input, engine::BatchBase& base, std::index_sequence<I...>) {
    static_cast<void>((
        (input == I &&
         (take(static_cast<engine::Batch<K, std::tuple_element_t<I, InputTypes>>&>(base)), true)) ||
        ...));
  }

  template <class In>
  void take(engine::Batch<K, In>& in) {
    static_assert(
        requires(Op& op, const In& record, Context& ctx) { op.process(record, ctx); },
        "the operator needs a `void process(const In& record, Context& ctx)` for each of "
        "its inputs");
    auto trace = in.traces.begin();
    for (std::size_t i = 0; i < in.slots.size(); ++i) {
      const auto& slot = in.slots[i];
      ports_.make_room();
      ports_.mark();
      state::KeyGroupState& group = group_of(slot.hash);
      const codec::KeyBytes<K> key(slot.key);
      const bool followed = trace != in.traces.end() && trace->index == i;
      const env::Monotonic began = when_followed(followed, group, slot.hash);
      begin(Context::Call::kProcess, group, slot.key, key.view(), slot.hash, slot.time,
            watermark_of(group));
      bool emitted = false;
      bool kept = false;  // in state, and nothing has come out
      try {
        op_.process(slot.value, ctx_);
        ctx_.check_disposition();
        op_.keep();
        account(slot);
        emitted = ctx_.emitted();
        kept = !emitted && op_.writes() > 0;
      } catch (...) {
        take_back();
        user_code_threw(on_throw_, codec::shown_bytes(slot.value), slot.time);
      }
      if (followed) {
        follow(group, key.view(), slot.hash, {(trace++)->context, began}, emitted, kept);
      } else if (emitted) {
        follow_on(group, key.view(), slot.hash, began);
      }
      if (op_.timer_set()) {
        fire_past(group);
      }
      if (shard().error.has_value()) {
        break;
      }
    }
    counters().in += in.slots.size();
    counters().expired += op_.take_expired();
    flush_ports();
  }

  struct Followed {
    const observe::TraceContext& parent;
    env::Monotonic began;
  };
  /// When a call begins that may end with a span: its record is followed, or one before it was.
  [[nodiscard]] env::Monotonic when_followed(bool record, const state::KeyGroupState& group,
                                             std::uint64_t hash) const {
    return record || group.followed.may_hold(hash) ? instant() : env::Monotonic{0};
  }
  /// The record of this call is followed, to what it has emitted or into state. Those that were
  /// kept before come out with it.
  void follow(state::KeyGroupState& group, std::string_view key, std::uint64_t hash,
              const Followed& record, bool emitted, bool kept) {
    std::vector<observe::TraceContext> parents;
    if (emitted && group.followed.may_hold(hash)) {
      parents = group.followed.take(key, hash);
    }
    parents.push_back(record.parent);
    const observe::TraceContext context = span(std::move(parents), record.began);
    ports_.trace(context);
    if (kept) {
      group.followed.keep(key, hash, context);
    }
  }
  /// This call has emitted: followed records that were kept before come out with it.
  void follow_on(state::KeyGroupState& group, std::string_view key, std::uint64_t hash,
                 env::Monotonic began) {
    if (!group.followed.may_hold(hash)) [[likely]] {
      return;
    }
    std::vector<observe::TraceContext> kept = group.followed.take(key, hash);
    if (!kept.empty()) {
      ports_.trace(span(std::move(kept), began));
    }
  }

  void begin(typename Context::Call call, state::KeyGroupState& group, const K& key,
             std::string_view bytes, std::uint64_t hash, EventTime time, EventTime state_time) {
    op_.select(group, bytes, hash);
    op_.begin_call(time, watermark_of(group), shard().now, state_time);
    ctx_.begin(call, key, hash);
  }

  template <class Slot>
  void account(const Slot& slot) {
    switch (ctx_.disposition()) {
      case Disposition::kLate:
        account_late(slot);
        break;
      case Disposition::kDropped:
        counters().drop(ctx_.reason());
        break;
      case Disposition::kQuarantined:
        quarantine_record(slot, ctx_.reason());
        break;
      case Disposition::kNone:
        ++(ctx_.emitted() ? counters().emitted : counters().absorbed);
        break;
    }
  }

  /// The operator has asked and knows that the record is late.
  template <class Slot>
  void account_late(const Slot& slot) {
    if (ctx_.emitted()) {
      ++counters().late;
    } else if (op_.writes() > 0) {
      ++counters().absorbed;
    } else if (on_late_ == OnLate::kDrop) {
      counters().drop("late");
    } else {
      quarantine_record(slot, late_reason(slot.time, ctx_.watermark()));
    }
  }
  template <class Slot>
  void quarantine_record(const Slot& slot, std::string reason) {
    quarantine(codec::shown_bytes(slot.value), std::move(reason), slot.time);
  }

  void fire(state::KeyGroupState& group, const state::DueTimer& timer) override {
    ports_.make_room();
    ports_.mark();
    std::string_view bytes = timer_keys_.copy(timer.key);  // outlives the ports' batches
    K& key = decoded_keys_.emplace_back();
    std::string_view rest = bytes;
    const bool good = codec::take_key(rest, key);
    RHEON_ASSERT(good, "a timer's key cannot be decoded");
    const bool processing = state::is_processing_timer(states().declarations[timer.state].kind);
    const std::uint64_t hash = stable_hash(bytes);
    const env::Monotonic began = when_followed(false, group, hash);
    begin(Context::Call::kOnTimer, group, key, bytes, hash, timer.time,
          processing ? watermark_of(group) : timer.time);
    try {
      call_on_timer(timer);
      op_.keep();
      counters().out_from_timers += ctx_.emitted() ? 1 : 0;
      if (ctx_.emitted()) {
        follow_on(group, bytes, hash, began);
      }
    } catch (...) {
      take_back();
      user_code_threw(on_throw_, "timer of key " + std::string(bytes), timer.time,
                      &engine::OperatorCounters::quarantined_timers);
    }
    ++counters().timers;
  }

  void call_on_timer(const state::DueTimer& timer) {
    static_assert(
        !requires { &Op::on_timer; } || has_on_timer<Op, Timer> || has_on_timer<Op, TimerSet>,
        "the operator's on_timer() must be a `void on_timer(const Timer& timer, Context& "
        "ctx)`, or one with a TimerSet");
    const void* handle = op_.timer_handle(timer.state);
    const bool many = state::is_timer_set(states().declarations[timer.state].kind);
    if constexpr (has_on_timer<Op, Timer>) {
      if (!many) {
        op_.on_timer(*static_cast<const Timer*>(handle), ctx_);
        return;
      }
    }
    if constexpr (has_on_timer<Op, TimerSet>) {
      if (many) {
        op_.on_timer(*static_cast<const TimerSet*>(handle), ctx_);
        return;
      }
    }
    RHEON_ASSERT(false, "a timer fired that the operator has no on_timer() for");
  }

  void take_back() {
    ports_.take_back();
    op_.undo();
  }
  void flush_ports() override {
    counters().out += ports_.flush();
    timer_keys_.reset();
    decoded_keys_.clear();
  }

  Op op_;
  engine::OnThrow on_throw_;
  OnLate on_late_;
  Port<K, Out> main_;
  Ports ports_;
  Context ctx_;
  Arena timer_keys_;
  std::deque<K> decoded_keys_;
};

}  // namespace rheon::operators
