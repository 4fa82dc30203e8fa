// State of every kind and both kinds of timers in one operator: baskets that are filled, and
// abandoned when nothing has come for ten minutes.

#include <string_view>

#include "connect/files/csv.h"
#include "golden.h"
#include "operators/operator.h"

namespace rheon::golden {
namespace {

using std::chrono::minutes;

constexpr EventTime kStart{1'704'067'200'000'000};

struct Item {
  std::string_view customer;
  std::string_view name;
  std::int32_t pieces = 0;
  EventTime time;
};
RHEON_FIELDS(Item, customer, name, pieces, time)

struct Basket {
  std::string_view customer;
  std::string_view contents;
  EventTime closed;
};
RHEON_FIELDS(Basket, customer, contents, closed)

struct FillBaskets : KeyedOperator<std::string_view, Item, Basket> {
  Map<std::string, std::int32_t> pieces{*this, "pieces", ttl(std::chrono::hours{1})};
  List<std::string> order{*this, "order", unbounded()};
  Counter baskets{*this, "baskets", unbounded()};
  Timer abandoned{*this, "abandoned"};
  TimerSet reminders{*this, "reminders"};

  void process(const Item& item, Context& ctx) {
    const std::string name(item.name);
    if (item.pieces == 0) {
      pieces.remove(name);
      return ctx.drop("taken out");
    }
    if (!pieces.contains(name)) {
      order.push_back(name);
    }
    pieces.edit(name) += item.pieces;
    abandoned.set(item.time + minutes{10});
    reminders.add(item.time + minutes{5});
  }
  void on_timer(const Timer&, Context& ctx) {
    std::string contents = "basket " + std::to_string(baskets.add());
    pieces.for_each([&](const std::string& name, std::int32_t count) {
      contents += " " + name + "=" + std::to_string(count);
    });
    contents += " of";
    order.for_each([&](const std::string& name) { contents += " " + name; });
    ctx.emit({ctx.key(), contents, ctx.time()});
    pieces.clear();
    order.clear();
  }
  void on_timer(const TimerSet&, Context& ctx) {
    ctx.emit({ctx.key(), "still there?", ctx.time()});
  }
};

void baskets(Job& job) {
  job.from("items", Source<Item>{})
      .event_time(&Item::time, monotone())
      .key_by(&Item::customer)
      .process<FillBaskets>("baskets")
      .to("out", files::csv("out"));
}

EventTime at(int minute) { return kStart + minutes{minute}; }

TEST(Golden, Baskets) {
  const std::vector<Item> items = {
      {"ann", "pear", 2, at(0)}, {"bob", "fig", 1, at(1)},  {"ann", "apple", 1, at(2)},
      {"ann", "pear", 0, at(3)}, {"ann", "pear", 4, at(3)}, {"cid", "nut", 9, at(9)},
      {"bob", "fig", 1, at(12)}, {"ann", "nut", 1, at(30)}, {"cid", "nut", 1, at(31)},
  };
  Pipeline pipeline;
  pipeline.job = baskets;
  pipeline.parts = static_cast<int>(items.size());
  pipeline.feed = [&items](testing::Topology& topology, int part) {
    const Item& item = items[static_cast<std::size_t>(part)];
    topology.watermark(item.time);
    topology.input<Item>("items").push(item);
  };
  pipeline.read = [](testing::Topology& topology) {
    Lines lines;
    for (const Basket& basket : topology.output<Basket>("out")) {
      lines.push_back(std::string(basket.customer) + " " +
                      std::to_string((basket.closed - kStart) / minutes{1}) + ": " +
                      std::string(basket.contents));
    }
    return lines;
  };
  expect_golden(pipeline, {
                              "ann 5: still there?",
                              "ann 7: still there?",
                              "ann 8: still there?",
                              "ann 13: basket 1 apple=1 pear=4 of pear apple pear",
                              "ann 35: still there?",
                              "ann 40: basket 2 nut=1 of nut",
                              "bob 6: still there?",
                              "bob 11: basket 1 fig=1 of fig",
                              "bob 17: still there?",
                              "bob 22: basket 2 fig=1 of fig",
                              "cid 14: still there?",
                              "cid 19: basket 1 nut=9 of nut",
                              "cid 36: still there?",
                              "cid 41: basket 2 nut=1 of nut",
                          });
}

}  // namespace
}  // namespace rheon::golden
