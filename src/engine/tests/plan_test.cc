#include "engine/plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace rheon::engine {
namespace {

using graph::EdgeKind;
using graph::NodeKind;
using ::testing::ElementsAre;

/// source(0) -> a(1) -> b(2), with edges of these kinds.
graph::Graph chain(EdgeKind first, EdgeKind second) {
  graph::Graph g;
  for (const char* name : {"source", "a", "b"}) {
    graph::Node node;
    node.name = name;
    g.nodes.push_back(node);
  }
  g.edges = {{0, "", 1, 0, first, nullptr}, {1, "", 2, 0, second, nullptr}};
  return g;
}

TEST(Plan, FusesWhatNeedsNoExchange) {
  const Plan plan = make_plan(chain(EdgeKind::kForward, EdgeKind::kForward));
  EXPECT_THAT(plan.stages, ElementsAre(ElementsAre(0, 1, 2)));
  EXPECT_THAT(plan.fused, ElementsAre(true, true));
}

TEST(Plan, CutsAtEveryExchange) {
  for (const EdgeKind kind : {EdgeKind::kHash, EdgeKind::kRoundRobin, EdgeKind::kBroadcast}) {
    const Plan plan = make_plan(chain(EdgeKind::kForward, kind));
    EXPECT_THAT(plan.stages, ElementsAre(ElementsAre(0, 1), ElementsAre(2)));
    EXPECT_THAT(plan.fused, ElementsAre(true, false));
  }
}

TEST(Plan, AForkIsOneStage) {
  graph::Graph g = chain(EdgeKind::kForward, EdgeKind::kForward);
  g.edges[1].from = 0;
  const Plan plan = make_plan(g);
  EXPECT_THAT(plan.stages, ElementsAre(ElementsAre(0, 1, 2)));
  EXPECT_THAT(plan.outgoing[0], ElementsAre(0, 1));
}

TEST(Plan, AMergeBeginsAStage) {
  graph::Graph g = chain(EdgeKind::kForward, EdgeKind::kForward);
  g.edges.push_back({0, "", 2, 0, EdgeKind::kForward, nullptr});
  const Plan plan = make_plan(g);
  EXPECT_THAT(plan.stages, ElementsAre(ElementsAre(0, 1), ElementsAre(2)));
  EXPECT_THAT(plan.incoming[2], ElementsAre(1, 2));
}

}  // namespace
}  // namespace rheon::engine
