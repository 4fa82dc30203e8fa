#include "testing/test_state.h"

#include <algorithm>
#include <stdexcept>

#include "base/stable_hash.h"
#include "engine/worker.h"
#include "graph/assignment.h"
#include "state/timer_value.h"

namespace rheon::testing {

namespace {

[[nodiscard]] std::string listed(const std::string& before, const std::string& name) {
  return before + (before.empty() ? "'" : ", '") + name + "'";
}

}  // namespace

TestState::TestState(engine::Worker& worker, std::string operator_name, TestKey key)
    : worker_(worker), operator_(std::move(operator_name)), key_(std::move(key)) {
  const auto& sets = worker_.catalog().sets();
  std::string known;
  for (std::size_t n = 0; n < sets.size(); ++n) {
    if (sets[n] == nullptr) {
      continue;
    }
    if (worker_.plan().graph.nodes[n].name == operator_) {
      node_ = n;
      return;
    }
    known = listed(known, worker_.plan().graph.nodes[n].name);
  }
  throw std::logic_error("there is no operator '" + operator_ +
                         "' that keeps state; there is: " + (known.empty() ? "none" : known));
}

const state::StateDeclaration& TestState::declaration(const Wanted& wanted) const {
  std::string known;
  for (const state::StateDeclaration& state : worker_.catalog().sets()[node_]->declarations) {
    if (state.name != wanted.name) {
      known = listed(known, state.name);
      continue;
    }
    const auto refuse = [&](const std::string& why) {
      throw std::logic_error("state '" + wanted.name + "' of operator '" + operator_ + "' " + why);
    };
    if (std::find(wanted.kinds.begin(), wanted.kinds.end(), state.kind) == wanted.kinds.end()) {
      refuse(std::string("is a ") + state::to_string(state.kind) + ": read it as one");
    }
    if (state.key_schema != key_.schema) {
      refuse("has keys of type " + state.key_schema + ", not " + key_.schema);
    }
    if (wanted.kinds.front() == state::StateKind::kMap && state.sub_schema != wanted.sub_schema) {
      refuse("has entries with keys of type " + state.sub_schema + ", not " + wanted.sub_schema);
    }
    if (wanted.value_schema.has_value() && state.value_schema != *wanted.value_schema) {
      refuse("has values of type " + state.value_schema + ", not " + *wanted.value_schema);
    }
    return state;
  }
  throw std::logic_error("operator '" + operator_ + "' has no state '" + wanted.name +
                         "'; it has: " + known);
}

const void* TestState::find(const Wanted& wanted) const {
  const state::StateDeclaration& state = declaration(wanted);
  const auto& declarations = worker_.catalog().sets()[node_]->declarations;
  const std::uint32_t groups = worker_.plan().graph.key_groups;
  const auto shards = static_cast<std::uint32_t>(worker_.execution().shards().size());
  const std::uint64_t hash = stable_hash(key_.bytes);
  const KeyGroup group = key_group(hash, groups);
  const engine::KeyGroups* owned =
      worker_.execution().processor(node_, graph::owner(group, groups, shards).value)->groups();
  return (*owned)[group.value]
      ->table(static_cast<std::size_t>(&state - declarations.data()))
      .find(key_.bytes, hash);
}

std::uint64_t TestState::counter(const std::string& name) const {
  const void* found = find({name, {state::StateKind::kCounter}, "", std::nullopt});
  return found == nullptr ? 0 : *static_cast<const std::uint64_t*>(found);
}

std::vector<EventTime> TestState::timers(const std::string& name) const {
  const Wanted wanted{name,
                      {state::StateKind::kEventTimer, state::StateKind::kProcessingTimer,
                       state::StateKind::kEventTimerSet, state::StateKind::kProcessingTimerSet},
                      "",
                      std::nullopt};
  std::vector<EventTime> times;
  const void* found = find(wanted);
  if (found == nullptr) {
    return times;
  }
  if (!state::is_timer_set(declaration(wanted).kind)) {
    times.push_back(*static_cast<const state::TimerValue*>(found));
    return times;
  }
  for (const auto& [sub, unused] : static_cast<const state::TimerSetValue*>(found)->items()) {
    times.push_back(*state::timer_set_time(sub));
  }
  return times;
}

}  // namespace rheon::testing
