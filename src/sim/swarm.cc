#include "sim/swarm.h"

#include <algorithm>
#include <charconv>
#include <numeric>

namespace rheon::sim {

Swarm Swarm::draw(std::mt19937_64& random) {
  Swarm swarm;
  swarm.shards = static_cast<std::uint32_t>(1 + random() % 5);
  swarm.ring_capacity_batches = 1 + random() % 4;
  if (random() % 2 == 0) {
    swarm.budgets = {1 + random() % 200, 1 + random() % 4};
  }
  for (std::uint32_t& count : swarm.faults) {
    count = random() % 2 == 0 ? 0 : static_cast<std::uint32_t>(random() % 9);
  }
  swarm.turns_between = std::uint64_t{10} << (random() % 9);
  swarm.slowness = std::chrono::microseconds{20 << (random() % 8)};
  if (random() % 2 == 0) {
    swarm.commit_interval = std::chrono::microseconds{100 << (random() % 8)};
  }
  if (random() % 2 == 0) {
    swarm.stalls_every = std::uint64_t{20} << (random() % 8);
    swarm.most_stalled = std::uint64_t{4} << (random() % 8);
  }
  return swarm;
}

std::optional<FaultKind> Swarm::take(std::uint64_t pick) {
  const std::uint32_t left = std::accumulate(faults.begin(), faults.end(), 0u);
  if (left == 0) {
    return std::nullopt;
  }
  pick %= left;
  std::size_t kind = 0;
  for (; pick >= faults[kind]; ++kind) {
    pick -= faults[kind];
  }
  --faults[kind];
  return static_cast<FaultKind>(kind);
}

Status Swarm::set_faults(std::string_view list) {
  while (!list.empty()) {
    const std::string_view one = list.substr(0, list.find(','));
    list.remove_prefix(std::min(one.size() + 1, list.size()));
    const std::size_t equals = std::min(one.find('='), one.size());
    const auto* const name =
        std::find(kFaultNames.begin(), kFaultNames.end(), one.substr(0, equals));
    std::uint32_t count = 0;
    const char* const end = one.data() + one.size();
    const auto number = std::from_chars(std::min(one.data() + equals + 1, end), end, count);
    if (name == kFaultNames.end() || number.ec != std::errc{} || number.ptr != end) {
      return fail(ErrorCode::kInvalidInput, "'" + std::string(one) +
                                                "' is not a fault and how "
                                                "often it comes, as in " +
                                                Swarm{}.fault_list());
    }
    faults[static_cast<std::size_t>(name - kFaultNames.begin())] = count;
  }
  return {};
}

std::string Swarm::fault_list() const {
  std::string list;
  for (std::size_t kind = 0; kind < faults.size(); ++kind) {
    list += (kind == 0 ? "" : ",") + std::string(kFaultNames[kind]) + "=" +
            std::to_string(faults[kind]);
  }
  return list;
}

std::string Swarm::describe() const {
  return std::to_string(shards) + " shards, rings of " + std::to_string(ring_capacity_batches) +
         ", " + fault_list() + ", one event every " + std::to_string(turns_between) + " turns, " +
         (stalls_every == 0 ? "no stalls"
                            : "a stall of up to " + std::to_string(most_stalled) + " every " +
                                  std::to_string(stalls_every));
}

}  // namespace rheon::sim
