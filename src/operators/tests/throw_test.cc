// What becomes of a record at which user code throws, seen through whole jobs.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "connect/files/csv.h"
#include "connect/files/lines.h"
#include "connect/generator/words.h"
#include "operators/operator.h"
#include "testing/topology.h"

namespace rheon {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using testing::Topology;

std::int64_t no_thirteen(std::int64_t n) {
  if (n == 13) {
    throw std::domain_error("13 brings bad luck");
  }
  return n;
}

struct NoThirteen : KeyedOperator<std::int64_t, std::int64_t, std::int64_t> {
  void process(const std::int64_t& n, Context& ctx) { ctx.emit(no_thirteen(n)); }
};

void before_an_exchange(Job& job) {
  job.from("numbers", Source<std::int64_t>{})
      .filter("positive", [](std::int64_t n) { return n > 0; })
      .map("checked", no_thirteen)
      .to("out", files::csv("out"));
}

void behind_an_exchange(Job& job) {
  job.from("numbers", Source<std::int64_t>{})
      .key_by([](std::int64_t n) { return n; })
      .process<NoThirteen>("checked")
      .to("out", files::csv("out"));
}

/// Pushes the numbers one by one; why the job has stopped.
std::string stopped_at(testing::JobDescription job, std::uint32_t shards = 1) {
  testing::TopologyOptions options;
  options.shards = shards;
  Topology topology(std::move(job), {}, options);
  try {
    for (const std::int64_t n : {11, 12, 13}) {
      topology.input<std::int64_t>("numbers").push(n);
    }
  } catch (const std::runtime_error& error) {
    return error.what();
  }
  return "it has not stopped";
}

TEST(Throw, TheSentenceNamesOperatorReasonAndPlace) {
  EXPECT_THAT(stopped_at(before_an_exchange),
              AllOf(HasSubstr("operator 'checked' threw \"13 brings bad luck\""),
                    HasSubstr("(source 'numbers', at or behind pushed by the test:2)")));
}

TEST(Throw, BehindAnExchangeTheSentenceNamesThePlaceAsWell) {
  for (const std::uint32_t shards : {1u, 3u}) {
    EXPECT_THAT(stopped_at(behind_an_exchange, shards),
                AllOf(HasSubstr("operator 'checked' threw \"13 brings bad luck\""),
                      HasSubstr("(source 'numbers', at or behind pushed by the test:2)")));
  }
}

void behind_two_exchanges(Job& job) {
  job.from("numbers", Source<std::int64_t>{})
      .rebalance()
      .map("same", [](std::int64_t n) { return n; })
      .key_by([](std::int64_t n) { return n; })
      .process<NoThirteen>("checked")
      .to("out", files::csv("out"));
}

TEST(Throw, BehindTwoExchangesAsWell) {
  EXPECT_THAT(stopped_at(behind_two_exchanges, /*shards=*/2),
              HasSubstr("(source 'numbers', at or behind pushed by the test:2)"));
}

struct ThrowsInTimer : KeyedOperator<std::int64_t, std::int64_t, std::int64_t> {
  Timer timer{*this, "timer"};
  void process(const std::int64_t&, Context&) { timer.set(EventTime{50}); }
  void on_timer(const Timer&, Context& ctx) { ctx.emit(no_thirteen(ctx.key())); }
};

TEST(Throw, ATimerHasNoPlaceInTheInput) {
  Topology topology([](Job& job) {
    job.from("numbers", Source<std::int64_t>{})
        .key_by([](std::int64_t n) { return n; })
        .process<ThrowsInTimer>("late")
        .to("out", files::csv("out"));
  });
  topology.input<std::int64_t>("numbers").push_at(EventTime{20}, 13);
  try {
    topology.watermark(EventTime{100});
    FAIL();
  } catch (const std::runtime_error& error) {
    EXPECT_THAT(error.what(), HasSubstr("(a timer, which has no place in the input)"));
  }
}

void in_key_by(Job& job) {
  job.from("numbers", Source<std::int64_t>{})
      .key_by([](std::int64_t n) { return no_thirteen(n); })
      .aggregate("counts", count(), unbounded())
      .to("out", files::csv("out"));
}

void in_an_aggregator(Job& job) {
  job.from("numbers", Source<std::int64_t>{})
      .key_by([](std::int64_t) { return true; })
      .aggregate("sums", sum(no_thirteen), unbounded())
      .to("out", files::csv("out"));
}

/// 13 becomes more than any memory holds; every other number stays one.
void without_end(std::int64_t n, Emit<std::string_view>& emit) {
  static const std::string kMegabyte(1 << 20, 'x');
  do {
    emit(kMegabyte);
  } while (n == 13);
}
std::vector<std::string> far_too_many(std::int64_t n) {
  return std::vector<std::string>(n == 13 ? 200 : 1, std::string(1 << 20, 'x'));
}

template <class Function>
std::uint64_t megabytes_behind(Function function, std::uint64_t& quarantined) {
  Topology topology([function](Job& job) {
    job.from("numbers", Source<std::int64_t>{})
        .flat_map("much", function, quarantine)
        .map("size", [](std::string_view text) { return std::uint64_t{text.size()}; })
        .to("out", files::csv("out"));
  });
  topology.input<std::int64_t>("numbers").push({11, 13, 12});
  quarantined = topology.worker().ledger().get("operator/much/quarantined");
  return topology.output<std::uint64_t>("out").size();
}

TEST(Throw, ACallThatEmitsWithoutEndIsStopped) {
  std::uint64_t quarantined = 0;
  EXPECT_EQ(megabytes_behind(&without_end, quarantined), 2u);
  EXPECT_EQ(quarantined, 1u);
  EXPECT_EQ(megabytes_behind(&far_too_many, quarantined), 2u);
  EXPECT_EQ(quarantined, 1u);
}

struct NoInit : NoThirteen {
  void init() { throw std::domain_error("not today"); }
};

TEST(Throw, InKeyByTheSentenceNamesTheEdge) {
  EXPECT_THAT(
      stopped_at(in_key_by),
      AllOf(HasSubstr("the key_by of edge 'numbers->counts.0' threw \"13 brings bad luck\""),
            HasSubstr("(source 'numbers', at or behind pushed by the test:2)")));
}

TEST(Throw, InKeyByOnSeveralShardsAsWell) {
  EXPECT_THAT(
      stopped_at(in_key_by, /*shards=*/3),
      AllOf(HasSubstr("the key_by of edge 'numbers->counts.0' threw \"13 brings bad luck\""),
            HasSubstr("(source 'numbers', at or behind pushed by the test:2)")));
}

template <class Verb>
std::string stopped_by(Topology& topology, Verb verb) {
  try {
    verb(topology);
  } catch (const std::runtime_error& error) {
    return error.what();
  }
  return "it has not stopped";
}

TEST(Throw, InKeyByInTheMiddleOfABatchAtTheFirstTime) {
  for (const std::uint32_t shards : {1u, 3u}) {
    testing::TopologyOptions options;
    options.shards = shards;
    bool thrown = false;
    const auto once = [&thrown](std::int64_t n) {
      if (n == 13 && !std::exchange(thrown, true)) {
        throw std::domain_error("only once");
      }
      return n;
    };
    Topology topology(
        [&once](Job& job) {
          job.from("numbers", Source<std::int64_t>{})
              .key_by(once)
              .aggregate("counts", count(), unbounded())
              .to("out", files::csv("out"));
        },
        {}, options);
    topology.hold();
    topology.input<std::int64_t>("numbers").push({11, 12, 13, 14});
    EXPECT_THAT(stopped_by(topology, [](Topology& t) { t.release(); }),
                HasSubstr("threw \"only once\""));
  }
}

struct NoClose : NoThirteen {
  void close() { throw std::domain_error("not today"); }
};

void in_close(Job& job) {
  job.from("numbers", Source<std::int64_t>{})
      .key_by([](std::int64_t n) { return n; })
      .process<NoClose>("checked")
      .to("out", files::csv("out"));
}

TEST(Throw, InCloseTheJobStopsAndWhatWasCommittedStays) {
  Topology topology(in_close);
  topology.input<std::int64_t>("numbers").push({1, 2});
  EXPECT_THAT(stopped_by(topology, [](Topology& t) { t.end(); }),
              HasSubstr("operator 'checked' threw \"not today\" in close()"));
  EXPECT_THAT(topology.output<std::int64_t>("out"), ::testing::UnorderedElementsAre(1, 2));
}

TEST(Throw, InCloseAtARescaleAsWell) {
  Topology topology(in_close);
  topology.input<std::int64_t>("numbers").push({1, 2});
  EXPECT_THAT(stopped_by(topology, [](Topology& t) { t.rescale(2); }),
              HasSubstr("operator 'checked' threw \"not today\" in close()"));
  EXPECT_THAT(topology.output<std::int64_t>("out"), ::testing::UnorderedElementsAre(1, 2));
}

TEST(Throw, InAnAggregatorTheSentenceNamesTheOperator) {
  EXPECT_THAT(stopped_at(in_an_aggregator),
              AllOf(HasSubstr("operator 'sums' threw \"13 brings bad luck\""),
                    HasSubstr("(source 'numbers', at or behind pushed by the test:2)"),
                    HasSubstr("`quarantine`")));
}

/// What the quarantine stream holds: "operator (place): reason".
std::vector<std::string> quarantined(Topology& topology) {
  std::vector<std::string> found;
  for (const engine::Quarantined& record : topology.quarantined()) {
    found.push_back(record.operator_name + " (" + record.place + "): " + record.reason);
  }
  return found;
}
constexpr const char* kAtPushed = " (source 'numbers', at or behind pushed by the test:2): ";

/// Pushes 11, 12, 13, 14 into jobs on one shard and on three; calls look(topology).
template <class Look>
void with_a_thirteen(const testing::JobDescription& job, Look look) {
  for (const std::uint32_t shards : {1u, 3u}) {
    testing::TopologyOptions options;
    options.shards = shards;
    Topology topology(job, {}, options);
    for (const std::int64_t n : {11, 12, 13, 14}) {
      topology.input<std::int64_t>("numbers").push(n);
    }
    look(topology);
  }
}

TEST(Throw, ARecordWhoseKeyCannotBeToldMayGoToQuarantine) {
  const auto job = [](Job& described) {
    described.from("numbers", Source<std::int64_t>{})
        .key_by([](std::int64_t n) { return no_thirteen(n); }, quarantine)
        .aggregate("counts", count(), unbounded())
        .to("out", files::csv("out"));
  };
  with_a_thirteen(job, [](Topology& topology) {
    EXPECT_EQ(topology.output<std::uint64_t>("out").size(), 3u);
    const engine::Ledger& ledger = topology.worker().ledger();
    EXPECT_EQ(ledger.get("edge/numbers->counts.0/sent"), 3u);
    EXPECT_EQ(ledger.get("edge/numbers->counts.0/quarantined"), 1u);
    EXPECT_EQ(ledger.quarantined(), 1u);
    EXPECT_THAT(ledger.imbalances(), ::testing::IsEmpty());
    EXPECT_THAT(quarantined(topology), ::testing::ElementsAre(std::string("numbers->counts.0") +
                                                              kAtPushed + "13 brings bad luck"));
  });
}

TEST(Throw, InTheMiddleOfABatchOnlyTheRecordsWithoutAKeyGo) {
  const auto text_of = [](std::int64_t n) { return std::to_string(no_thirteen(n)); };
  for (const std::uint32_t shards : {1u, 3u}) {
    testing::TopologyOptions options;
    options.shards = shards;
    Topology topology(
        [&text_of](Job& job) {
          const auto numbers = job.from("numbers", Source<std::int64_t>{});
          numbers.key_by([](std::int64_t n) { return no_thirteen(n); }, quarantine)
              .aggregate("in blocks", count(), unbounded())
              .to("out", files::csv("out"));
          numbers.key_by(text_of, quarantine)
              .aggregate("one by one", count(), unbounded())
              .to("texts", files::csv("texts"));
        },
        {}, options);
    topology.hold();
    std::vector<std::int64_t> many;
    for (std::int64_t i = 0; i < 3'000; ++i) {
      many.push_back(i % 100 == 99 ? 13 : i + 100);
    }
    topology.input<std::int64_t>("numbers").push(many);
    topology.release();
    for (const char* edge : {"edge/numbers->in blocks.0/", "edge/numbers->one by one.0/"}) {
      const engine::Ledger& ledger = topology.worker().ledger();
      EXPECT_EQ(ledger.get(std::string(edge) + "sent"), 2'970u);
      EXPECT_EQ(ledger.get(std::string(edge) + "quarantined"), 30u);
    }
    EXPECT_EQ(topology.output<std::uint64_t>("out").size(), 2'970u);
    EXPECT_EQ(topology.output<std::uint64_t>("texts").size(), 2'970u);
  }
}

TEST(Throw, ARecordWhoseTimeCannotBeToldMayGoToQuarantine) {
  const auto job = [](Job& described) {
    described.from("numbers", Source<std::int64_t>{})
        .event_time([](std::int64_t n) { return EventTime{no_thirteen(n)}; },
                    std::chrono::seconds{1}, quarantine)
        .to("out", files::csv("out"));
  };
  with_a_thirteen(job, [](Topology& topology) {
    EXPECT_THAT(topology.output<std::int64_t>("out"), ::testing::UnorderedElementsAre(11, 12, 14));
    EXPECT_EQ(topology.worker().ledger().get("operator/numbers/quarantined"), 1u);
    EXPECT_THAT(topology.worker().ledger().imbalances(), ::testing::IsEmpty());
    EXPECT_THAT(quarantined(topology),
                ::testing::ElementsAre(std::string("numbers") + kAtPushed + "13 brings bad luck"));
  });
}

/// Adds before it looks.
struct Careless {
  template <class>
  using Accumulator = std::int64_t;
  void add(std::int64_t& sum, std::int64_t n) const {
    sum += n;
    static_cast<void>(no_thirteen(n));
  }
  [[nodiscard]] std::int64_t result(const std::int64_t& sum) const { return sum; }
};

TEST(Throw, AnAggregatorThatThrowsLeavesNothingBehind) {
  const auto job = [](Job& described) {
    described.from("numbers", Source<std::int64_t>{})
        .key_by([](std::int64_t n) { return n != 13 && n % 2 == 0; })
        .aggregate("sums", Careless{}, unbounded(), quarantine)
        .to("out", files::csv("out"));
  };
  with_a_thirteen(job, [](Topology& topology) {
    topology.crash_and_restore();
    topology.input<std::int64_t>("numbers").push({13, 21});
    EXPECT_THAT(topology.output<std::int64_t>("out"),
                ::testing::UnorderedElementsAre(11, 12, 12 + 14, 11 + 21));
    const engine::Ledger& ledger = topology.worker().ledger();
    EXPECT_EQ(ledger.get("operator/sums/in"), 6u);
    EXPECT_EQ(ledger.get("operator/sums/emitted"), 4u);
    EXPECT_EQ(ledger.get("operator/sums/quarantined"), 2u);
    EXPECT_THAT(quarantined(topology),
                ::testing::Contains(std::string("sums") + kAtPushed + "13 brings bad luck"));
  });
}

TEST(Throw, AKeyThatHasOnlyThrownHasNoState) {
  Topology topology([](Job& job) {
    job.from("numbers", Source<std::int64_t>{})
        .key_by([](std::int64_t n) { return n; })
        .aggregate("sums", Careless{}, unbounded(), quarantine)
        .to("out", files::csv("out"));
  });
  topology.input<std::int64_t>("numbers").push({13, 14});
  EXPECT_EQ(topology.state("sums", std::int64_t{13}).value<std::int64_t>(), std::nullopt);
  EXPECT_EQ(topology.state("sums", std::int64_t{14}).value<std::int64_t>(), 14);
}

TEST(Throw, AFunctionOfReduceMayQuarantineAsWell) {
  const auto job = [](Job& described) {
    described.from("numbers", Source<std::int64_t>{})
        .key_by([](std::int64_t) { return true; })
        .reduce(
            "sum", [](std::int64_t a, std::int64_t b) { return a + no_thirteen(b); }, unbounded(),
            quarantine)
        .to("out", files::csv("out"));
  };
  with_a_thirteen(job, [](Topology& topology) {
    EXPECT_THAT(topology.output<std::int64_t>("out"),
                ::testing::ElementsAre(11, 11 + 12, 11 + 12 + 14));
  });
}

/// The longest text, shown from where it is kept.
struct Longest {
  template <class>
  using Accumulator = std::string;
  void add(std::string& longest, std::string_view text) const {
    if (text.size() > longest.size()) {
      longest = text;
    }
  }
  [[nodiscard]] const std::string& result(const std::string& longest) const { return longest; }
};

TEST(Aggregate, AResultThatShowsItsAccumulatorIsCopied) {
  for (const OnThrow on_throw : {stop, quarantine}) {
    Topology topology([on_throw](Job& job) {
      job.from("words", Source<std::string_view>{})
          .key_by([](std::string_view) { return true; })
          .aggregate("longest", Longest{}, unbounded(), on_throw)
          .to("out", files::csv("out"));
    });
    topology.hold();
    topology.input<std::string_view>("words").push(
        {"a", "bcd", "a word of some length, not short"});
    topology.release();
    EXPECT_THAT(topology.output<std::string_view>("out"),
                ::testing::ElementsAre("a", "bcd", "a word of some length, not short"));
  }
}

TEST(Throw, InInitTheJobStopsBeforeItsFirstRecord) {
  try {
    Topology topology([](Job& job) {
      job.from("numbers", Source<std::int64_t>{})
          .key_by([](std::int64_t n) { return n; })
          .process<NoInit>("checked")
          .to("out", files::csv("out"));
    });
    FAIL();
  } catch (const std::runtime_error& error) {
    EXPECT_THAT(error.what(), HasSubstr("operator 'checked' threw \"not today\" in init()"));
  }
}

TEST(Throw, AnOperatorIsNotBlamedForWhatThrowsBehindIt) {
  // So many outputs of one record that they are handed on within the loop over its batch.
  const auto stopped = stopped_at([](Job& job) {
    job.from("numbers", Source<std::int64_t>{})
        .flat_map(
            "many",
            [](std::int64_t n, Emit<std::int64_t>& emit) {
              for (int i = 0; i < 5'000; ++i) {
                emit(n);
              }
            },
            quarantine)
        .flat_map(
            "more",
            [](std::int64_t n, Emit<std::int64_t>& emit) {
              emit(n);
              emit(n);
            },
            quarantine)
        .key_by([](std::int64_t n) { return no_thirteen(n); })
        .aggregate("counts", count(), unbounded())
        .to("out", files::csv("out"));
  });
  EXPECT_THAT(stopped, HasSubstr("the key_by of edge 'more->counts.0' threw"));
}

TEST(Throw, CallsThatEmitMuchAndThrowDoNotHoldUpThoseBehindThem) {
  Topology topology([](Job& job) {
    job.from("numbers", Source<std::int64_t>{})
        .flat_map(
            "texts",
            [](std::int64_t n, Emit<std::string_view>& emit) {
              emit(std::string(2'000, 't'));
              no_thirteen(n);
            },
            quarantine)
        .map("sizes", [](std::string_view text) { return text.size(); })
        .to("out", files::csv("out"));
  });
  topology.hold();
  auto numbers = topology.input<std::int64_t>("numbers");
  numbers.push(std::vector<std::int64_t>(300, 13));
  numbers.push(std::vector<std::int64_t>(5'000, 1));
  topology.release();
  EXPECT_EQ(topology.output<std::size_t>("out").size(), 5'000u);
  EXPECT_EQ(topology.worker().ledger().get("operator/texts/quarantined"), 300u);
}

struct DropsInTimer : KeyedOperator<std::int64_t, std::int64_t, std::int64_t> {
  Timer timer{*this, "timer"};
  void process(const std::int64_t& n, Context&) { timer.set(EventTime{n}); }
  void on_timer(const Timer&, Context& ctx) { ctx.drop("nothing to drop"); }
};

TEST(Throw, ATimerHasNoRecordToDrop) {
  Topology topology([](Job& job) {
    job.from("numbers", Source<std::int64_t>{})
        .key_by([](std::int64_t n) { return n; })
        .process<DropsInTimer>("drops")
        .to("out", files::csv("out"));
  });
  topology.input<std::int64_t>("numbers").push_at(EventTime{5}, 11);
  try {
    topology.watermark(EventTime{100});
    FAIL();
  } catch (const std::runtime_error& error) {
    EXPECT_THAT(error.what(), HasSubstr("there is no record in on_timer()"));
  }
}

TEST(Throw, AJobThatQuarantinesMostOfItsInputIsStopped) {
  Topology topology([](Job& job) {
    job.from("numbers", Source<std::int64_t>{})
        .map("checked", no_thirteen, quarantine)
        .to("out", files::csv("out"));
  });
  auto numbers = topology.input<std::int64_t>("numbers");
  numbers.push(std::vector<std::int64_t>(100, 13));
  numbers.push(std::vector<std::int64_t>(1'100, 1));
  EXPECT_EQ(topology.worker().ledger().get("operator/checked/quarantined"), 100u);
  try {
    numbers.push(std::vector<std::int64_t>(100, 13));
    FAIL();
  } catch (const std::runtime_error& error) {
    EXPECT_THAT(error.what(),
                AllOf(HasSubstr("'checked' has sent 200 of 1300 records"),
                      HasSubstr("\"13 brings bad luck\""), HasSubstr("--max-quarantined-percent")));
  }
  EXPECT_EQ(topology.output<std::int64_t>("out").size(), 1'100u);
}

/// A name and how often it came, shown from where it is kept.
struct Named {
  std::string_view name;
  std::uint64_t n = 0;
};
RHEON_FIELDS(Named, name, n)
struct KeptName {
  std::string name;
  std::uint64_t n = 0;
};
RHEON_FIELDS(KeptName, name, n)
struct LastName {
  template <class>
  using Accumulator = KeptName;
  void add(KeptName& kept, std::string_view text) const { kept = {std::string(text), kept.n + 1}; }
  [[nodiscard]] Named result(const KeptName& kept) const { return {kept.name, kept.n}; }
};

TEST(Aggregate, SoIsAFieldOfAResult) {
  for (const OnThrow on_throw : {stop, quarantine}) {
    Topology topology([on_throw](Job& job) {
      job.from("words", Source<std::string_view>{})
          .key_by([](std::string_view) { return true; })
          .aggregate("last", LastName{}, unbounded(), on_throw)
          .to("out", files::csv("out"));
    });
    topology.hold();
    topology.input<std::string_view>("words").push({"short", "a word of some length, not short"});
    topology.release();
    const std::vector<Named> out = topology.output<Named>("out");
    ASSERT_EQ(out.size(), 2u);
    EXPECT_EQ(out[0].name, "short");
    EXPECT_EQ(out[1].name, "a word of some length, not short");
  }
}

TEST(Aggregate, ThatMayQuarantineCountsItsTtlAsAnyOther) {
  for (const OnThrow on_throw : {stop, quarantine}) {
    Topology topology([on_throw](Job& job) {
      job.from("numbers", Source<std::int64_t>{})
          .key_by([](std::int64_t) { return true; })
          .aggregate("sums", Careless{}, ttl(std::chrono::microseconds{100}), on_throw)
          .to("out", files::csv("out"));
    });
    auto numbers = topology.input<std::int64_t>("numbers");
    numbers.push_at(EventTime{1'000}, 1).push_at(EventTime{1'050}, 2).push_at(EventTime{1'120}, 3);
    numbers.push_at(EventTime{1'300}, 4);  // reads what the watermark of 1,120 shows
    numbers.push_at(EventTime{1'301}, 5);
    if (on_throw == quarantine) {
      numbers.push_at(EventTime{1'302}, 13);
    }
    numbers.push_at(EventTime{1'303}, 6);
    EXPECT_THAT(topology.output<std::int64_t>("out"), ::testing::ElementsAre(1, 3, 6, 10, 5, 11));
    EXPECT_EQ(topology.worker().ledger().get("operator/sums/expired"), 1u);
  }
}

TEST(Throw, ASourceOfNothingButBadRecordsEndsItsStepsAndIsStopped) {
  env::fake::FakeEnv env;
  testing::SimulatedJob job(
      env,
      [](Job& described) {
        described.from("words", generator::words({.dictionary = 10}))
            .event_time([](std::string_view) -> EventTime { throw std::domain_error("no time"); },
                        std::chrono::seconds{1}, quarantine)
            .to("out", files::csv("out"));
      },
      {});
  ASSERT_TRUE(job.start());
  const Status stopped = job.run(1'000'000);
  ASSERT_FALSE(stopped);
  EXPECT_THAT(stopped.error().message, AllOf(HasSubstr("'words' has sent"), HasSubstr("no time")));
}

TEST(Throw, OfAFileThePlaceIsPathAndByte) {
  env::fake::FakeEnv env;
  auto file = env.files().open("in.txt", env::OpenMode::kCreate);
  ASSERT_TRUE(file);
  std::string text;
  for (int i = 0; i < 3'000; ++i) {
    text += i == 2'500 ? "bad\n" : "good\n";
  }
  ASSERT_TRUE((*file)->write_at(0, as_bytes(text)));
  testing::SimulatedJob job(env,
                            [](Job& described) {
                              described.from("lines", files::lines("*.txt"))
                                  .map("check",
                                       [](std::string_view line) {
                                         if (line == "bad") {
                                           throw std::domain_error("not good");
                                         }
                                         return line.size();
                                       })
                                  .to("out", files::csv("out"));
                            },
                            {});
  ASSERT_TRUE(job.start());
  const Status stopped = job.run(1'000'000);
  ASSERT_FALSE(stopped);
  const std::string place = "at the record 'bad' (source 'lines', at or behind in.txt:";
  const std::string& message = stopped.error().message;
  ASSERT_THAT(message, HasSubstr(place));
  const std::size_t at = std::stoul(message.substr(message.find(place) + place.size()));
  constexpr std::size_t kBad = 2'500 * 5;
  EXPECT_LE(at, kBad);
  EXPECT_GT(at, kBad - engine::kBatchRecords * 5) << "no more than one poll before it";
}

}  // namespace
}  // namespace rheon
