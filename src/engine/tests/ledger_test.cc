#include "engine/ledger.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace rheon::engine {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

Ledger ledger_of(const std::vector<LedgerEntry>& entries) {
  Ledger ledger;
  for (const LedgerEntry& entry : entries) {
    ledger.add(entry);
  }
  return ledger;
}

TEST(Ledger, BalancesWhenEveryInputHasADisposition) {
  OperatorCounters counters;
  counters.in = 10;
  counters.emitted = 3;
  counters.absorbed = 2;
  counters.late = 1;
  counters.quarantined = 1;
  counters.drop("filter", 2);
  counters.drop("too old");
  std::vector<LedgerEntry> entries;
  counters.report("op", entries);
  EXPECT_THAT(ledger_of(entries).imbalances(), IsEmpty());
  EXPECT_EQ(ledger_of(entries).get("operator/op/dropped/filter"), 2u);
  entries.clear();
  counters.report("op", entries);
  EXPECT_THAT(entries, IsEmpty());  // it starts again from zero
}

TEST(Ledger, AddsUpWhatAllOperatorsHaveQuarantined) {
  EXPECT_EQ(ledger_of({{"operator/a/in", 9}}).quarantined(), 0u);
  EXPECT_EQ(ledger_of({{"operator/a/quarantined", 3},
                       {"operator/a/dropped/quarantine", 50},
                       {"operator/quarantined/in", 50},
                       {"operator/b/quarantined", 4}})
                .quarantined(),
            7u);
}

TEST(Ledger, NamesTheOperatorThatDoesNotAccountForAnInput) {
  const auto found =
      ledger_of({{"operator/op/in", 10}, {"operator/op/emitted", 9}, {"operator/fine/in", 0}})
          .imbalances();
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].what, "op");
  EXPECT_THAT(found[0].sentence, HasSubstr("took 10 records and accounts for 9"));
}

TEST(Ledger, NamesTheOperatorThatAccountsForInputsItNeverTook) {
  EXPECT_EQ(ledger_of({{"operator/op/emitted", 1}}).imbalances().size(), 1u);
}

TEST(Ledger, NamesTheOperatorThatHasLostState) {
  Ledger ledger = ledger_of({{"operator/counts/created", 10}, {"operator/counts/removed", 3}});
  EXPECT_THAT(ledger.imbalances(), ::testing::IsEmpty()) << "nobody has said what it holds";
  ledger.set("operator/counts/at_rest", 7);
  EXPECT_THAT(ledger.imbalances(), ::testing::IsEmpty());
  ledger.set_at_rest("counts", 6);
  const auto found = ledger.imbalances();
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].what, "counts");
  EXPECT_THAT(found[0].sentence,
              HasSubstr("created 10 entries of state and removed 3, and holds 6"));
}

TEST(Ledger, StateThatWasNotCountedIsTakenForCreated) {
  Ledger ledger = ledger_of({{"operator/counts/removed", 3}, {"operator/counts/created", 1}});
  ledger.set_at_rest("counts", 7);
  EXPECT_EQ(ledger.get("operator/counts/created"), 10u);
  EXPECT_THAT(ledger.imbalances(), ::testing::IsEmpty());
}

TEST(Ledger, SaysWhichCountersOfStateHaveChanged) {
  Ledger ledger;
  EXPECT_THAT(ledger.set_at_rest("op", 2),
              UnorderedElementsAre("operator/op/at_rest", "operator/op/created"));
  EXPECT_THAT(ledger.set_at_rest("op", 2), ::testing::IsEmpty());
  EXPECT_THAT(ledger.set_at_rest("op", 1), UnorderedElementsAre("operator/op/at_rest"));
}

TEST(Ledger, ReasonsThatLookLikeCountersAreReasons) {
  const Ledger ledger = ledger_of({{"operator/op/in", 10},
                                   {"operator/op/dropped/at_rest", 1},
                                   {"operator/op/dropped/x/quarantined", 2},
                                   {"operator/op/dropped/in", 3},
                                   {"operator/op/quarantined", 4}});
  EXPECT_THAT(ledger.imbalances(), ::testing::IsEmpty());
  EXPECT_EQ(ledger.quarantined(), 4u);
}

TEST(Ledger, WhatKeyByHasSentToQuarantineWasNotSentAlongTheEdge) {
  EXPECT_THAT(
      ledger_of(
          {{"edge/a->b.0/sent", 5}, {"edge/a->b.0/received", 5}, {"edge/a->b.0/quarantined", 2}})
          .imbalances(),
      ::testing::IsEmpty());
}

TEST(Ledger, NamesTheEdgeThatHasNotDelivered) {
  const auto found = ledger_of({{"edge/a->b.0/sent", 5}, {"edge/a->b.0/received", 4}}).imbalances();
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].what, "a->b.0");
}

TEST(Ledger, NamesTheEdgeThatDeliversWhatWasNeverSent) {
  EXPECT_EQ(ledger_of({{"edge/a->b.0/received", 4}}).imbalances().size(), 1u);
}

}  // namespace
}  // namespace rheon::engine
