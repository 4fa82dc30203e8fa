// A test reads what its job holds.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>

#include "connect/files/csv.h"
#include "operators/operator.h"
#include "testing/topology.h"

namespace rheon {
namespace {

using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;

constexpr EventTime kFar{5'000'000'000'000'000};  // in a hundred years

struct Order {
  std::string_view customer;
  std::int64_t article = 0;
  std::uint32_t pieces = 0;
};
RHEON_FIELDS(Order, customer, article, pieces)

struct Last {
  std::int64_t article = 0;
  std::uint32_t pieces = 0;
};
RHEON_FIELDS(Last, article, pieces)

struct Remember : KeyedOperator<std::string_view, Order, std::uint32_t> {
  Value<Last> last{*this, "last", unbounded()};
  Counter orders{*this, "orders", unbounded()};
  Map<std::int64_t, std::uint32_t> pieces{*this, "pieces", unbounded()};
  List<std::int64_t> articles{*this, "articles", unbounded()};
  Timer remind{*this, "remind"};
  TimerSet bill{*this, "bill", processing_time};

  void process(const Order& order, Context&) {
    last.set({order.article, order.pieces});
    orders.add();
    pieces.edit(order.article) += order.pieces;
    articles.push_back(order.article);
    remind.set(kFar + seconds{order.article});
    bill.add(kFar + seconds{order.article});
  }
  void on_timer(const Timer&, Context&) {}
  void on_timer(const TimerSet&, Context&) {}
};

void shop(Job& job) {
  auto orders = job.from("orders", Source<Order>{});
  orders.key_by(&Order::customer).process<Remember>("remember").to("out", files::csv("a"));
  orders.key_by(&Order::article)
      .aggregate("sold", sum(&Order::pieces), unbounded())
      .to("sales", files::csv("b"));
}

class StateOfAJob : public ::testing::Test {
 protected:
  StateOfAJob() {
    topology.input<Order>("orders").push({{"ann", 7, 2}, {"ann", 5, 1}, {"bob", 7, 1}});
    topology.input<Order>("orders").push({"ann", 7, 3});
  }
  void expect_anns() {
    const testing::TestState ann = topology.state("remember", "ann");
    ASSERT_TRUE(ann.value<Last>("last").has_value());
    EXPECT_EQ(ann.value<Last>("last")->pieces, 3u);
    EXPECT_EQ(ann.counter("orders"), 3u);
    EXPECT_THAT((ann.map<std::int64_t, std::uint32_t>("pieces")),
                ElementsAre(Pair(5, 1), Pair(7, 5)));
    EXPECT_THAT(ann.list<std::int64_t>("articles"), ElementsAre(7, 5, 7));
    EXPECT_EQ(topology.state("sold", std::int64_t{7}).value<std::uint32_t>(), 6u);
  }
  std::string refusal(auto&& read) {
    try {
      read();
    } catch (const std::logic_error& error) {
      return error.what();
    }
    return "it was read";
  }

  testing::Topology topology{shop};
};

TEST_F(StateOfAJob, IsReadWithTheTypesThatTheOperatorDeclares) {
  expect_anns();
  const testing::TestState ann = topology.state("remember", "ann");
  EXPECT_THAT(ann.timers("remind"), ElementsAre(kFar + seconds{7}));
  EXPECT_THAT(ann.timers("bill"), ElementsAre(kFar + seconds{5}, kFar + seconds{7}));
}

TEST_F(StateOfAJob, IsTheSameAfterACrashARescaleAndTheEnd) {
  topology.crash_and_restore();
  expect_anns();
  topology.rescale(3);
  expect_anns();
  topology.end();
  expect_anns();
  expect_anns();
  EXPECT_THAT(topology.state("remember", "ann").timers("remind"), IsEmpty())
      << "fired by the drain";
}

TEST_F(StateOfAJob, IsEmptyForAKeyThatNeverCame) {
  const testing::TestState nobody = topology.state("remember", std::string("nobody"));
  EXPECT_FALSE(nobody.value<Last>("last").has_value());
  EXPECT_EQ(nobody.counter("orders"), 0u);
  EXPECT_THAT((nobody.map<std::int64_t, std::uint32_t>("pieces")), IsEmpty());
  EXPECT_THAT(nobody.list<std::int64_t>("articles"), IsEmpty());
  EXPECT_THAT(nobody.timers("remind"), IsEmpty());
  EXPECT_THAT(nobody.timers("bill"), IsEmpty());
}

TEST_F(StateOfAJob, IsNotReadAsSomethingElse) {
  const testing::TestState ann = topology.state("remember", "ann");
  EXPECT_THAT(
      refusal([&] { static_cast<void>(topology.state("forget", "ann")); }),
      HasSubstr("there is no operator 'forget' that keeps state; there is: 'remember', 'sold'"));
  EXPECT_THAT(refusal([&] { static_cast<void>(ann.counter("order")); }),
              HasSubstr("operator 'remember' has no state 'order'; it has: "));
  EXPECT_THAT(refusal([&] { static_cast<void>(ann.counter("last")); }),
              HasSubstr("state 'last' of operator 'remember' is a value: read it as one"));
  EXPECT_THAT(refusal([&] { static_cast<void>(ann.value<std::uint64_t>("last")); }),
              HasSubstr("has values of type "));
  EXPECT_THAT(refusal([&] { static_cast<void>(ann.list<std::string>("articles")); }),
              HasSubstr("has values of type i64, not "));
  EXPECT_THAT(refusal([&] { static_cast<void>(ann.map<std::uint64_t, std::uint32_t>("pieces")); }),
              HasSubstr("has entries with keys of type i64, not u64"));
  EXPECT_THAT(refusal([&] { static_cast<void>(topology.state("sold", 7).value<std::uint32_t>()); }),
              HasSubstr("has keys of type i64, not i32"));
}

}  // namespace
}  // namespace rheon
