// The simulator: jobs on a machine in memory that is killed, loses power, has a disk that fails, is
// full or slow, or changes bits, and a clock that jumps, and is rescaled, all in one thread, all
// decided by a seed.
// `./dev verify T-14 --count N --seed S` runs it.

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <bit>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <string>

#include "base/rare_branch.h"
#include "base/sanitizers.h"
#include "sim/seed_run.h"

#if RHEON_SANITIZER
#include <sanitizer/common_interface_defs.h>
#endif

namespace {

using rheon::sim::SeedReport;
using rheon::sim::Swarm;

/// With so many seeds each kind of fault comes, and each rare branch is taken.
constexpr std::uint64_t kManySeeds = 100;

struct Options {
  std::uint64_t count = 100;
  std::uint64_t first = 1;
  std::string faults;
  bool rare_branches = false;
  std::string rare;
  bool verbose = false;
};

struct Totals {
  SeedReport report;
  std::uint64_t failed = 0;
};

/// What is said when a seed ends the process: a broken assertion, an exception that nobody takes,
/// what a sanitizer has found.
std::string& last_words() {
  static std::string words;
  return words;
}

/// Meant for abort(), which calls it at a place where it may do more than other handlers.
void say_last_words(int /*signal*/) {
  std::fputs(last_words().c_str(), stdout);
  std::fflush(stdout);
}

template <std::size_t N>
void add(std::array<std::uint64_t, N>& sums, const std::array<std::uint64_t, N>& some) {
  std::transform(sums.begin(), sums.end(), some.begin(), sums.begin(), std::plus<>());
}

void add(Totals& totals, const SeedReport& one) {
  SeedReport& sum = totals.report;
  sum.turns += one.turns;
  sum.processes += one.processes;
  sum.aborts += one.aborts;
  add(sum.faults, one.faults);
  add(sum.rare, one.rare);
  sum.refusals += one.refusals;
  sum.epochs += one.epochs;
  sum.trace = std::rotl(sum.trace, 1) ^ one.trace;
}

/// The options that give this seed the history of this swarm.
std::string options_of(std::uint64_t seed, const Swarm& swarm) {
  return fmt::format("--count 1 --seed {} --faults {}{}{}", seed, swarm.fault_list(),
                     swarm.takes_rare_branches() ? " --rare " : "",
                     swarm.takes_rare_branches() ? swarm.rare_list() : "");
}

void tell_failure(std::uint64_t seed, const Swarm& swarm, const std::string& what) {
  fmt::print("seed {}: {}\n  repeat: rheon_sim {}\n", seed, what, options_of(seed, swarm));
  const Swarm least = rheon::sim::shrink(seed, swarm);
  const auto report = rheon::sim::run_seed(seed, least);
  fmt::print("  with fewer faults: rheon_sim {}\n    {}\n", options_of(seed, least),
             report.has_value() ? "(does not fail)" : report.error().message);
}

Swarm swarm_of(std::uint64_t seed, const Options& options) {
  Swarm swarm = rheon::sim::swarm_of(seed);
  if (options.rare_branches) {
    swarm.draw_rare_branches(seed);
  }
  static_cast<void>(swarm.set_faults(options.faults));  // both checked when they were read
  static_cast<void>(swarm.set_rare_branches(options.rare));
  return swarm;
}

void run_one(std::uint64_t seed, const Options& options, Totals& totals) {
  const Swarm swarm = swarm_of(seed, options);
  last_words() = fmt::format("seed {}: it ended the process, see above\n  repeat: rheon_sim {}\n",
                             seed, options_of(seed, swarm));
  const auto report = rheon::sim::run_seed(seed, swarm);
  if (!report.has_value()) {
    ++totals.failed;
    tell_failure(seed, swarm, report.error().message);
    return;
  }
  add(totals, *report);
  if (options.verbose) {
    fmt::print("seed {}: {} turns, {} processes, {} aborts, {} epochs, trace {:016x}\n", seed,
               report->turns, report->processes, report->aborts, report->epochs, report->trace);
  }
}

/// A swarm that does not do what it says tests nothing, and nobody would see it.
std::string what_never_came(const Options& options, const SeedReport& sum) {
  if (options.count < kManySeeds || !options.faults.empty() || !options.rare.empty()) {
    return {};
  }
  std::string never;
  const auto look = [&never](const auto& names, const auto& counts) {
    for (std::size_t i = 0; i < names.size(); ++i) {
      never += counts[i] == 0 ? (never.empty() ? "" : ", ") + std::string(names[i]) : "";
    }
  };
  look(rheon::sim::kFaultNames, sum.faults);
  if (options.rare_branches) {
    look(rheon::kRareBranchNames, sum.rare);
  }
  if (sum.refusals == 0) {
    never += (never.empty() ? "" : ", ") + std::string("a refusal of a log with rot");
  }
  return never;
}

void tell_totals(const Options& options, const SeedReport& sum, double seconds) {
  fmt::print("{} turns, {} processes, {} aborts, {} epochs, {:.1f} ms a seed\n", sum.turns,
             sum.processes, sum.aborts, sum.epochs,
             1000 * seconds / static_cast<double>(options.count));
  const auto list = [](const auto& names, const auto& counts) {
    for (std::size_t i = 0; i < names.size(); ++i) {
      fmt::print("{}{} {}", i == 0 ? "" : ", ", counts[i], names[i]);
    }
    fmt::print("\n");
  };
  list(rheon::sim::kFaultNames, sum.faults);
  fmt::print("{} starts refused because of rot\n", sum.refusals);
  if (options.rare_branches || !options.rare.empty()) {
    fmt::print("taken early: ");
    list(rheon::kRareBranchNames, sum.rare);
  }
  fmt::print("trace {:016x}\n", sum.trace);
}

template <class Set>
CLI::Validator checked(Set set) {
  return CLI::Validator(
      [set](const std::string& list) {
        Swarm any;
        const rheon::Status status = (any.*set)(list);
        return status.has_value() ? std::string() : status.error().message;
      },
      "");
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Runs jobs on simulated machines and checks every answer against a model.");
  Options options;
  app.add_option("--count", options.count, "how many seeds")->capture_default_str();
  app.add_option("--seed", options.first, "the first seed")->capture_default_str();
  app.add_option("--faults", options.faults,
                 "how many faults of a kind, in place of what the seed has drawn: "
                 "kills=1,rescales=0")
      ->check(checked(&Swarm::set_faults));
  app.add_flag("--rare-branches", options.rare_branches,
               "take branches that come rarely by themselves: base/rare_branch.h");
  app.add_option("--rare", options.rare, "which, and one in how many choices: batch=2,file=16")
      ->check(checked(&Swarm::set_rare_branches));
  app.add_flag("--verbose", options.verbose, "a line for every seed");
  CLI11_PARSE(app, argc, argv);
  if ((options.rare_branches || !options.rare.empty()) && !RHEON_RARE_BRANCHES) {
    fmt::print(stderr, "a release build has no rare branches: build with --preset asan\n");
    return 2;
  }

  static_cast<void>(std::signal(SIGABRT, say_last_words));
#if RHEON_SANITIZER
  __sanitizer_set_death_callback([] { say_last_words(0); });
#endif
  const auto began = std::chrono::steady_clock::now();
  Totals totals;
  for (std::uint64_t seed = options.first; seed < options.first + options.count; ++seed) {
    run_one(seed, options, totals);
  }
  tell_totals(options, totals.report,
              std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count());
  const std::string never = what_never_came(options, totals.report);
  if (!never.empty()) {
    fmt::print("{} seeds, and never came: {}\n", options.count, never);
    ++totals.failed;
  }
  fmt::print("{} passed, {} failed\n", options.count - std::min(totals.failed, options.count),
             totals.failed);
  return totals.failed == 0 ? 0 : 1;
}
