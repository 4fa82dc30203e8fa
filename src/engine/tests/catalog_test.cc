#include "engine/catalog.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/factories.h"

namespace rheon::engine {
namespace {

using ::testing::HasSubstr;

class Declaring final : public OperatorFactory {
 public:
  explicit Declaring(std::vector<state::StateDeclaration> states) : states_(std::move(states)) {}
  [[nodiscard]] Processor* make_new(const std::string&, ShardContext&,
                                    const std::shared_ptr<const state::StateSet>&) const override {
    return nullptr;
  }
  [[nodiscard]] std::vector<state::StateDeclaration> states() const override { return states_; }

 private:
  std::vector<state::StateDeclaration> states_;
};

state::StateDeclaration declaration(const std::string& name = "total") {
  state::StateDeclaration result;
  result.name = name;
  result.key_schema = "text";
  result.value_schema = "u64";
  result.lifetime = state::unbounded();
  return result;
}

Plan plan_of(std::vector<state::StateDeclaration> states, const std::string& name = "sums",
             std::vector<std::string> renamed_from = {}) {
  graph::Graph graph;
  graph.job = "job";
  graph::Node node;
  node.name = name;
  node.kind = graph::NodeKind::kKeyed;
  node.renamed_from = std::move(renamed_from);
  node.runtime = std::make_shared<Declaring>(std::move(states));
  graph.nodes = {node};
  return make_plan(std::move(graph));
}

/// The facts that a job with these states has committed.
log::Facts facts_of(std::vector<state::StateDeclaration> states) {
  std::vector<log::FactChange> changes;
  EXPECT_TRUE(Catalog::make(plan_of(std::move(states)), {}, 0, changes).has_value());
  log::Facts facts;
  for (const log::FactChange& change : changes) {
    facts[change.key] = *change.value;
  }
  return facts;
}

// The worked bytes of docs/formats/facts.md.
TEST(Catalog, KeepsOneFactForEachState) {
  const log::Facts facts = facts_of({declaration()});
  const char kSample[] = "\x01\x04sums\x05total\x00\x04text\x00\x03u64\x00";
  EXPECT_EQ(facts, (log::Facts{{"state/1", std::string(kSample, sizeof(kSample) - 1)}}));
}

std::string refusal(const Plan& plan, const log::Facts& facts) {
  std::vector<log::FactChange> changes;
  const auto catalog = Catalog::make(plan, facts, 0, changes);
  return catalog.has_value() ? "" : catalog.error().message;
}

TEST(Catalog, KeepsTheIdsOfWhatItKnows) {
  const log::Facts facts = facts_of({declaration("a"), declaration("b")});
  std::vector<log::FactChange> changes;
  const auto catalog = Catalog::make(
      plan_of({declaration("b"), declaration("c"), declaration("a")}), facts, 0, changes);
  ASSERT_TRUE(catalog.has_value());
  const auto& ids = catalog->sets()[0]->ids;
  EXPECT_EQ(ids[0], StateId{2});
  EXPECT_EQ(ids[1], StateId{3});
  EXPECT_EQ(ids[2], StateId{1});
  ASSERT_EQ(changes.size(), 1u) << "only what is new";
  EXPECT_EQ(catalog->find(StateId{3})->state, 1u);
  EXPECT_EQ(catalog->find(StateId{4}), nullptr);
  EXPECT_EQ(catalog->older_schema(StateId{3}), nullptr);
}

TEST(Catalog, RefusesStateOfAnotherKindOrType) {
  const log::Facts facts = facts_of({declaration()});
  EXPECT_EQ(refusal(plan_of({declaration()}), facts), "");
  state::StateDeclaration other = declaration();
  other.kind = state::StateKind::kList;
  EXPECT_THAT(refusal(plan_of({other}), facts),
              HasSubstr("state 'sums.total' was written with kind value, this build has list"));
  other = declaration();
  other.key_schema = "i64";
  EXPECT_THAT(refusal(plan_of({other}), facts), HasSubstr("keys of type text, this build has i64"));
  other = declaration();
  other.value_schema = "text";
  EXPECT_THAT(refusal(plan_of({other}), facts), HasSubstr("sums.total"));
  other = declaration();
  other.lifetime = state::ttl(std::chrono::hours{1});
  EXPECT_THAT(refusal(plan_of({other}), facts),
              HasSubstr("lifetime unbounded, this build has ttl"));
  EXPECT_THAT(refusal(plan_of({declaration()}), facts_of({other})),
              HasSubstr("lifetime ttl, this build has unbounded"));
}

TEST(Catalog, RefusesAMapWithOtherKeys) {
  state::StateDeclaration map = declaration();
  map.kind = state::StateKind::kMap;
  map.sub_schema = "text";
  const log::Facts facts = facts_of({map});
  map.sub_schema = "u8";
  EXPECT_THAT(refusal(plan_of({map}), facts),
              HasSubstr("map keys of type text, this build has u8"));
}

TEST(Catalog, NamesAllStateThatHasNoPlaceAnyMore) {
  const log::Facts facts = facts_of({declaration("a"), declaration("b"), declaration("c")});
  EXPECT_THAT(refusal(plan_of({declaration("b")}), facts), HasSubstr("'sums.a', 'sums.c'"));
}

TEST(Catalog, StatesOfOneNameBelongToTheirOwnOperators) {
  Plan plan = plan_of({declaration()}, "first");
  plan.graph.nodes.push_back(plan_of({declaration()}, "second").graph.nodes[0]);
  plan.graph.nodes.push_back(plan_of({}, "third").graph.nodes[0]);
  std::vector<log::FactChange> changes;
  ASSERT_TRUE(Catalog::make(plan, {}, 0, changes).has_value());
  ASSERT_EQ(changes.size(), 2u);
  log::Facts facts;
  for (const log::FactChange& change : changes) {
    facts[change.key] = *change.value;
  }
  std::swap(plan.graph.nodes[0], plan.graph.nodes[1]);
  std::vector<log::FactChange> none;
  const auto again = Catalog::make(plan, facts, 0, none);
  ASSERT_TRUE(again.has_value()) << again.error().message;
  EXPECT_TRUE(none.empty());
  EXPECT_EQ(again->sets()[0]->ids[0], StateId{2});
  EXPECT_EQ(again->sets()[1]->ids[0], StateId{1});
  ASSERT_NE(again->sets()[2], nullptr) << "its key groups hold the watermark";
  EXPECT_TRUE(again->sets()[2]->ids.empty());
}

TEST(Catalog, RefusesTwoStatesThatWouldBecomeOne) {
  const log::Facts facts = facts_of({declaration("a"), declaration("b")});
  state::StateDeclaration both = declaration("b");
  both.renamed_from = state::renamed_from("a");
  EXPECT_THAT(refusal(plan_of({both}), facts), HasSubstr("both would become 'sums.b'"));
  EXPECT_THAT(refusal(plan_of({both, declaration("a")}), facts),
              HasSubstr("still has a state of that name"));
}

TEST(Catalog, RefusesStatesOfTwoOperatorsThatWouldBecomeOne) {
  log::Facts facts = facts_of({declaration()});
  std::vector<log::FactChange> of_another;
  ASSERT_TRUE(Catalog::make(plan_of({declaration()}, "totals"), {}, 0, of_another).has_value());
  ASSERT_EQ(of_another.size(), 1u);
  facts["state/2"] = *of_another[0].value;
  EXPECT_THAT(refusal(plan_of({declaration()}, "totals", {"sums"}), facts),
              HasSubstr("both would become 'totals.total'"));
}

TEST(Catalog, AnOlderStateOfARenamedOperatorIsWrittenUnderItsNewName) {
  state::StateDeclaration old = declaration();
  old.value_schema = "Sum{n:u64}";
  state::StateDeclaration now = declaration();
  now.value_schema = "Sum{n:u64,m:u64}";
  std::vector<log::FactChange> changes;
  const auto catalog =
      Catalog::make(plan_of({now}, "totals", {"sums"}), facts_of({old}), 0, changes);
  ASSERT_TRUE(catalog.has_value()) << catalog.error().message;
  ASSERT_EQ(changes.size(), 2u);
  EXPECT_THAT(*changes[0].value, HasSubstr("totals"));
}

TEST(Catalog, ARenamedStateOfAnOlderTypeIsWrittenUnderItsNewName) {
  state::StateDeclaration old = declaration("old");
  old.value_schema = "Sum{n:u64}";
  state::StateDeclaration now = declaration("now");
  now.value_schema = "Sum{n:u64,m:u64}";
  now.renamed_from = state::renamed_from("old");
  std::vector<log::FactChange> changes;
  const auto catalog = Catalog::make(plan_of({now}), facts_of({old}), 0, changes);
  ASSERT_TRUE(catalog.has_value()) << catalog.error().message;
  EXPECT_NE(catalog->older_schema(StateId{1}), nullptr);
  ASSERT_EQ(changes.size(), 2u);
  EXPECT_EQ(changes[0].key, "state/1");
  EXPECT_THAT(*changes[0].value, HasSubstr("now"));
  // The same type under an operator that was renamed.
  EXPECT_EQ(refusal(plan_of({old}, "totals", {"sums"}), facts_of({old})), "");
  EXPECT_EQ(refusal(plan_of({declaration("x")}, "totals", {"sums"}), facts_of({declaration("x")})),
            "");
  // Of an older type, but not renamed: its entry stays as it is.
  state::StateDeclaration same = now;
  same.name = "old";
  same.renamed_from = {};
  changes.clear();
  ASSERT_TRUE(Catalog::make(plan_of({same}), facts_of({old}), 0, changes).has_value());
  EXPECT_EQ(changes.size(), 1u);
}

TEST(Catalog, RefusesEntriesThatItCannotRead) {
  const log::Facts facts = facts_of({declaration()});
  const std::string value = facts.at("state/1");
  const auto corrupt = [](const std::string& key, const std::string& entry) {
    return refusal(plan_of({declaration()}), {{key, entry}});
  };
  EXPECT_EQ(corrupt("state/1", value), "");
  for (std::size_t length = 0; length < value.size(); ++length) {
    EXPECT_THAT(corrupt("state/1", value.substr(0, length)), HasSubstr("'state/1' cannot be read"));
  }
  EXPECT_NE(corrupt("state/1", value + "x"), "");
  EXPECT_NE(corrupt("state/1", "\x7f" + value.substr(1)), "");
  EXPECT_NE(corrupt("state/x", value), "");
  EXPECT_NE(corrupt("state/1x", value), "");
}

}  // namespace
}  // namespace rheon::engine
