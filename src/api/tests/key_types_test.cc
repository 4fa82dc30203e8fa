#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <utility>

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

}  // namespace
}  // namespace rheon
