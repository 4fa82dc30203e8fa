#pragma once

// Which faults a seed has, and how often: drawn first, so that some seeds know only one kind.

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <string_view>

#include "base/rare_branch.h"
#include "base/result.h"
#include "engine/shard_context.h"

namespace rheon::sim {

enum class FaultKind {
  kKill,       // the process dies between two steps
  kPowerCut,   // the machine loses what was not synced
  kDiskCrash,  // ... or dies in the middle of an operation of the disk
  kDiskError,  // an operation, a read, a write or a sync of the disk fails, once
  kFullDisk,   // there is no space for a while
  kRescale,
  kClockJump,  // the wall clock is set to something up to 8 years off
  kBrokers,    // they go for a while, lose a request or an answer, or end a transaction themselves
  kSlowDisk,   // for a while what it reads, writes and syncs takes its time
  kRot,        // the process dies, and the next one finds a bit of the log changed
};
inline constexpr std::array<std::string_view, 10> kFaultNames{
    "kills",    "power-cuts",  "disk-crashes",  "disk-errors", "full-disks",
    "rescales", "clock-jumps", "broker-faults", "slow-disks",  "rot"};

struct Swarm {
  std::uint32_t shards = 1;
  std::size_t ring_capacity_batches = 1;
  engine::StepBudgets budgets;
  std::array<std::uint32_t, kFaultNames.size()> faults{};  // how many of each are still to come
  std::uint64_t turns_between = 0;                         // mean, from one event to the next
  std::chrono::microseconds slowness{20};  // how much time passes at most in one turn
  std::optional<std::chrono::microseconds> commit_interval;
  std::uint64_t stalls_every = 0;  // turns; see SeededDriver::set_stalls()
  std::uint64_t most_stalled = 0;
  /// By RareBranch: one in so many choices takes it; 0: none does. Not drawn by draw(): only some
  /// builds have them, and a seed has one history in all.
  std::array<std::uint32_t, kRareBranchNames.size()> rare_every{};

  [[nodiscard]] static Swarm draw(std::mt19937_64& random);
  void draw_rare_branches(std::uint64_t seed);
  /// One of the faults that are still to come, which from then on is not; none: no more come.
  [[nodiscard]] std::optional<FaultKind> take(std::uint64_t pick);
  /// "kills=3,rescales=0": what is not named stays. kInvalidInput when it is something else.
  [[nodiscard]] Status set_faults(std::string_view list);
  /// All faults in the form that set_faults() reads.
  [[nodiscard]] std::string fault_list() const;
  /// The same for rare_every.
  [[nodiscard]] Status set_rare_branches(std::string_view list);
  [[nodiscard]] std::string rare_list() const;
  [[nodiscard]] bool takes_rare_branches() const;
  [[nodiscard]] std::string describe() const;
};

}  // namespace rheon::sim
