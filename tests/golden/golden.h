#pragma once

// A golden pipeline gives the same answer however it is run: straight, with crashes and restarts,
// rescaled up and down. Sorted, because only the order per key is promised.

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <string>
#include <vector>

#include "api/parameters.h"
#include "testing/topology.h"

namespace rheon::golden {

using Lines = std::vector<std::string>;

struct Pipeline {
  testing::JobDescription job;
  Parameters::Values parameters;
  /// Pushes part `i` of the input, of 0 .. parts-1.
  std::function<void(testing::Topology&, int part)> feed;
  int parts = 1;
  /// Everything that was written, a line each.
  std::function<Lines(testing::Topology&)> read;
};

enum class Run { kStraight, kCrashing, kUpAndDown, kAtRandom };

[[nodiscard]] inline Lines lines_of(const Pipeline& pipeline, Run run, std::uint64_t seed = 1) {
  testing::Topology topology(pipeline.job, pipeline.parameters);
  if (run == Run::kAtRandom) {
    topology.at_random(seed);
  }
  for (int part = 0; part < pipeline.parts; ++part) {
    pipeline.feed(topology, part);
    if (run == Run::kCrashing) {
      topology.crash_and_restore();
    } else if (run == Run::kUpAndDown) {
      topology.rescale(part % 2 == 0 ? 4 : 1);
    }
  }
  topology.end();
  for (const engine::Imbalance& imbalance : topology.worker().ledger().imbalances()) {
    ADD_FAILURE() << imbalance.sentence;
  }
  Lines lines = pipeline.read(topology);
  std::sort(lines.begin(), lines.end());
  return lines;
}

/// Compares all ways with `expected`.
inline void expect_golden(const Pipeline& pipeline, Lines expected) {
  std::sort(expected.begin(), expected.end());
  EXPECT_EQ(lines_of(pipeline, Run::kStraight), expected) << "straight";
  EXPECT_EQ(lines_of(pipeline, Run::kCrashing), expected) << "with crashes";
  EXPECT_EQ(lines_of(pipeline, Run::kUpAndDown), expected) << "rescaled up and down";
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    EXPECT_EQ(lines_of(pipeline, Run::kAtRandom, seed), expected) << "at random, seed " << seed;
  }
}

}  // namespace rheon::golden
