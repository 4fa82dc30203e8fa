// The simulator: jobs on a machine in memory that is killed, loses power and is rescaled, all in
// one thread, all decided by a seed. `./dev verify T-14 --count N --seed S` runs it.

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdint>
#include <cstdio>

#include "sim/seed_run.h"

int main(int argc, char** argv) {
  CLI::App app("Runs jobs on simulated machines and checks every answer against a model.");
  std::uint64_t count = 100;
  std::uint64_t first = 1;
  bool verbose = false;
  app.add_option("--count", count, "how many seeds")->capture_default_str();
  app.add_option("--seed", first, "the first seed")->capture_default_str();
  app.add_flag("--verbose", verbose, "a line for every seed");
  CLI11_PARSE(app, argc, argv);

  const auto began = std::chrono::steady_clock::now();
  std::uint64_t failed = 0;
  std::uint64_t turns = 0;
  std::uint64_t processes = 0;
  std::uint64_t epochs = 0;
  for (std::uint64_t seed = first; seed < first + count; ++seed) {
    const rheon::Result<rheon::sim::SeedReport> report = rheon::sim::run_seed(seed);
    if (!report.has_value()) {
      ++failed;
      std::printf("seed %llu: %s\n  repeat: ./dev verify T-14 --count 1 --seed %llu\n",
                  static_cast<unsigned long long>(seed), report.error().message.c_str(),
                  static_cast<unsigned long long>(seed));
      continue;
    }
    turns += report->turns;
    processes += report->processes;
    epochs += report->epochs;
    if (verbose) {
      std::printf("seed %llu: %llu turns, %llu processes, %llu epochs\n",
                  static_cast<unsigned long long>(seed),
                  static_cast<unsigned long long>(report->turns),
                  static_cast<unsigned long long>(report->processes),
                  static_cast<unsigned long long>(report->epochs));
    }
  }
  const double seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  std::printf(
      "%llu passed, %llu failed (%.1f ms a seed; %llu turns, %llu processes, %llu epochs)\n",
      static_cast<unsigned long long>(count - failed), static_cast<unsigned long long>(failed),
      1000 * seconds / static_cast<double>(count), static_cast<unsigned long long>(turns),
      static_cast<unsigned long long>(processes), static_cast<unsigned long long>(epochs));
  return failed == 0 ? 0 : 1;
}
