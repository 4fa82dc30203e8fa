#pragma once

// One seed of the simulator: a job, a machine, faults, and the checks at the end.

#include <cstdint>

#include "base/result.h"

namespace rheon::sim {

struct SeedReport {
  std::uint64_t turns = 0;
  std::uint64_t processes = 0;  // starts of the job
  std::uint64_t epochs = 0;
};

/// An error says what does not hold.
[[nodiscard]] Result<SeedReport> run_seed(std::uint64_t seed);

}  // namespace rheon::sim
