#include "state/key_group_state.h"

#include "codec/key.h"
#include "state/sub_map.h"
#include "state/timer_value.h"

namespace rheon::state {

const char* to_string(StateKind kind) {
  switch (kind) {
    case StateKind::kValue:
      return "value";
    case StateKind::kCounter:
      return "counter";
    case StateKind::kMap:
      return "map";
    case StateKind::kList:
      return "list";
    case StateKind::kEventTimer:
      return "timer";
    case StateKind::kProcessingTimer:
      return "processing-time timer";
    case StateKind::kEventTimerSet:
      return "timer set";
    case StateKind::kProcessingTimerSet:
      return "processing-time timer set";
  }
  return "unknown";
}

KeyGroupState::KeyGroupState(KeyGroup group, const StateSet& states) : group_(group) {
  owned_.reserve(states.declarations.size());
  for (std::size_t i = 0; i < states.declarations.size(); ++i) {
    const StateDeclaration& declaration = states.declarations[i];
    owned_.push_back(std::make_unique<StateTable>(
        *declaration.ops, declaration.lifetime.ttl.has_value(), states.ids[i], group, states.seed));
    tables_.push_back(owned_.back().get());
  }
}

KeyGroupState::~KeyGroupState() = default;

void KeyGroupState::attach(ChangeLog* log) {
  for (StateTable* table : tables_) {
    table->attach(log);
  }
}

Status KeyGroupState::rebuild_timers(const StateSet& states) {
  event_timers_.clear();
  processing_timers_.clear();
  for (std::uint32_t i = 0; i < tables_.size(); ++i) {
    const StateKind kind = states.declarations[i].kind;
    if (!is_timer(kind)) {
      continue;
    }
    std::set<DueTimer>& due = timers(is_processing_timer(kind));
    const bool many = kind == StateKind::kEventTimerSet || kind == StateKind::kProcessingTimerSet;
    bool good = true;
    tables_[i]->for_each([&](std::string_view key, void* value) {
      if (!many) {
        due.insert({*static_cast<const TimerValue*>(value), std::string(key), i});
        return;
      }
      for (const auto& [sub, nothing] : static_cast<const TimerSetValue*>(value)->items()) {
        if (const auto time = timer_set_time(sub); time.has_value()) {
          due.insert({*time, std::string(key), i});
        } else {
          good = false;
        }
      }
    });
    if (!good) {
      return fail(ErrorCode::kCorrupt, "timer set '" + states.declarations[i].name +
                                           "' holds something that is not a time.");
    }
  }
  return {};
}

}  // namespace rheon::state
