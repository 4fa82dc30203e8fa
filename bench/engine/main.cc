// bench_engine: how fast the engine is, in itself and against a loop written by hand.
// docs/performance.md says what each row means and how it is measured.

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "env/posix.h"
#include "rows.h"

namespace rheon::bench {

namespace {

std::vector<Row> rows() {
  return {
      {"typed_chain_vs_h0", "x", true, 0.45, 0.65},
      {"two_shards_vs_one", "x", true, 1.6, 1.85},
      {"epochs_on_vs_off", "x", true, 0.95, 0.98},
      {"commit_9k_ms", "ms", false, 5, 1},
      {"pass_through_ns", "ns", false, 4, 1},
      {"exchange_hop_ns", "ns", false, 30, 12},
      {"keys_10m_vs_h0", "x", true, 0.70, 0.90},
      {"bytes_per_key", "B", false, 64, 40},
      {"snapshot_mb_s", "MB/s", true, {}, {}},
      {"snapshot_keys_s", "1/s", true, {}, {}},
      {"restore_mb_s", "MB/s", true, {}, {}},
      {"restore_keys_s", "1/s", true, {}, {}},
      {"restore_1gb_s", "s", false, 3, 1},
      {"kill_to_output_ms", "ms", false, 1000, 250},
      {"rescale_pause_ms", "ms", false, 500, 50},
      {"start_to_output_ms", "ms", false, 1000, 200},
      {"idle_rss_mb", "MB", false, 60, 25},
      {"idle_cpu_pct", "%", false, 1, 0.2},
      {"slow_operator_commits_s", "1/s", true, 2, 10},
      {"slow_operator_stop_ms", "ms", false, 1000, 250},
  };
}

/// Removed with all that is in it.
class ScratchDirectory {
 public:
  explicit ScratchDirectory(std::filesystem::path path) : path_(std::move(path)) {
    std::filesystem::remove_all(path_);
    std::filesystem::create_directories(path_);
  }
  ~ScratchDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  ScratchDirectory(const ScratchDirectory&) = delete;
  ScratchDirectory& operator=(const ScratchDirectory&) = delete;
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

std::filesystem::path programs_directory() {
  if (const char* given = std::getenv("RHEON_BIN_DIR"); given != nullptr) {
    return given;
  }
  return std::filesystem::read_symlink("/proc/self/exe").parent_path();
}

int run(int argc, char** argv) {
  CLI::App app("How fast the engine is, in itself and against a loop written by hand.");
  std::string json;
  std::string directory;
  bool quick = false;
  std::vector<std::string> only;
  app.add_option("--json", json, "also write the rows to this file");
  app.add_option("--directory", directory,
                 "where logs are written; default: beside this program, so on its disk");
  app.add_flag("--quick", quick, "fewer and shorter runs, under a minute");
  app.add_option("--only", only, "measure only these rows")->delimiter(',');
  CLI11_PARSE(app, argc, argv);

  const std::filesystem::path here = std::filesystem::read_symlink("/proc/self/exe").parent_path();
  const ScratchDirectory scratch(directory.empty()
                                     ? here / "bench_engine.tmp"
                                     : std::filesystem::path(directory) / "bench_engine.tmp");
  const auto environment = env::make_posix_env();
  Report report(rows());
  report.only(only);
  const Setting setting{*environment, report, quick, scratch.path(), programs_directory()};
  report.print_head(RHEON_BUILD_INFO);
  measure_throughput(setting);
  measure_commit(setting);
  measure_steps(setting);
  measure_many_keys(setting);
  measure_restore(setting);
  measure_rescale(setting);
  measure_program(setting);
  measure_slow_operator(setting);
  const bool good = report.print_end();
  if (!json.empty()) {
    std::ofstream(json) << report.json();
  }
  return good ? 0 : 1;
}

}  // namespace

}  // namespace rheon::bench

int main(int argc, char** argv) {
  try {
    return rheon::bench::run(argc, argv);
  } catch (const std::exception& error) {
    fmt::print(stderr, "bench: {}\n", error.what());
    return 2;
  }
}
