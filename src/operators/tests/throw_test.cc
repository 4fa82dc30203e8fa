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

TEST(Throw, BehindAnExchangeTheSentenceSaysThatThePlaceIsNotKnown) {
  EXPECT_THAT(stopped_at(behind_an_exchange),
              AllOf(HasSubstr("operator 'checked' threw \"13 brings bad luck\""),
                    HasSubstr("(behind an exchange: its place in the input is not known)")));
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
                    ::testing::Not(HasSubstr("quarantine"))));
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
