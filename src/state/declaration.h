#pragma once

// What an operator says about one of its states before any exists: enough to print, to compare with
// what is stored, and to make tables.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "state/value_ops.h"

namespace rheon::state {

/// How long an entry lives after its last write. There is no default: say ttl(24h) or unbounded().
struct Lifetime {
  std::optional<std::chrono::microseconds> ttl;  // none: until it is removed
  bool processing_time = false;                  // against the job's clock, not the watermark
};

[[nodiscard]] inline Lifetime unbounded() { return {}; }
[[nodiscard]] inline Lifetime ttl(std::chrono::microseconds duration) { return {duration, false}; }
[[nodiscard]] inline Lifetime processing_time_ttl(std::chrono::microseconds duration) {
  return {duration, true};
}

/// Whether an entry that was written last at `last_write` is over: a pure function of the two
/// times. Before the first watermark and behind the last one (the job drains) nothing is.
[[nodiscard]] inline bool is_over(const Lifetime& lifetime, EventTime last_write, EventTime clock) {
  return lifetime.ttl.has_value() && clock.is_finite() && last_write + *lifetime.ttl <= clock;
}
/// When a write counts as made. Before the first watermark it is the record's time that counts.
[[nodiscard]] inline EventTime time_of_write(EventTime clock, EventTime record) {
  return clock.is_finite() ? clock : record;
}

enum class StateKind : std::uint8_t {
  kValue,
  kCounter,
  kMap,
  kList,
  kEventTimer,
  kProcessingTimer,
  kEventTimerSet,
  kProcessingTimerSet,
};
[[nodiscard]] const char* to_string(StateKind kind);
[[nodiscard]] inline bool is_timer(StateKind kind) { return kind >= StateKind::kEventTimer; }
[[nodiscard]] inline bool is_timer_set(StateKind kind) {
  return kind == StateKind::kEventTimerSet || kind == StateKind::kProcessingTimerSet;
}
[[nodiscard]] inline bool is_processing_timer(StateKind kind) {
  return kind == StateKind::kProcessingTimer || kind == StateKind::kProcessingTimerSet;
}
[[nodiscard]] inline bool is_event_timer(StateKind kind) {
  return is_timer(kind) && !is_processing_timer(kind);
}

/// Names that a state had in earlier versions of its operator: what is stored under one of them is
/// taken over.
///
///     Value<Totals> totals{*this, "totals", unbounded(), renamed_from("sums")};
struct RenamedFrom {
  std::vector<std::string> names;
};
template <class... Name>
[[nodiscard]] RenamedFrom renamed_from(Name... old) {
  return {{std::string(std::move(old))...}};
}

struct StateDeclaration {
  std::string name;  // unique within its operator
  StateKind kind = StateKind::kValue;
  std::string key_schema;
  std::string sub_schema;    // of a map's keys; empty otherwise
  std::string value_schema;  // codec/value.h
  Lifetime lifetime;
  const ValueOps* ops = nullptr;
  RenamedFrom renamed_from = {};
};

}  // namespace rheon::state
