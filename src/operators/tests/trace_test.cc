// How a record is followed through a job, also through what an operator keeps of it.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "connect/files/csv.h"
#include "connect/memory/collector.h"
#include "connect/memory/values.h"
#include "operators/operator.h"
#include "testing/simulated_job.h"
#include "testing/topology.h"

namespace rheon {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::Topology;
using ::testing::UnorderedElementsAre;

/// The ways along which records were followed, up to where each ended: "numbers > sums > out".
std::vector<std::string> ways(const std::vector<observe::Span>& spans) {
  std::map<std::uint64_t, const observe::Span*> by_id;
  std::map<std::uint64_t, int> children;
  for (const observe::Span& span : spans) {
    by_id[span.context.span] = &span;
    ++children[span.parent];
  }
  std::vector<std::string> result;
  for (const observe::Span& span : spans) {
    if (children.contains(span.context.span)) {
      continue;
    }
    std::string way = span.name;
    for (auto at = by_id.find(span.parent); at != by_id.end();
         at = by_id.find(at->second->parent)) {
      way.insert(0, at->second->name + " > ");
    }
    result.push_back(way);
  }
  return result;
}

/// Keeps the sum of what comes, and emits it a while after the first number: 0 asks for it at once.
struct Keeps : KeyedOperator<bool, std::int64_t, std::int64_t> {
  Value<std::int64_t> sum{*this, "sum", unbounded()};
  Timer due{*this, "due"};

  void process(const std::int64_t& n, Context& ctx) {
    if (n == 0) {
      return on_timer(due, ctx);
    }
    sum.get_or_create() += n;
    due.set(EventTime{100});
    if (n == 13) {
      throw std::domain_error("13 brings bad luck");
    }
  }
  void on_timer(const Timer&, Context& ctx) { ctx.emit(sum.get() != nullptr ? *sum.get() : 0); }
};

void sums_of_what_was_kept(Job& job) {
  job.from("numbers", Source<std::int64_t>{})
      .map("same", [](std::int64_t n) { return n; })
      .key_by([](std::int64_t) { return true; })
      .process<Keeps>("sums", quarantine)
      .to("out", files::csv("out"));
}

/// Every `nth` record is followed.
testing::TopologyOptions following(std::uint32_t nth) {
  testing::TopologyOptions options;
  options.shards = 2;
  options.trace_every = nth;
  return options;
}

/// Before the timer is due.
void push(Topology& topology, const std::vector<std::int64_t>& numbers) {
  for (const std::int64_t n : numbers) {
    topology.input<std::int64_t>("numbers").push_at(EventTime{1}, n);
  }
}

TEST(Trace, ARecordIsFollowedFromItsSourceToTheSink) {
  Topology topology(
      [](Job& job) {
        job.from("numbers", Source<std::int64_t>{})
            .filter("odd", [](std::int64_t n) { return n % 2 == 1; })
            .key_by([](std::int64_t n) { return n; })
            .aggregate("counts", count(), unbounded())
            .to("out", files::csv("out"));
      },
      {}, following(1));
  topology.input<std::int64_t>("numbers").push({1, 2});
  EXPECT_THAT(ways(topology.take_spans()),
              UnorderedElementsAre("numbers > odd > counts > out", "numbers > odd"));
}

/// Takes 3 ms of a machine in memory.
struct TakesItsTime : KeyedOperator<bool, std::uint64_t, std::uint64_t> {
  static inline env::fake::FakeEnv* machine = nullptr;
  void process(const std::uint64_t& n, Context& ctx) {
    machine->clock().advance(std::chrono::milliseconds{3});
    ctx.emit(n);
  }
};

TEST(Trace, ASpanLastsAsLongAsTheWork) {
  env::fake::FakeEnv env;
  TakesItsTime::machine = &env;
  memory::Collector<std::pair<bool, std::uint64_t>> out;
  testing::SimulatedJobOptions options;
  options.log = testing::small_log();
  options.trace_every = 1;
  testing::SimulatedJob job(
      env,
      [&](Job& described) {
        described.from("numbers", memory::values<std::uint64_t>({1, 2}))
            .map("slow",
                 [&env](std::uint64_t n) {
                   env.clock().advance(std::chrono::milliseconds{5});
                   return n;
                 })
            .key_by([](std::uint64_t) { return true; })
            .process<TakesItsTime>("slower")
            .aggregate("counts", count(), unbounded())
            .to("out", out);
      },
      options);
  ASSERT_TRUE(job.start(1));
  ASSERT_TRUE(job.run(1'000'000));
  std::map<std::string, std::vector<std::int64_t>> took;
  for (const observe::Span& span : job.worker().take_spans()) {
    took[span.name].push_back(span.end_nanos - span.start_nanos);
  }
  EXPECT_THAT(took["slow"], ElementsAre(5'000'000, 5'000'000));
  EXPECT_THAT(took["slower"], ElementsAre(3'000'000, 3'000'000));
  EXPECT_THAT(took["counts"], ElementsAre(0, 0));
}

TEST(Trace, ATimerCarriesOnWhatWasKept) {
  Topology topology(sums_of_what_was_kept, {}, following(2));
  topology.input<std::int64_t>("numbers").push_at(EventTime{1}, 1).push_at(EventTime{2}, 2);
  EXPECT_THAT(ways(topology.take_spans()), ElementsAre("numbers > same > sums"));
  topology.watermark(EventTime{100});
  const std::vector<observe::Span> spans = topology.take_spans();
  EXPECT_THAT(ways(spans), ElementsAre("sums > out"));
  EXPECT_NE(spans[0].parent, 0u) << "it goes on from the span of the record";
  topology.input<std::int64_t>("numbers").push({0});
  EXPECT_THAT(ways(topology.take_spans()), IsEmpty()) << "once";
}

TEST(Trace, SoDoesAnotherRecordOfTheKey) {
  Topology topology(sums_of_what_was_kept, {}, following(2));
  push(topology, {5, 6, 0});
  EXPECT_THAT(ways(topology.take_spans()), ElementsAre("numbers > same > sums > sums > out"));
}

TEST(Trace, OfSeveralKeptRecordsTheLastGoesOnAndNamesTheOthers) {
  Topology topology(sums_of_what_was_kept, {}, following(1));
  auto numbers = topology.input<std::int64_t>("numbers");
  numbers.push_at(EventTime{1}, 1).push_at(EventTime{2}, 2);
  std::vector<observe::Span> kept = topology.take_spans();
  std::erase_if(kept, [](const observe::Span& span) { return span.name != "sums"; });
  ASSERT_EQ(kept.size(), 2u);
  topology.watermark(EventTime{100});
  const std::vector<observe::Span> spans = topology.take_spans();
  ASSERT_EQ(spans.size(), 2u);
  EXPECT_EQ(spans[0].parent, kept[1].context.span);
  EXPECT_EQ(spans[0].context.trace_high, kept[1].context.trace_high);
  ASSERT_EQ(spans[0].links.size(), 1u);
  EXPECT_EQ(spans[0].links[0].span, kept[0].context.span);
}

TEST(Trace, AFollowedRecordThatEmitsNamesThoseThatWereKept) {
  Topology topology(sums_of_what_was_kept, {}, following(1));
  push(topology, {5, 0});
  std::vector<observe::Span> sums = topology.take_spans();
  std::erase_if(sums, [](const observe::Span& span) { return span.name != "sums"; });
  ASSERT_EQ(sums.size(), 2u);
  ASSERT_EQ(sums[1].links.size(), 1u);
  EXPECT_EQ(sums[1].links[0].span, sums[0].context.span);
  push(topology, {0});
  for (const observe::Span& span : topology.take_spans()) {
    EXPECT_THAT(span.links, IsEmpty()) << "once";
  }
}

TEST(Trace, WhatIsKeptMovesToAnotherShard) {
  Topology topology(sums_of_what_was_kept, {}, following(1));
  topology.input<std::int64_t>("numbers").push_at(EventTime{1}, 1);
  topology.rescale(1);
  topology.rescale(3);
  static_cast<void>(topology.take_spans());
  topology.watermark(EventTime{100});
  EXPECT_THAT(ways(topology.take_spans()), ElementsAre("sums > out"));
}

TEST(Trace, ACallThatThrowsKeepsNothing) {
  Topology topology(sums_of_what_was_kept, {}, following(2));
  push(topology, {5, 13, 0});
  EXPECT_THAT(ways(topology.take_spans()), ElementsAre("numbers > same > sums"));
}

}  // namespace
}  // namespace rheon
