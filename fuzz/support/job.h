#pragma once

// A job with a source, an operator that has a state of every kind, and a sink: as a plan, for what
// reads a job's stored state and facts.

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "engine/catalog.h"
#include "engine/factories.h"
#include "engine/plan.h"
#include "state/sub_map.h"
#include "state/timer_value.h"
#include "types.h"

namespace rheon::fuzz {

class States final : public engine::OperatorFactory {
 public:
  explicit States(std::vector<state::StateDeclaration> states) : states_(std::move(states)) {}
  engine::Processor* make_new(
      const std::string& /*name*/, engine::ShardContext& /*shard*/,
      const std::shared_ptr<const state::StateSet>& /*states*/) const override {
    return nullptr;
  }
  std::vector<state::StateDeclaration> states() const override { return states_; }

 private:
  std::vector<state::StateDeclaration> states_;
};

/// In the order of their names. `session`: the schema under which sessions are stored.
[[nodiscard]] inline std::vector<state::StateDeclaration> declared_states(
    const std::string& session = codec::ValueCodec<Session>::schema()) {
  using state::StateKind;
  const auto state = [](const char* name, StateKind kind, std::string sub, std::string value,
                        state::Lifetime lifetime, const state::ValueOps& ops) {
    return state::StateDeclaration{name,     kind, "text", std::move(sub), std::move(value),
                                   lifetime, &ops, {}};
  };
  const state::Lifetime day = state::ttl(std::chrono::hours{24});
  const state::ValueOps& sessions = state::plain_ops<Session>();
  const state::ValueOps& times = state::plain_ops<state::TimerValue>();
  const state::ValueOps& time_sets = state::TimerSetValue::ops();
  return {
      state("alarm", StateKind::kEventTimer, "", "time", {}, times),
      state("alarms", StateKind::kEventTimerSet, "", "bool", {}, time_sets),
      state("clock", StateKind::kProcessingTimer, "", "time", {}, times),
      state("clocks", StateKind::kProcessingTimerSet, "", "bool", {}, time_sets),
      state("count", StateKind::kCounter, "", "u64", {}, state::plain_ops<std::uint64_t>()),
      state("list", StateKind::kList, "u64", "text", day, state::SubMap<std::string>::ops()),
      state("map", StateKind::kMap, "i32", session, {}, state::SubMap<Session>::ops()),
      state("name", StateKind::kValue, "", "text", day, state::plain_ops<std::string>()),
      state("session", StateKind::kValue, "", session, {}, sessions),
  };
}

[[nodiscard]] inline engine::Plan plan_with(std::vector<state::StateDeclaration> states) {
  const auto node = [](const char* name, graph::NodeKind kind) {
    graph::Node result;
    result.name = name;
    result.kind = kind;
    return result;
  };
  graph::Graph graph;
  graph.job = "job";
  graph.key_groups = 4;
  graph.nodes = {node("lines", graph::NodeKind::kSource), node("states", graph::NodeKind::kKeyed),
                 node("csv", graph::NodeKind::kSink)};
  graph.nodes[0].renamed_from = {"old lines"};
  graph.nodes[1].renamed_from = {"old states"};
  graph.nodes[1].runtime = std::make_shared<States>(std::move(states));
  return engine::make_plan(std::move(graph));
}

/// Facts of a run before today's, in which sessions had other fields.
[[nodiscard]] inline log::Facts older_facts() {
  std::vector<log::FactChange> changes;
  const engine::Plan before = plan_with(declared_states("Session{gone:text,user:u64}"));
  static_cast<void>(engine::Catalog::make(before, {}, /*table_seed=*/1, changes));
  log::Facts facts;
  for (const log::FactChange& change : changes) {
    facts[change.key] = change.value.value_or("");
  }
  return facts;
}

}  // namespace rheon::fuzz
