#include "engine/stored_names.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace rheon::engine {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

[[nodiscard]] graph::Graph graph_of(std::vector<graph::Node> nodes) {
  graph::Graph graph;
  graph.job = "job";
  graph.nodes = std::move(nodes);
  return graph;
}

[[nodiscard]] graph::Node node(std::string name, graph::NodeKind kind,
                               std::vector<std::string> renamed_from = {}) {
  graph::Node result;
  result.name = std::move(name);
  result.kind = kind;
  result.renamed_from = std::move(renamed_from);
  return result;
}

TEST(StoredNames, KeepsWhatHasItsPlace) {
  log::Facts facts{{"position/lines/f1", "p"}, {"sink/csv/0-1.csv", "s"}, {"clock", "c"}};
  const log::Facts before = facts;
  std::vector<log::FactChange> changes;
  ASSERT_TRUE(place_stored_names(
      graph_of({node("lines", graph::NodeKind::kSource), node("csv", graph::NodeKind::kSink)}),
      facts, changes));
  EXPECT_EQ(facts, before);
  EXPECT_TRUE(changes.empty());
}

TEST(StoredNames, FollowsARenamedSourceAndTellsTheNextCommit) {
  log::Facts facts{{"position/old/f1", "p"}, {"ledger/operator/old/in", "7"}};
  std::vector<log::FactChange> changes;
  ASSERT_TRUE(place_stored_names(graph_of({node("lines", graph::NodeKind::kSource, {"old"})}),
                                 facts, changes));
  EXPECT_THAT(facts,
              ElementsAre(Pair("ledger/operator/lines/in", "7"), Pair("position/lines/f1", "p")));
  ASSERT_EQ(changes.size(), 4u);
  EXPECT_FALSE(changes[0].value.has_value());
  EXPECT_TRUE(changes[1].value.has_value());
}

TEST(StoredNames, OfARenamedOperatorsCountsThoseOfItsStateBeginAnew) {
  log::Facts facts{{"ledger/operator/old/created", "1"},
                   {"ledger/operator/old/dropped/removed", "2"},
                   {"ledger/operator/old/expired", "1"},
                   {"ledger/operator/old/removed", "3"}};
  std::vector<log::FactChange> changes;
  ASSERT_TRUE(place_stored_names(graph_of({node("new", graph::NodeKind::kKeyed, {"old"})}), facts,
                                 changes));
  EXPECT_THAT(facts, ElementsAre(Pair("ledger/operator/new/dropped/removed", "2")));
}

TEST(StoredNames, RefusesProgressThatNobodyOwnsWithTheNames) {
  log::Facts facts{{"position/gone/f1", "p"}, {"position/lost/f1", "p"}};
  std::vector<log::FactChange> changes;
  const Status status =
      place_stored_names(graph_of({node("lines", graph::NodeKind::kSource)}), facts, changes);
  ASSERT_FALSE(status.has_value());
  EXPECT_EQ(status.error().code, ErrorCode::kRefused);
  EXPECT_THAT(status.error().message, HasSubstr("source 'gone', source 'lost'"));
  EXPECT_THAT(status.error().message, HasSubstr("renamed_from"));
}

TEST(StoredNames, ASinkIsNotASource) {
  log::Facts facts{{"sink/lines/0-1.csv", "s"}};
  std::vector<log::FactChange> changes;
  EXPECT_FALSE(
      place_stored_names(graph_of({node("lines", graph::NodeKind::kSource)}), facts, changes));
}

}  // namespace
}  // namespace rheon::engine
