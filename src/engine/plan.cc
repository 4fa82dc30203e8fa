#include "engine/plan.h"

namespace rheon::engine {

Plan make_plan(graph::Graph graph) {
  Plan plan;
  plan.graph = std::move(graph);
  const auto& nodes = plan.graph.nodes;
  const auto& edges = plan.graph.edges;
  plan.incoming.resize(nodes.size());
  plan.outgoing.resize(nodes.size());
  for (std::size_t e = 0; e < edges.size(); ++e) {
    plan.incoming[edges[e].to].push_back(e);
    plan.outgoing[edges[e].from].push_back(e);
  }
  plan.fused.assign(edges.size(), false);
  std::vector<std::size_t> stage_of(nodes.size());
  for (std::size_t n = 0; n < nodes.size(); ++n) {  // whoever feeds a node stands before it
    const auto& in = plan.incoming[n];
    if (in.size() == 1 && edges[in.front()].kind == graph::EdgeKind::kForward) {
      plan.fused[in.front()] = true;
      stage_of[n] = stage_of[edges[in.front()].from];
      plan.stages[stage_of[n]].push_back(n);
    } else {
      stage_of[n] = plan.stages.size();
      plan.stages.push_back({n});
    }
  }
  return plan;
}

}  // namespace rheon::engine
