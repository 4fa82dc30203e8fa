// The simulator: jobs on a machine in memory that is killed, loses power, has a disk that fails, is
// full or slow, or changes bits, and a clock that jumps, and is rescaled, all in one thread, all
// decided by a seed.
// `./dev verify T-14 --count N --seed S` runs it.

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <bit>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <string>

#include "base/rare_branch.h"
#include "sim/seed_run.h"

namespace {

struct Options {
  std::uint64_t count = 100;
  std::uint64_t first = 1;
  std::string faults;
  bool rare_branches = false;
  bool verbose = false;
};

struct Totals {
  rheon::sim::SeedReport report;
  std::uint64_t failed = 0;
};

/// What is said when a seed ends the process: a broken assertion, an exception that nobody takes.
std::string& last_words() {
  static std::string words;
  return words;
}

/// Meant for abort(), which calls it at a place where it may do more than other handlers.
void say_last_words(int /*signal*/) {
  std::fputs(last_words().c_str(), stdout);
  std::fflush(stdout);
}

void add(Totals& totals, const rheon::sim::SeedReport& one) {
  totals.report.turns += one.turns;
  totals.report.processes += one.processes;
  totals.report.aborts += one.aborts;
  totals.report.rare += one.rare;
  totals.report.refusals += one.refusals;
  totals.report.epochs += one.epochs;
  totals.report.trace = std::rotl(totals.report.trace, 1) ^ one.trace;
}

void tell_failure(std::uint64_t seed, const rheon::sim::Swarm& swarm, const std::string& what) {
  const bool rare = swarm.rare_every > 0;
  fmt::print("seed {}: {}\n  repeat: ./dev verify T-14{} --count 1 --seed {}\n", seed, what,
             rare ? "-rare" : "", seed);
  const rheon::sim::Swarm least = rheon::sim::shrink(seed, swarm);
  const auto report = rheon::sim::run_seed(seed, least);
  fmt::print("  with fewer faults: rheon_sim --count 1 --seed {} --faults {}{}\n    {}\n", seed,
             least.fault_list(), rare ? " --rare-branches" : "",
             report.has_value() ? "(does not fail)" : report.error().message);
}

void run_one(std::uint64_t seed, const Options& options, Totals& totals) {
  rheon::sim::Swarm swarm = rheon::sim::swarm_of(seed);
  static_cast<void>(swarm.set_faults(options.faults));  // checked when it was read
  if (options.rare_branches) {
    swarm.rare_every = std::uint64_t{2} << (seed % 9);
  }
  last_words() = fmt::format(
      "seed {}: it ended the process, see above\n  repeat: rheon_sim --count 1 --seed {}{}{}{}\n",
      seed, seed, options.faults.empty() ? "" : " --faults ", options.faults,
      options.rare_branches ? " --rare-branches" : "");
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

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Runs jobs on simulated machines and checks every answer against a model.");
  Options options;
  app.add_option("--count", options.count, "how many seeds")->capture_default_str();
  app.add_option("--seed", options.first, "the first seed")->capture_default_str();
  app.add_option("--faults", options.faults,
                 "how many faults of a kind, in place of what the seed has drawn: "
                 "kills=1,rescales=0")
      ->check([](const std::string& list) {
        const rheon::Status set = rheon::sim::Swarm{}.set_faults(list);
        return set.has_value() ? std::string() : set.error().message;
      });
  app.add_flag("--rare-branches", options.rare_branches,
               "take branches that come rarely by themselves: base/rare_branch.h");
  app.add_flag("--verbose", options.verbose, "a line for every seed");
  CLI11_PARSE(app, argc, argv);
  if (options.rare_branches && !RHEON_RARE_BRANCHES) {
    fmt::print(stderr, "a release build has no rare branches: build with --preset asan\n");
    return 2;
  }

  static_cast<void>(std::signal(SIGABRT, say_last_words));
  const auto began = std::chrono::steady_clock::now();
  Totals totals;
  for (std::uint64_t seed = options.first; seed < options.first + options.count; ++seed) {
    run_one(seed, options, totals);
  }
  const double seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  const rheon::sim::SeedReport& sum = totals.report;
  fmt::print(
      "{} turns, {} processes, {} aborts, {} refusals, {} rare branches, {} epochs, {:.1f} ms a "
      "seed\ntrace {:016x}\n",
      sum.turns, sum.processes, sum.aborts, sum.refusals, sum.rare, sum.epochs,
      1000 * seconds / static_cast<double>(options.count), sum.trace);
  fmt::print("{} passed, {} failed\n", options.count - totals.failed, totals.failed);
  return totals.failed == 0 ? 0 : 1;
}
