#include "graph/graph.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "graph/assignment.h"

namespace rheon::graph {
namespace {

using ::testing::HasSubstr;

Graph good() {
  Graph g;
  g.job = "job";
  Node source;
  source.name = "lines";
  source.kind = NodeKind::kSource;
  Node keyed;
  keyed.name = "counts";
  keyed.kind = NodeKind::kKeyed;
  keyed.states = {{"value", "value", "u64", "unbounded"}};
  Node sink;
  sink.name = "csv";
  sink.kind = NodeKind::kSink;
  g.nodes = {source, keyed, sink};
  g.edges = {{0, "", 1, 0, EdgeKind::kHash, nullptr},
             {1, "late", 2, 0, EdgeKind::kForward, nullptr}};
  return g;
}

std::string mistake_of(const Graph& graph) {
  const Status status = validate(graph);
  return status.has_value() ? "" : status.error().message;
}

TEST(Graph, AGoodOneIsAccepted) { EXPECT_EQ(mistake_of(good()), ""); }

TEST(Graph, EveryMistakeHasASentenceThatNamesIt) {
  Graph g = good();
  g.nodes[1].name = "lines";
  EXPECT_THAT(mistake_of(g), HasSubstr("two operators are named 'lines'"));
  g = good();
  g.nodes[1].name = "";
  EXPECT_THAT(mistake_of(g), HasSubstr("a keyed has no name"));
  g = good();
  g.nodes[1].name = "a/b";
  EXPECT_THAT(mistake_of(g), HasSubstr("'a/b'"));
  g = good();
  g.nodes[1].name = std::string(101, 'x');
  EXPECT_THAT(mistake_of(g), HasSubstr("more than 100 characters"));
  g = good();
  g.nodes[1].states.push_back(g.nodes[1].states[0]);
  EXPECT_THAT(mistake_of(g), HasSubstr("two states named 'value'"));
  g = good();
  g.edges.pop_back();
  EXPECT_THAT(mistake_of(g), HasSubstr("nobody reads what 'counts' emits"));
  g = good();
  g.nodes[0].kind = NodeKind::kTransform;
  EXPECT_THAT(mistake_of(g), HasSubstr("no source"));
  g = good();
  g.key_groups = 1000;
  EXPECT_THAT(mistake_of(g), HasSubstr("power of two"));
}

TEST(Graph, EdgesAreNamedAfterTheirEnds) {
  const Graph g = good();
  EXPECT_EQ(edge_name(g, g.edges[0]), "lines->counts.0");
  EXPECT_EQ(edge_name(g, g.edges[1]), "counts.late->csv.0");
}

TEST(Assignment, GivesEveryShardAContiguousShareOfNearlyEqualSize) {
  for (std::uint32_t shards = 1; shards <= 70; ++shards) {
    constexpr std::uint32_t kGroups = 64;
    std::vector<std::uint32_t> owned(shards);
    std::uint32_t last = 0;
    for (std::uint32_t group = 0; group < kGroups; ++group) {
      const std::uint32_t shard = owner(KeyGroup{group}, kGroups, shards).value;
      ASSERT_LT(shard, shards);
      EXPECT_GE(shard, last);
      last = shard;
      ++owned[shard];
    }
    const auto [least, most] = std::minmax_element(owned.begin(), owned.end());
    EXPECT_LE(*most - *least, 1u) << shards << " shards";
  }
}

}  // namespace
}  // namespace rheon::graph
