#include "sim/swarm.h"

#include <algorithm>
#include <charconv>
#include <numeric>

namespace rheon::sim {

namespace {

template <std::size_t N>
using Names = std::array<std::string_view, N>;
template <std::size_t N>
using Numbers = std::array<std::uint32_t, N>;

template <std::size_t N>
std::string show_list(const Names<N>& names, const Numbers<N>& numbers) {
  std::string list;
  for (std::size_t i = 0; i < N; ++i) {
    list += (i == 0 ? "" : ",") + std::string(names[i]) + "=" + std::to_string(numbers[i]);
  }
  return list;
}

/// "name=number,name=number": the numbers of others stay.
template <std::size_t N>
Status read_list(std::string_view list, const Names<N>& names, Numbers<N>& out_numbers,
                 std::string_view what) {
  while (!list.empty()) {
    const std::string_view one = list.substr(0, list.find(','));
    list.remove_prefix(std::min(one.size() + 1, list.size()));
    const std::size_t equals = std::min(one.find('='), one.size());
    const auto* const name = std::find(names.begin(), names.end(), one.substr(0, equals));
    std::uint32_t number = 0;
    const char* const end = one.data() + one.size();
    const auto read = std::from_chars(std::min(one.data() + equals + 1, end), end, number);
    if (name == names.end() || read.ec != std::errc{} || read.ptr != end) {
      return fail(ErrorCode::kInvalidInput, "'" + std::string(one) + "' is not " +
                                                std::string(what) + ", as in " +
                                                show_list(names, Numbers<N>{}));
    }
    out_numbers[static_cast<std::size_t>(name - names.begin())] = number;
  }
  return {};
}

}  // namespace

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

void Swarm::draw_rare_branches(std::uint64_t seed) {
  std::mt19937_64 random(~seed);
  for (std::uint32_t& every : rare_every) {
    every = random() % 2 == 0 ? 0 : 2u << (random() % 9);
  }
}

Status Swarm::set_faults(std::string_view list) {
  return read_list(list, kFaultNames, faults, "a fault and how often it comes");
}

std::string Swarm::fault_list() const { return show_list(kFaultNames, faults); }

Status Swarm::set_rare_branches(std::string_view list) {
  return read_list(list, kRareBranchNames, rare_every,
                   "a rare branch and in how many choices it is taken once");
}

std::string Swarm::rare_list() const { return show_list(kRareBranchNames, rare_every); }

bool Swarm::takes_rare_branches() const {
  return std::any_of(rare_every.begin(), rare_every.end(),
                     [](std::uint32_t every) { return every > 0; });
}

std::string Swarm::describe() const {
  return std::to_string(shards) + " shards, rings of " + std::to_string(ring_capacity_batches) +
         ", " + fault_list() + (takes_rare_branches() ? ", rare: " + rare_list() : "") +
         ", one event every " + std::to_string(turns_between) + " turns, " +
         (stalls_every == 0 ? "no stalls"
                            : "a stall of up to " + std::to_string(most_stalled) + " every " +
                                  std::to_string(stalls_every));
}

}  // namespace rheon::sim
