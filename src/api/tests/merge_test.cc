// Several streams as one: each keeps its own way to whoever reads them.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

#include "api/job.h"
#include "connect/files/csv.h"
#include "testing/topology.h"

namespace rheon {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;
using testing::Topology;

using CountOfKey = std::map<std::int64_t, std::uint64_t>;

std::vector<std::int64_t> numbers_below(std::int64_t end) {
  std::vector<std::int64_t> numbers;
  for (std::int64_t n = 0; n < end; ++n) {
    numbers.push_back(n);
  }
  return numbers;
}

/// Calls look(topology) for the job on one shard and on three, with 0 to 99 from both its sources.
template <class Look>
void with_two_sources(const testing::JobDescription& job, Look look) {
  for (const std::uint32_t shards : {1u, 3u}) {
    testing::TopologyOptions options;
    options.shards = shards;
    Topology topology(job, {}, options);
    topology.input<std::int64_t>("left").push(numbers_below(100));
    topology.input<std::int64_t>("right").push(numbers_below(100));
    look(topology, shards);
    EXPECT_THAT(topology.worker().ledger().imbalances(), IsEmpty());
  }
}

/// How far each key was counted; each of its counts has come out once.
CountOfKey counted(Topology& topology) {
  std::map<std::int64_t, std::vector<std::uint64_t>> found;
  for (const auto& [key, n] : topology.keyed_output<std::int64_t, std::uint64_t>("out")) {
    found[key].push_back(n);
  }
  CountOfKey counts;
  for (auto& [key, all] : found) {
    std::sort(all.begin(), all.end());
    for (std::size_t i = 0; i < all.size(); ++i) {
      EXPECT_EQ(all[i], i + 1) << "of " << key;
    }
    counts[key] = all.size();
  }
  return counts;
}

TEST(Merge, EachStreamKeepsTheKeyItWasGiven) {
  const auto job = [](Job& described) {
    const auto left = described.from("left", Source<std::int64_t>{});
    const auto right = described.from("right", Source<std::int64_t>{});
    left.key_by([](std::int64_t n) { return n % 2; })
        .merge(right.key_by([](std::int64_t n) { return n % 5; }))
        .aggregate("counts", count(), unbounded())
        .to("out", files::csv("out"));
  };
  with_two_sources(job, [](Topology& topology, std::uint32_t) {
    EXPECT_THAT(counted(topology),
                ElementsAre(Pair(0, 70), Pair(1, 70), Pair(2, 20), Pair(3, 20), Pair(4, 20)));
  });
}

TEST(Merge, AKeyedStreamBehindAnOperatorWithOneRightBehindKeyBy) {
  const auto job = [](Job& described) {
    const auto tenth = [](std::int64_t n) { return n % 10; };
    const auto right = described.from("right", Source<std::int64_t>{}).key_by(tenth);
    described.from("left", Source<std::int64_t>{})
        .key_by(tenth)
        .filter("high", [](std::int64_t n) { return n >= 50; })
        .merge(right)
        .aggregate("counts", count(), unbounded())
        .to("out", files::csv("out"));
  };
  with_two_sources(job, [](Topology& topology, std::uint32_t) {
    const CountOfKey counts = counted(topology);
    EXPECT_EQ(counts.size(), 10u);
    for (const auto& [key, n] : counts) {
      EXPECT_EQ(n, 15u) << "of " << key;
    }
  });
}

TEST(Merge, OnlyTheBroadcastOneGoesToEveryShard) {
  const auto job = [](Job& described) {
    const auto right = described.from("right", Source<std::int64_t>{});
    described.from("left", Source<std::int64_t>{})
        .merge(right.broadcast())
        .map("same", [](std::int64_t n) { return n; })
        .to("out", files::csv("out"));
  };
  with_two_sources(job, [](Topology& topology, std::uint32_t shards) {
    EXPECT_EQ(topology.output<std::int64_t>("out").size(), 100u * (1 + shards));
  });
}

TEST(Merge, AStreamWithItselfComesTwice) {
  const auto job = [](Job& described) {
    const auto left = described.from("left", Source<std::int64_t>{});
    described.from("right", Source<std::int64_t>{}).to("unused", files::csv("unused"));
    const auto keyed = left.key_by([](std::int64_t n) { return n % 2; });
    keyed.merge(keyed).aggregate("counts", count(), unbounded()).to("out", files::csv("out"));
  };
  with_two_sources(job, [](Topology& topology, std::uint32_t) {
    EXPECT_THAT(counted(topology), ElementsAre(Pair(0, 100), Pair(1, 100)));
    topology.crash_and_restore().rescale(2);
    EXPECT_THAT(counted(topology), ElementsAre(Pair(0, 100), Pair(1, 100)));
  });
}

std::string refusal_of(const testing::JobDescription& job) {
  try {
    Topology topology(job);
  } catch (const std::runtime_error& error) {
    return error.what();
  }
  return "it was not refused";
}

TEST(Merge, TwoExchangesOneBehindTheOtherAreRefused) {
  EXPECT_THAT(refusal_of([](Job& job) {
                job.from("numbers", Source<std::int64_t>{})
                    .key_by([](std::int64_t n) { return n % 2; })
                    .key_by([](std::int64_t n) { return n % 3; })
                    .aggregate("counts", count(), unbounded())
                    .to("out", files::csv("out"));
              }),
              HasSubstr("operator 'numbers': its records go through two exchanges one behind the "
                        "other (hash, then hash), and only the last would count. Take one away"));
  EXPECT_THAT(refusal_of([](Job& job) {
                const auto numbers = job.from("numbers", Source<std::int64_t>{});
                job.from("others", Source<std::int64_t>{})
                    .merge(numbers.broadcast())
                    .rebalance()
                    .to("out", files::csv("out"));
              }),
              HasSubstr("operator 'numbers': its records go through two exchanges one behind the "
                        "other (broadcast, then round-robin)"));
}

TEST(Merge, ARenameBehindItIsRefused) {
  EXPECT_THAT(refusal_of([](Job& job) {
                const auto numbers = job.from("numbers", Source<std::int64_t>{});
                job.from("others", Source<std::int64_t>{})
                    .merge(numbers)
                    .renamed_from("figures")
                    .to("out", files::csv("out"));
              }),
              HasSubstr("renamed_from(\"figures\") stands behind a merge"));
}

}  // namespace
}  // namespace rheon
