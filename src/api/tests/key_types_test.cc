#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "connect/files/csv.h"
#include "testing/topology.h"

namespace rheon {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::ElementsAre;

struct Request {
  milliseconds took{0};
  std::uint8_t server = 0;
};
RHEON_FIELDS(Request, took, server)

TEST(KeyTypes, ADurationMayBeAFieldAndAKey) {
  testing::Topology topology([](Job& job) {
    job.from("requests", Source<Request>{})
        .key_by([](const Request& request) {
          return std::chrono::duration_cast<seconds>(request.took);
        })
        .aggregate("histogram", count(), unbounded())
        .to("out", files::csv("out"));
  });
  topology.input<Request>("requests")
      .push({{milliseconds{100}, 1}, {milliseconds{2'100}, 1}, {milliseconds{900}, 2}});
  topology.crash_and_restore();
  topology.input<Request>("requests").push({milliseconds{2'999}, 3});
  EXPECT_THAT((topology.keyed_output<seconds, std::uint64_t>("out")),
              ElementsAre(std::pair(seconds{0}, 1), std::pair(seconds{2}, 1),
                          std::pair(seconds{0}, 2), std::pair(seconds{2}, 2)));
}

struct Visit {
  std::string_view user;
  std::uint8_t page = 0;
};
RHEON_FIELDS(Visit, user, page)

/// Counts the users of 200 visits, three in turn, all at once; the last counts.
template <class KeyOf>
std::map<std::string, std::uint64_t> counted_by(KeyOf key_of, std::uint32_t shards) {
  testing::TopologyOptions options;
  options.shards = shards;
  testing::Topology topology(
      [&](Job& job) {
        job.from("visits", Source<Visit>{})
            .key_by(key_of)
            .aggregate("counts", count(), unbounded())
            .to("out", files::csv("out"));
      },
      {}, options);
  std::vector<Visit> visits;
  for (int i = 0; i < 200; ++i) {
    visits.push_back({i % 3 == 0 ? "Alice" : i % 3 == 1 ? "Bob" : "Christopher Columbus", 1});
  }
  topology.hold();
  topology.input<Visit>("visits").push(visits);
  topology.release();
  std::map<std::string, std::uint64_t> counts;
  for (const auto& [user, n] : topology.keyed_output<std::string_view, std::uint64_t>("out")) {
    counts[std::string(user)] = std::max(counts[std::string(user)], n);
  }
  return counts;
}

const std::map<std::string, std::uint64_t> kCounts{
    {"Alice", 67}, {"Bob", 67}, {"Christopher Columbus", 66}};

TEST(KeyTypes, AFieldOrAViewOfItMayBeAKey) {
  for (const std::uint32_t shards : {1u, 3u}) {
    EXPECT_EQ(counted_by(&Visit::user, shards), kCounts);
    EXPECT_EQ(counted_by([](const Visit& visit) { return visit.user.substr(0); }, shards), kCounts);
  }
}

TEST(KeyTypes, ATextThatIsMadeForTheKeyLivesUntilItIsCopied) {
  for (const std::uint32_t shards : {1u, 3u}) {
    EXPECT_EQ(counted_by([](const Visit& visit) { return std::string(visit.user); }, shards),
              kCounts);
  }
}

TEST(KeyTypes, AViewIsReadBeforeTheNextCallChangesWhatItShows) {
  for (const std::uint32_t shards : {1u, 3u}) {
    EXPECT_EQ(counted_by(
                  [](const Visit& visit) {
                    static std::string buffer;
                    buffer = visit.user;
                    return std::string_view(buffer);
                  },
                  shards),
              kCounts);
  }
}

}  // namespace
}  // namespace rheon
