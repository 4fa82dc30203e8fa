// Operators with several inputs, seen through whole jobs in virtual time.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/tests/seeds.h"
#include "connect/files/csv.h"
#include "operators/operator.h"
#include "testing/topology.h"

namespace rheon {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::Topology;
using ::testing::UnorderedElementsAre;

constexpr EventTime kBegin{1'704'067'200'000'000};  // the clock of the machine in memory

// Both cross between shards packed, and are of two types.
struct CountBoth
    : KeyedOperator<std::string_view, Inputs<std::string_view, std::int64_t>, std::int64_t> {
  Value<std::int64_t> sum{*this, "sum", unbounded()};
  void process(std::string_view text, Context& ctx) {
    emit_with(static_cast<std::int64_t>(text.size()), ctx);
  }
  void process(std::int64_t number, Context& ctx) { emit_with(number, ctx); }
  void emit_with(std::int64_t more, Context& ctx) {
    sum.set((sum.exists() ? *sum.get() : 0) + more);
    ctx.emit(*sum.get());
  }
};

void count_both(Job& job) {
  const auto texts =
      job.from("texts", Source<std::string_view>{}).key_by([](std::string_view text) {
        return text.substr(0, 1);
      });
  const auto numbers = job.from("numbers", Source<std::int64_t>{}).key_by([](std::int64_t number) {
    return number % 2 == 0 ? std::string_view("e") : std::string_view("o");
  });
  texts.process<CountBoth>("both", numbers).to("out", files::csv("out"));
}

struct Bill {
  std::string_view customer;
  std::int64_t cents = 0;
  EventTime at;
};
RHEON_FIELDS(Bill, customer, cents, at)

struct Payment {
  std::string_view customer;
  std::int64_t cents = 0;
  EventTime at;
};
RHEON_FIELDS(Payment, customer, cents, at)

/// What a customer still owes ten minutes after the last bill; nothing when all is paid by then.
struct Collect : KeyedOperator<std::string_view, Inputs<Bill, Payment>, std::int64_t> {
  Value<std::int64_t> due{*this, "due", unbounded()};
  Timer reminder{*this, "reminder"};

  void process(const Bill& bill, Context&) {
    due.get_or_create() += bill.cents;
    reminder.set(bill.at + minutes{10});
  }
  void process(const Payment& payment, Context& ctx) {
    if (payment.cents <= 0) {
      return ctx.quarantine("pays nothing");
    }
    due.get_or_create() -= payment.cents;
    if (*due.get() == 0) {
      due.clear();
      reminder.cancel();
    }
  }
  void on_timer(const Timer&, Context& ctx) { ctx.emit(due.take()); }
};

void collecting(Job& job) {
  const auto bills =
      job.from("bills", Source<Bill>{}).event_time(&Bill::at, monotone()).key_by(&Bill::customer);
  const auto payments = job.from("payments", Source<Payment>{})
                            .event_time(&Payment::at, monotone())
                            .idle_after(seconds{5})
                            .max_future(minutes{30})
                            .key_by(&Payment::customer);
  bills.process<Collect>("collect", payments).to("out", files::csv("out"));
}

std::uint64_t collected(Topology& topology, const std::string& what) {
  return topology.worker().ledger().get("operator/collect/" + what);
}

TEST(Inputs, EachHasItsOwnProcessOnTheStateOfOneKey) {
  Topology topology(collecting);
  topology.input<Bill>("bills").push({{"ann", 500, kBegin}, {"bob", 300, kBegin}});
  topology.input<Payment>("payments").push({{"ann", 200, kBegin}, {"bob", 300, kBegin}});
  EXPECT_EQ(topology.state("collect", std::string_view("ann")).value<std::int64_t>("due"), 300);
  topology.watermark(kBegin + minutes{11});
  using Owed = std::pair<std::string_view, std::int64_t>;
  EXPECT_THAT((topology.keyed_output<std::string_view, std::int64_t>("out")),
              ElementsAre(Owed{"ann", 300}));
  EXPECT_EQ(collected(topology, "in"), 4u);
  EXPECT_THAT(topology.worker().ledger().imbalances(), IsEmpty());
}

TEST(Inputs, OfTwoTypesMeetWhereverTheyComeFrom) {
  Topology topology(count_both, {}, {.shards = 3});
  topology.input<std::string_view>("texts").push({"eve", "olaf", "ed"});
  topology.input<std::int64_t>("numbers").push({2, 3, 4});
  topology.end();
  EXPECT_EQ(topology.state("both", std::string_view("e")).value<std::int64_t>("sum"), 11);
  EXPECT_EQ(topology.state("both", std::string_view("o")).value<std::int64_t>("sum"), 7);
}

TEST(Inputs, TheEarlierWatermarkCounts) {
  Topology topology(collecting);
  topology.input<Bill>("bills").push({"ann", 500, kBegin});
  topology.input<Payment>("payments").push({"bob", 1, kBegin});
  topology.input<Bill>("bills").watermark(kBegin + minutes{11});
  EXPECT_THAT(topology.output<std::int64_t>("out"), IsEmpty()) << "a payment may still come";
  topology.input<Payment>("payments").push({"ann", 500, kBegin + minutes{1}});
  topology.watermark(kBegin + minutes{11});
  EXPECT_THAT(topology.output<std::int64_t>("out"), IsEmpty()) << "it has come";
}

TEST(Inputs, OneThatIsIdleHoldsNothingUp) {
  Topology topology(collecting);
  topology.input<Bill>("bills").push({"ann", 500, kBegin});
  topology.input<Bill>("bills").watermark(kBegin + minutes{11});
  topology.advance(seconds{4});
  EXPECT_THAT(topology.output<std::int64_t>("out"), IsEmpty());
  topology.advance(seconds{2});
  EXPECT_THAT(topology.output<std::int64_t>("out"), ElementsAre(500));
}

TEST(Inputs, ARecordOfEachMayGoToQuarantine) {
  Topology topology(collecting);
  topology.input<Bill>("bills").push({"ann", 500, kBegin});
  topology.input<Payment>("payments").push({{"ann", 0, kBegin}, {"ann", 100, kBegin}});
  EXPECT_EQ(collected(topology, "quarantined"), 1u);
  EXPECT_EQ(topology.state("collect", std::string_view("ann")).value<std::int64_t>("due"), 400);
  EXPECT_THAT(topology.worker().ledger().imbalances(), IsEmpty());
}

TEST(Inputs, ATimeTooFarInTheFutureGoesToQuarantineAtTheSource) {
  Topology topology(collecting);
  topology.input<Payment>("payments")
      .push({{"ann", 100, kBegin + minutes{29}}, {"ann", 100, kBegin + minutes{32}}});
  EXPECT_EQ(collected(topology, "in"), 1u);
  EXPECT_EQ(topology.worker().ledger().get("operator/payments/quarantined"), 1u);
  EXPECT_THAT(topology.worker().ledger().imbalances(), IsEmpty());
}

/// Straight, and with crashes and rescales between the pushes.
TEST(Inputs, NothingThatHappensAtRandomChangesTheAnswer) {
  for (const std::uint64_t seed : testing::seeds(20)) {
    SCOPED_TRACE(testing::repeat(seed));
    Topology topology(collecting);
    topology.at_random(seed);
    topology.input<Bill>("bills").push({{"ann", 500, kBegin}, {"bob", 300, kBegin}});
    topology.input<Payment>("payments").push({{"ann", 200, kBegin}, {"cid", 50, kBegin}});
    topology.input<Bill>("bills").push({{"cid", 60, kBegin}, {"dan", 7, kBegin + minutes{1}}});
    topology.input<Payment>("payments").push({{"bob", 300, kBegin}, {"dan", 6, kBegin}});
    topology.watermark(kBegin + minutes{12});
    EXPECT_THAT(topology.output<std::int64_t>("out"), UnorderedElementsAre(300, 10, 1));
    EXPECT_THAT(topology.worker().ledger().imbalances(), IsEmpty());
  }
}

void largest(Job& job) {
  job.from("bills", Source<Bill>{})
      .key_by(&Bill::customer)
      .map("cents", [](const Bill& bill) { return bill.cents; })
      .reduce(
          "largest", [](std::int64_t a, std::int64_t b) { return a > b ? a : b; }, unbounded())
      .to("out", files::csv("out"));
}

TEST(Reduce, EmitsTheResultOfEachKeySoFar) {
  Topology topology(largest);
  auto bills = topology.input<Bill>("bills");
  bills.push({{"ann", 3, kBegin}, {"bob", 5, kBegin}, {"ann", 2, kBegin}});
  topology.crash_and_restore();
  bills.push({{"ann", 7, kBegin}, {"bob", 4, kBegin}});
  EXPECT_THAT(topology.output<std::int64_t>("out"), ElementsAre(3, 5, 3, 7, 5));
}

}  // namespace
}  // namespace rheon
