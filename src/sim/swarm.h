#pragma once

// Which faults a seed has, and how often: drawn first, so that some seeds know only one kind.

#include <chrono>
#include <cstdint>
#include <optional>
#include <random>
#include <string>

#include "engine/shard_context.h"

namespace rheon::sim {

struct Swarm {
  std::uint32_t shards = 1;
  std::size_t ring_capacity_batches = 1;
  engine::StepBudgets budgets;
  std::uint32_t kills = 0;         // the process dies between two steps
  std::uint32_t power_cuts = 0;    // the machine loses what was not synced
  std::uint32_t disk_crashes = 0;  // ... or dies in the middle of an operation of the disk
  std::uint32_t rescales = 0;
  std::uint64_t turns_between = 0;         // mean, from one event to the next
  std::chrono::microseconds slowness{20};  // how much time passes at most in one turn
  std::optional<std::chrono::microseconds> commit_interval;

  [[nodiscard]] static Swarm draw(std::mt19937_64& random);
  [[nodiscard]] std::string describe() const;
};

}  // namespace rheon::sim
