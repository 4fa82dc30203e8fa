// Named branches of a stream, seen through whole jobs in virtual time.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <stdexcept>
#include <string>

#include "base/tests/seeds.h"
#include "connect/files/csv.h"
#include "testing/topology.h"

namespace rheon {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::Topology;
using ::testing::UnorderedElementsAre;

struct Order {
  std::uint64_t id = 0;
  std::int64_t amount = 0;
  bool express = false;
};
RHEON_FIELDS(Order, id, amount, express)

std::uint64_t id_of(const Order& order) { return order.id; }

Branches<Stream<Order>> split_orders(Job& job) {
  return job.from("orders", Source<Order>{})
      .split("kind", branch("express", &Order::express),
             branch("large", [](const Order& order) { return order.amount >= 100; }));
}

void all_ways(Job& job) {
  const auto kinds = split_orders(job);
  kinds["express"].map("express ids", id_of).to("express", files::csv("express"));
  kinds["large"].map("large ids", id_of).to("large", files::csv("large"));
  kinds.rest().map("other ids", id_of).to("others", files::csv("others"));
}

void express_only(Job& job) {
  split_orders(job)["express"].map("ids", id_of).to("out", files::csv("out"));
}

void merged_again(Job& job) {
  const auto kinds = split_orders(job);
  kinds["express"].merge(kinds.rest()).map("ids", id_of).to("out", files::csv("out"));
}

/// A predicate that throws at some records.
void careful(Job& job) {
  const auto numbers = job.from("numbers", Source<std::int64_t>{})
                           .split("sign", quarantine, branch("positive", [](std::int64_t n) {
                                    if (n == 13) {
                                      throw std::domain_error("13 brings bad luck");
                                    }
                                    return n > 0;
                                  }));
  numbers["positive"].to("out", files::csv("out"));
}

/// A branch of a keyed stream keeps the key.
void keyed(Job& job) {
  const auto parts = job.from("orders", Source<Order>{})
                         .key_by(&Order::id)
                         .split("kind", branch("express", &Order::express));
  parts["express"].aggregate("counts", count(), unbounded()).to("out", files::csv("out"));
}

std::uint64_t count_of(Topology& topology, const std::string& name) {
  return topology.worker().ledger().get(name);
}

TEST(Split, TheFirstBranchThatMatchesTakesTheRecord) {
  Topology topology(all_ways);
  topology.input<Order>("orders").push({{1, 500, true}, {2, 500, false}, {3, 5, false}});
  EXPECT_THAT(topology.output<std::uint64_t>("express"), ElementsAre(1));
  EXPECT_THAT(topology.output<std::uint64_t>("large"), ElementsAre(2));
  EXPECT_THAT(topology.output<std::uint64_t>("others"), ElementsAre(3));
  EXPECT_EQ(count_of(topology, "operator/kind/emitted"), 3u);
  EXPECT_THAT(topology.worker().ledger().imbalances(), IsEmpty());
}

TEST(Split, WhatNobodyReadsIsCountedAsDropped) {
  Topology topology(express_only);
  topology.input<Order>("orders").push(
      {{1, 500, true}, {2, 500, false}, {3, 5, false}, {4, 6, false}});
  EXPECT_THAT(topology.output<std::uint64_t>("out"), ElementsAre(1));
  EXPECT_EQ(count_of(topology, "operator/kind/emitted"), 1u);
  EXPECT_EQ(count_of(topology, "operator/kind/dropped/branch large"), 1u);
  EXPECT_EQ(count_of(topology, "operator/kind/dropped/no branch"), 2u);
  EXPECT_THAT(topology.worker().ledger().imbalances(), IsEmpty());
}

TEST(Split, BranchesCanBeMergedAgain) {
  for (const std::uint64_t seed : testing::seeds(5)) {
    SCOPED_TRACE(testing::repeat(seed));
    Topology topology(merged_again);
    topology.at_random(seed);
    topology.input<Order>("orders").push({{1, 1, true}, {2, 500, false}, {3, 5, false}});
    topology.input<Order>("orders").push({{4, 1, false}, {5, 100, true}});
    ASSERT_THAT(topology.output<std::uint64_t>("out"), UnorderedElementsAre(1, 3, 4, 5));
    EXPECT_THAT(topology.worker().ledger().imbalances(), IsEmpty());
  }
}

TEST(Split, ARecordAtWhichAPredicateThrowsGoesToNoBranch) {
  Topology topology(careful);
  topology.input<std::int64_t>("numbers").push({12, 13, 14, -1});
  EXPECT_THAT(topology.output<std::int64_t>("out"), ElementsAre(12, 14));
  EXPECT_EQ(count_of(topology, "operator/sign/quarantined"), 1u);
  EXPECT_THAT(topology.worker().ledger().imbalances(), IsEmpty());
}

TEST(Split, ABranchOfAKeyedStreamKeepsItsKey) {
  Topology topology(keyed);
  topology.input<Order>("orders").push({{1, 1, true}, {1, 1, false}, {2, 1, true}, {1, 1, true}});
  EXPECT_THAT((topology.keyed_output<std::uint64_t, std::uint64_t>("out")),
              ElementsAre(std::pair(1, 1), std::pair(2, 1), std::pair(1, 2)));
}

TEST(Split, AnUnknownBranchIsNamedWithThoseThatThereAre) {
  try {
    const Topology topology([](Job& job) {
      split_orders(job)["expres"].map("ids", id_of).to("out", files::csv("out"));
    });
    FAIL();
  } catch (const std::logic_error& error) {
    EXPECT_THAT(error.what(),
                HasSubstr("'kind' has no branch 'expres'; it has: 'express', 'large'"));
  }
}

TEST(Split, TwoBranchesOfOneNameAreRefused) {
  try {
    const Topology topology([](Job& job) {
      const auto parts = job.from("orders", Source<Order>{})
                             .split("kind", branch("express", &Order::express),
                                    branch("express", &Order::express));
      parts["express"].to("out", files::csv("out"));
    });
    FAIL();
  } catch (const std::runtime_error& error) {
    EXPECT_THAT(error.what(), HasSubstr("two outputs named 'express'"));
  }
}

}  // namespace
}  // namespace rheon
