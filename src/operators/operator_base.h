#pragma once

// What stands behind the state, timers and outputs that look like members of a user's operator:
// which states it has declared, and the key, key group and times of the call under way. Not for
// users.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/assert.h"
#include "base/types.h"
#include "operators/ports.h"
#include "state/key_group_state.h"

namespace rheon::operators {

class OperatorBase {
 public:
  OperatorBase();
  ~OperatorBase();
  OperatorBase(const OperatorBase&) = delete;
  OperatorBase& operator=(const OperatorBase&) = delete;

  // ---- while the operator is constructed: handles say what they are
  std::uint32_t declare(state::StateDeclaration declaration);
  /// A timer's handle, so that on_timer() can be told which one fires.
  std::uint32_t declare_timer(state::StateDeclaration declaration, const void* handle);
  std::size_t declare_output(std::string name, std::string type, PortBase* (*make_port)());
  /// What key schema the declarations get; set by KeyedOperator before any handle exists.
  std::string key_schema;

  struct OutputDeclaration {
    std::string name;
    std::string type;
    PortBase* (*make_port)();  // a new one, the caller's
  };
  [[nodiscard]] const std::vector<state::StateDeclaration>& declarations() const {
    return declarations_;
  }
  [[nodiscard]] const std::vector<OutputDeclaration>& outputs() const { return outputs_; }

  // ---- before the first call
  /// `stored`: of the declared states, in the order of their names. Adds the side outputs' ports.
  void bind(const state::StateSet& stored, Ports& ports, bool undoable);

  /// By the position of a stored state.
  [[nodiscard]] const void* timer_handle(std::uint32_t position) const;

  // ---- around each call
  void select(state::KeyGroupState& group, std::string_view key, std::uint64_t hash) {
    group_ = &group;
    key_ = key;
    hash_ = hash;
  }
  /// `state_time`: what a ttl in event time is compared with. For a record the watermark, for a
  /// timer the time it was set to: however late it fires, it finds the state of that time.
  void begin_call(EventTime time, EventTime watermark, EventTime now, EventTime state_time) {
    time_ = time;
    state_time_ = state_time;
    watermark_ = watermark;
    now_ = now;
    writes_ = 0;
    timer_set_ = false;
  }
  void undo();
  void keep() {
    if (!undo_.empty()) {
      forget_undo();
    }
  }
  [[nodiscard]] std::uint64_t writes() const { return writes_; }
  [[nodiscard]] bool timer_set() const { return timer_set_; }
  [[nodiscard]] std::uint64_t take_expired() { return std::exchange(expired_, 0); }

  // ---- for handles, during a call
  [[nodiscard]] EventTime time() const { return time_; }
  [[nodiscard]] EventTime watermark() const { return watermark_; }
  [[nodiscard]] EventTime now() const { return now_; }
  [[nodiscard]] const std::string& state_name(std::uint32_t state) const {
    return declarations_[state].name;
  }
  /// The value of the current key, or null when absent or expired.
  [[nodiscard]] void* find(std::uint32_t state) const;
  /// The value, made when absent or expired; it will be in the next delta.
  [[nodiscard]] void* write(std::uint32_t state);
  void remove(std::uint32_t state);
  /// Sets or takes away one time of the current key in firing order.
  void arm(std::uint32_t state, EventTime time);
  void disarm(std::uint32_t state, EventTime time);
  /// To be run, last first, when the call throws; only kept when that is wanted. Said before the
  /// entry of `state` is written: when that was last is brought back as well.
  [[nodiscard]] bool undoable() const { return undoable_; }
  void on_undo(std::uint32_t state, std::function<void()> step);
  [[nodiscard]] std::string_view key() const { return key_; }
  [[nodiscard]] std::uint64_t hash() const { return hash_; }

 private:
  /// Where the current key's state lies.
  [[nodiscard]] state::StateTable& table(std::uint32_t state) const {
    RHEON_ASSERT(group_ != nullptr, "state was used outside of a call");
    return group_->table(position_[state]);
  }
  void forget_undo();
  void remember_last_write(std::uint32_t state);
  [[nodiscard]] bool expired(std::uint32_t state, const void* value) const;
  [[nodiscard]] EventTime clock_of(const state::Lifetime& lifetime) const {
    return lifetime.processing_time ? now_ : state_time_;
  }

  std::vector<state::StateDeclaration> declarations_;
  std::vector<OutputDeclaration> outputs_;
  std::vector<std::pair<std::uint32_t, const void*>> timer_handles_;
  std::vector<std::uint32_t> position_;
  bool undoable_ = false;

  state::KeyGroupState* group_ = nullptr;
  std::string_view key_;
  std::uint64_t hash_ = 0;
  EventTime time_;
  EventTime watermark_;
  EventTime state_time_;
  EventTime now_;
  std::uint64_t writes_ = 0;
  bool timer_set_ = false;
  std::uint64_t expired_ = 0;
  std::vector<std::function<void()>> undo_;
};

}  // namespace rheon::operators
