// A stream that has a key is given another one, behind state of the first.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "api/job.h"
#include "connect/memory/collector.h"
#include "connect/memory/values.h"
#include "testing/simulated_job.h"

namespace rheon {
namespace {

TEST(Rekeyed, CountsOfOneKeyAreCountedByAnother) {
  using Counts = memory::Collector<std::pair<std::uint64_t, std::uint64_t>>;
  constexpr std::uint64_t kNumbers = 1'000;
  Counts counts;
  env::fake::FakeEnv env;
  testing::SimulatedJobOptions options;
  options.log = testing::small_log();
  testing::SimulatedJob job(
      env,
      [&](Job& described) {
        std::vector<std::uint64_t> numbers(kNumbers);
        for (std::uint64_t i = 0; i < kNumbers; ++i) {
          numbers[i] = i;
        }
        described.from("numbers", memory::values<std::uint64_t>(numbers))
            .key_by([](std::uint64_t n) { return n % 10; })
            .aggregate("so_far", count(), unbounded())  // 1 to 100, each of ten keys
            .key_by([](std::uint64_t so_far) { return so_far % 4; })
            .aggregate("of_these", count(), unbounded())
            .to("out", counts);
      },
      options);
  ASSERT_TRUE(job.start(3));
  ASSERT_TRUE(job.run(2'000'000));
  std::map<std::uint64_t, std::uint64_t> last;
  for (const auto& [key, n] : counts.committed()) {
    EXPECT_EQ(n, last[key] + 1) << "in order";
    last[key] = n;
  }
  using Pair = std::pair<const std::uint64_t, std::uint64_t>;
  EXPECT_THAT(last, ::testing::ElementsAre(Pair{0, 250}, Pair{1, 250}, Pair{2, 250}, Pair{3, 250}));
}

}  // namespace
}  // namespace rheon
