// The ledger knows how many entries of state there are, and must find them.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <stdexcept>
#include <string>

#include "connect/files/csv.h"
#include "operators/operator.h"
#include "testing/topology.h"

namespace rheon {
namespace {

using ::testing::IsEmpty;
using testing::Topology;

/// An entry and a timer for each number; the timer removes both.
struct Remembers : KeyedOperator<std::int64_t, std::int64_t, std::int64_t> {
  Value<std::int64_t> seen{*this, "seen", unbounded()};
  Timer forget{*this, "forget"};

  void process(const std::int64_t& n, Context&) {
    seen.get_or_create() = n;
    forget.set(EventTime{100});
    if (n < 0) {
      throw std::domain_error("not a number to remember");
    }
  }
  void on_timer(const Timer&, Context&) { seen.clear(); }
};

class StateCount : public ::testing::Test {
 protected:
  static testing::TopologyOptions small_steps() {
    testing::TopologyOptions options;
    options.shards = 2;
    options.budgets.encoded_bytes = 1;  // captures are cut off
    return options;
  }
  void expect(std::uint64_t created, std::uint64_t removed, std::uint64_t at_rest) {
    const engine::Ledger& ledger = topology_.worker().ledger();
    EXPECT_EQ(ledger.get("operator/numbers kept/created"), created);
    EXPECT_EQ(ledger.get("operator/numbers kept/removed"), removed);
    EXPECT_EQ(ledger.get("operator/numbers kept/at_rest"), at_rest);
    EXPECT_TRUE(ledger.counters().contains("operator/numbers kept/at_rest"));
    EXPECT_THAT(ledger.imbalances(), IsEmpty());
  }
  void push(std::vector<std::int64_t> numbers) {
    for (const std::int64_t n : numbers) {
      topology_.input<std::int64_t>("numbers").push_at(EventTime{1}, n);
    }
  }

  Topology topology_{[](Job& job) {
                       job.from("numbers", Source<std::int64_t>{})
                           .key_by([](std::int64_t n) { return n; })
                           .process<Remembers>("numbers kept", quarantine)
                           .to("out", files::csv("out"));
                     },
                     {},
                     small_steps()};
};

TEST_F(StateCount, EntriesAndTimersAreCreatedAndRemoved) {
  push({1, 2, 3, 1});
  expect(6, 0, 6);
  topology_.watermark(EventTime{100});
  expect(6, 6, 0);
}

TEST_F(StateCount, StaysWhatItIsOverRescalesAndCrashes) {
  push({1, 2, 3});
  topology_.rescale(3);
  push({4});
  expect(8, 0, 8);
  topology_.crash_and_restore();
  push({5});
  expect(10, 0, 10);
  topology_.rescale(1);
  topology_.watermark(EventTime{100});
  topology_.crash_and_restore();
  push({6});
  expect(12, 12, 0);  // its timer was due at once
}

TEST_F(StateCount, ACallThatThrowsLeavesNothing) {
  push({1, -1});
  const engine::Ledger& ledger = topology_.worker().ledger();
  EXPECT_EQ(ledger.get("operator/numbers kept/at_rest"), 2u);
  EXPECT_EQ(ledger.get("operator/numbers kept/created"),
            2 + ledger.get("operator/numbers kept/removed"));
  EXPECT_THAT(ledger.imbalances(), IsEmpty());
}

}  // namespace
}  // namespace rheon
