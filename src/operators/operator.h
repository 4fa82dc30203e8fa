#pragma once

// Operators with state and timers, as users write them:
//
//   struct Sessionize : KeyedOperator<UserId, Click, Session> {
//     Value<Session>    open{*this, "open", ttl(24h)};
//     Timer             expiry{*this, "expiry"};
//     SideOutput<Click> late{*this, "late"};
//
//     void process(const Click& click, Context& ctx) {
//       if (ctx.is_late()) return ctx.emit(late, click);
//       Session& session = open.get_or_create();
//       session.add(click);
//       expiry.set(session.last + 30min);
//     }
//     void on_timer(const Timer&, Context& ctx) { ctx.emit(open.take()); }
//   };
//
//   auto sessions = clicks.key_by(&Click::user).process<Sessionize>("sessions");
//
// The watermark moves between batches: the timer may fire some records after it became due. Where
// that matters, as for sessions, keep what is open by its own times: examples/sessions.
//
// process, on_timer, init and close are not virtual: they are found by their signatures and inlined
// into the loop over a batch. Each shard has its own instance, on the shard's thread. Plain members
// are not restored after a crash: what must survive is a Value, Map, List, Counter or timer.
//
// Emits, timers and state of one call become visible when it returns. A call that throws stops the
// job at the record; with process<...>(name, on_throw = quarantine) its effects are taken back and
// the record goes to the quarantine stream.

#include <cstdint>
#include <string>
#include <utility>

#include "operators/operator_base.h"
#include "operators/output_limit.h"
#include "operators/ports.h"
#include "operators/state_handles.h"
#include "operators/timers.h"

namespace rheon {

/// Several inputs of one operator: KeyedOperator<OrderId, Inputs<Order, Payment>, Matched> has a
/// process() for each.
template <class... In>
struct Inputs {};

/// What became of an input; each gets exactly one.
enum class Disposition { kNone, kDropped, kQuarantined, kLate };

/// What becomes of a record that the operator has found late and then neither emitted nor kept.
enum class OnLate { kQuarantine, kDrop };

/// A second output, by name. `stream.side(&Sessionize::late)` reads it.
template <class T>
class SideOutput {
 public:
  using Record = T;
  template <class Operator>
  SideOutput(Operator& op, std::string name)
      : index_(op.declare_output(std::move(name), codec::ValueCodec<T>::schema(),
                                 &Operator::template make_side_port<T>)) {}
  SideOutput(const SideOutput&) = delete;
  SideOutput& operator=(const SideOutput&) = delete;

  [[nodiscard]] std::size_t index() const { return index_; }

 private:
  std::size_t index_;
};

namespace operators {

[[noreturn]] void throw_no_record_in_on_timer(const std::string& reason);
[[noreturn]] void throw_second_disposition(const std::string& first, const std::string& second);
/// Throws when the call has done more with its record than `disposition` says.
void check_disposition(Disposition disposition, const std::string& reason, bool emitted,
                       bool written);

}  // namespace operators

/// What a call may ask and say. Valid during the call.
template <class K, class Out>
class BasicContext {
 public:
  BasicContext(operators::OperatorBase& op, operators::Port<K, Out>& main,
               const operators::Ports& ports)
      : op_(op), main_(main), ports_(ports) {}

  /// Emits with the current key and time. What the value shows is copied. Never fails.
  void emit(const Out& value) { emit_to(main_, value, time()); }
  void emit(const Out& value, EventTime at) { emit_to(main_, value, at); }
  template <class T>
  void emit(const SideOutput<T>& output, const T& value) {
    emit_to(static_cast<operators::Port<K, T>&>(ports_.side(output.index())), value, time());
  }

  [[nodiscard]] const K& key() const { return *key_; }
  /// Event time of the record; in on_timer: the time the timer was set to.
  [[nodiscard]] EventTime time() const { return op_.time(); }
  [[nodiscard]] EventTime watermark() const { return op_.watermark(); }
  /// The job's processing clock.
  [[nodiscard]] EventTime now() const { return op_.now(); }
  /// The watermark had passed the record's time before it came. A record at the watermark is on
  /// time. A late one that the call then neither emits (to a side output, say) nor keeps goes to
  /// quarantine, or is dropped when the job says process(...).drop_late().
  [[nodiscard]] bool is_late() {
    late_ = time() < watermark();
    return late_;
  }
  template <class T>
  [[nodiscard]] bool is_late(const T&) {
    return is_late();
  }

  /// The record goes no further, on purpose: counted under `reason`. The call emits nothing; it may
  /// change state. In process() only: a timer is no record.
  void drop(std::string reason) { dispose(Disposition::kDropped, std::move(reason)); }
  /// The record goes to the quarantine stream. The call neither emits nor changes state. In
  /// process() only.
  void quarantine(std::string reason) { dispose(Disposition::kQuarantined, std::move(reason)); }

  // For the engine.
  enum class Call { kProcess, kOnTimer };
  void begin(Call call, const K& key, std::uint64_t hash) {
    call_ = call;
    key_ = &key;
    hash_ = hash;
    disposition_ = Disposition::kNone;
    late_ = false;
    emitted_ = false;
    bytes_ = 0;
  }
  [[nodiscard]] Disposition disposition() const {
    return disposition_ == Disposition::kNone && late_ ? Disposition::kLate : disposition_;
  }
  /// At the end of a call: throws when its record would be counted as what it is not.
  void check_disposition() const {
    if (disposition_ != Disposition::kNone) [[unlikely]] {
      operators::check_disposition(disposition_, reason_, emitted_, op_.writes() > 0);
    }
  }
  [[nodiscard]] const std::string& reason() const { return reason_; }
  [[nodiscard]] bool emitted() const { return emitted_; }

 private:
  template <class T>
  void emit_to(operators::Port<K, T>& port, const T& value, EventTime at) {
    const std::size_t before = port.port.batch().arena.bytes_used();
    port.port.emit(*key_, value, at, hash_);
    bytes_ += port.port.batch().arena.bytes_used() - before + sizeof(T);
    emitted_ = true;
    if (bytes_ > operators::kMaxOutputPerInputBytes) {
      operators::throw_too_much_output();
    }
  }
  void dispose(Disposition disposition, std::string reason) {
    if (call_ == Call::kOnTimer) {
      operators::throw_no_record_in_on_timer(reason);
    }
    if (disposition_ != Disposition::kNone) {
      operators::throw_second_disposition(reason_, reason);
    }
    disposition_ = disposition;
    reason_ = std::move(reason);
  }

  operators::OperatorBase& op_;
  operators::Port<K, Out>& main_;
  const operators::Ports& ports_;
  Call call_ = Call::kProcess;
  const K* key_ = nullptr;
  std::uint64_t hash_ = 0;
  Disposition disposition_ = Disposition::kNone;
  std::string reason_;
  bool late_ = false;
  bool emitted_ = false;
  std::size_t bytes_ = 0;
};

/// The base of a user's operator: K is the key of its input, In its records (or Inputs<...>), Out
/// what it emits.
template <class K, class In, class Out>
class KeyedOperator : public operators::OperatorBase {
 public:
  using Key = K;
  using Input = In;
  using Output = Out;
  using Context = BasicContext<K, Out>;

  KeyedOperator() { key_schema = codec::key_schema<K>(); }

  template <class T>
  [[nodiscard]] static operators::PortBase* make_side_port() {
    return new operators::Port<K, T>();
  }
};

}  // namespace rheon
