#pragma once

// One seed of the simulator: a job, a machine, faults, and the checks at the end.

#include <array>
#include <cstdint>

#include "base/result.h"
#include "sim/swarm.h"

namespace rheon::sim {

struct SeedReport {
  std::uint64_t turns = 0;
  std::uint64_t processes = 0;  // starts of the job
  std::uint64_t aborts = 0;     // the engine was torn down after an error of the disk
  std::array<std::uint64_t, kFaultNames.size()> faults{};     // that came, by kind
  std::array<std::uint64_t, kRareBranchNames.size()> rare{};  // that were taken
  std::uint64_t refusals = 0;                                 // of a log that had rotted
  std::uint64_t epochs = 0;
  std::uint64_t trace = 0;  // a hash of everything that was done, in order, and when
};

/// What the seed itself has drawn.
[[nodiscard]] Swarm swarm_of(std::uint64_t seed);

/// An error says what does not hold. kInvalidInput: this build has no rare branches.
[[nodiscard]] Result<SeedReport> run_seed(std::uint64_t seed, const Swarm& swarm);

/// For a seed that fails: with as few faults and rare branches as still make it fail.
[[nodiscard]] Swarm shrink(std::uint64_t seed, Swarm swarm);

}  // namespace rheon::sim
