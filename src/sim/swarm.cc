#include "sim/swarm.h"

namespace rheon::sim {

Swarm Swarm::draw(std::mt19937_64& random) {
  const auto some = [&random](std::uint32_t most) {
    return random() % 2 == 0 ? 0 : static_cast<std::uint32_t>(random() % (most + 1));
  };
  Swarm swarm;
  swarm.shards = static_cast<std::uint32_t>(1 + random() % 5);
  swarm.ring_capacity_batches = 1 + random() % 4;
  if (random() % 2 == 0) {
    swarm.budgets = {1 + random() % 200, 1 + random() % 4};
  }
  swarm.kills = some(8);
  swarm.power_cuts = some(8);
  swarm.disk_crashes = some(8);
  swarm.rescales = some(8);
  swarm.turns_between = std::uint64_t{10} << (random() % 9);
  swarm.slowness = std::chrono::microseconds{20 << (random() % 8)};
  if (random() % 2 == 0) {
    swarm.commit_interval = std::chrono::microseconds{100 << (random() % 8)};
  }
  return swarm;
}

std::string Swarm::describe() const {
  return std::to_string(shards) + " shards, rings of " + std::to_string(ring_capacity_batches) +
         ", " + std::to_string(kills) + " kills, " + std::to_string(power_cuts) + " power cuts, " +
         std::to_string(disk_crashes) + " crashes of the disk, " + std::to_string(rescales) +
         " rescales, one event every " + std::to_string(turns_between) + " turns";
}

}  // namespace rheon::sim
