#pragma once

// Everything one operator keeps for one key group: a table for each state, timers in firing order,
// and the watermark that has been reached. Lives on one shard; moves to another by pointer.

#include <compare>
#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/types.h"
#include "state/declaration.h"
#include "state/followed.h"
#include "state/state_table.h"

namespace rheon::state {

/// A timer that is set. Fires in this order within its key group.
struct DueTimer {
  EventTime time;
  std::string key;          // canonical bytes
  std::uint32_t state = 0;  // index of its declaration
  friend auto operator<=>(const DueTimer&, const DueTimer&) = default;
};

/// The states of an operator with the ids under which they are stored, in the order of names, so
/// that timers that are due at one time fire in the order of their names.
struct StateSet {
  std::vector<StateDeclaration> declarations;
  std::vector<StateId> ids;
  /// Ids under which entries of a state were stored with an older schema; by state.
  std::vector<std::vector<StateId>> older_ids;
  std::uint64_t seed = 0;  // of this process, for the tables
};

class KeyGroupState {
 public:
  KeyGroupState(KeyGroup group, const StateSet& states);
  ~KeyGroupState();
  KeyGroupState(const KeyGroupState&) = delete;
  KeyGroupState& operator=(const KeyGroupState&) = delete;

  [[nodiscard]] KeyGroup group() const { return group_; }
  [[nodiscard]] StateTable& table(std::size_t state) { return *tables_[state]; }
  [[nodiscard]] const StateTable& table(std::size_t state) const { return *tables_[state]; }
  [[nodiscard]] std::size_t states() const { return tables_.size(); }
  void attach(ChangeLog* log);

  [[nodiscard]] std::set<DueTimer>& event_timers() { return event_timers_; }
  [[nodiscard]] std::set<DueTimer>& processing_timers() { return processing_timers_; }
  [[nodiscard]] std::set<DueTimer>& timers(bool processing) {
    return processing ? processing_timers_ : event_timers_;
  }
  /// After a restore: sets the timers that the timer tables hold. kCorrupt when something else
  /// stands there.
  [[nodiscard]] Status rebuild_timers(const StateSet& states);

  /// The watermark this key group has seen; never goes back, also when it moves to a task that is
  /// behind.
  EventTime watermark = EventTime::min();
  Followed followed;

 private:
  KeyGroup group_;
  std::vector<std::unique_ptr<StateTable>> owned_;
  std::vector<StateTable*> tables_;  // the same ones, as each record looks them up
  std::set<DueTimer> event_timers_;
  std::set<DueTimer> processing_timers_;
};

}  // namespace rheon::state
