#pragma once

// Timers as members of an operator, declared by name like state:
//
//   Timer    expiry{*this, "expiry"};                       // in event time
//   Timer    retry{*this, "retry", processing_time};        // by the job's processing clock
//   TimerSet reminders{*this, "reminders"};                 // many times per key
//
// A timer at T fires when the watermark (or the clock) has reached T: on_timer(timer, ctx) is
// called with the key's state, in order of (time, key, name) within a key group, before records
// that come after the watermark. Set in the past it fires right after the current call; set by
// on_timer() at the time of the timer that fires, or before it, it fires with the next step of the
// shard: one that goes on for ever holds up neither records nor commits. Timers are
// state: they are in every commit, and those that fell due while the job was down fire once, before
// new input.

#include <cstdint>
#include <string>
#include <utility>

#include "operators/operator_base.h"

namespace rheon {

struct ProcessingTime {};
inline constexpr ProcessingTime processing_time{};

/// One time per key: setting replaces, cancelling removes.
class Timer {
 public:
  Timer(operators::OperatorBase& op, std::string name, state::RenamedFrom renamed = {})
      : Timer(op, std::move(name), std::move(renamed), state::StateKind::kEventTimer) {}
  Timer(operators::OperatorBase& op, std::string name, ProcessingTime,
        state::RenamedFrom renamed = {})
      : Timer(op, std::move(name), std::move(renamed), state::StateKind::kProcessingTimer) {}
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;

  void set(EventTime time);
  void cancel();
  /// When it will fire for the current key; EventTime::none() when it is not set.
  [[nodiscard]] EventTime at() const;

  /// Which of the operator's states this is. Not for users.
  [[nodiscard]] std::uint32_t state() const { return state_; }

 private:
  Timer(operators::OperatorBase& op, std::string name, state::RenamedFrom renamed,
        state::StateKind kind);
  void replace(EventTime time);

  operators::OperatorBase& op_;
  std::uint32_t state_;
};

/// Any number of times per key.
class TimerSet {
 public:
  TimerSet(operators::OperatorBase& op, std::string name, state::RenamedFrom renamed = {})
      : TimerSet(op, std::move(name), std::move(renamed), state::StateKind::kEventTimerSet) {}
  TimerSet(operators::OperatorBase& op, std::string name, ProcessingTime,
           state::RenamedFrom renamed = {})
      : TimerSet(op, std::move(name), std::move(renamed), state::StateKind::kProcessingTimerSet) {}
  TimerSet(const TimerSet&) = delete;
  TimerSet& operator=(const TimerSet&) = delete;

  void add(EventTime time);
  void cancel(EventTime time);
  [[nodiscard]] std::size_t size() const;

  /// Which of the operator's states this is. Not for users.
  [[nodiscard]] std::uint32_t state() const { return state_; }

 private:
  TimerSet(operators::OperatorBase& op, std::string name, state::RenamedFrom renamed,
           state::StateKind kind);
  void insert(EventTime time);
  void erase(EventTime time);
  [[nodiscard]] bool contains(EventTime time) const;

  operators::OperatorBase& op_;
  std::uint32_t state_;
};

namespace operators {
/// A sentence about a timer of the operator for which nothing would be called; empty: there is
/// none. `timer`, `timer_set`: it has an on_timer() that takes one.
[[nodiscard]] std::string missing_on_timer(const OperatorBase& op, bool timer, bool timer_set);
}  // namespace operators

}  // namespace rheon
