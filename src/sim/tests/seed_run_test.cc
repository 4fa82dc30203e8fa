#include "sim/seed_run.h"

#include <gtest/gtest.h>

#include "base/tests/seeds.h"

namespace rheon::sim {
namespace {

TEST(SeedRun, TheSameSeedHasTheSameHistory) {
  for (const std::uint64_t seed : testing::seeds(20)) {
    SCOPED_TRACE(testing::repeat(seed));
    const Result<SeedReport> once = run_seed(seed, swarm_of(seed));
    const Result<SeedReport> again = run_seed(seed, swarm_of(seed));
    ASSERT_TRUE(once.has_value()) << once.error().message;
    ASSERT_TRUE(again.has_value()) << again.error().message;
    EXPECT_EQ(once->turns, again->turns);
    EXPECT_EQ(once->processes, again->processes);
    EXPECT_EQ(once->epochs, again->epochs);
    EXPECT_EQ(once->trace, again->trace);
  }
}

}  // namespace
}  // namespace rheon::sim
