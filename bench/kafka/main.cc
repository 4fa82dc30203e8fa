// bench_kafka: how fast topics are read, counted and written, beside loops written by hand, on a
// real broker of this machine. docs/performance.md says what each row means.

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <fstream>

#include "../support/running_job.h"
#include "engine/thread_driver.h"
#include "env/posix.h"
#include "job.h"
#include "rows.h"

namespace rheon::bench {

namespace {

std::vector<Row> rows() {
  return {
      {"consumer_vs_h2", "x", true, 0.6, 0.9},
      {"consumer_vs_h1", "x", true, 5, 12},
      {"consumer_lz4_vs_h2", "x", true, {}, {}},
      {"consumer_zstd_vs_h2", "x", true, {}, {}},
      {"csv_vs_h2", "x", true, 0.35, 0.60},
      {"producer_vs_bare", "x", true, 0.6, 0.9},
      {"exactly_once_vs_bare", "x", true, 0.4, 0.7},
      {"exactly_once_vs_at_least_once", "x", true, 0.90, 0.95},
      {"cpu_s_per_million", "s", false, 0.30, 0.20},
      {"latency_p50_ms", "ms", false, {}, {}},
      {"latency_p99_ms", "ms", false, 120, 60},
      {"latency_p999_ms", "ms", false, {}, {}},
      {"latency_10ms_p50_ms", "ms", false, {}, {}},
      {"latency_10ms_p99_ms", "ms", false, {}, {}},
      {"latency_10ms_p999_ms", "ms", false, {}, {}},
      {"kill_to_output_ms", "ms", false, 1000, 250},
  };
}

/// The job in a process of its own, until it is killed.
int run_job(const std::string& name, const std::string& in, const std::string& out,
            const std::string& data) {
  const auto environment = env::make_posix_env();
  engine::Worker worker(*environment,
                        plan_of(name, [&](Job& job) { count_from_topic(job, in, out); }),
                        logged(1, data));
  must(worker.open());
  must(engine::drive(*environment, worker, std::chrono::seconds{1}, [] {}));
  return 0;
}

int run(int argc, char** argv) {
  if (argc == 6 && std::string(argv[1]) == "job") {
    return run_job(argv[2], argv[3], argv[4], argv[5]);
  }
  CLI::App app(
      "How fast topics of Kafka are read, counted and written, beside loops written by hand. Needs "
      "a broker on this machine: `./dev kafka up`.");
  std::string json;
  bool quick = false;
  std::uint16_t port = 19092;
  std::size_t records = 0;
  std::uint32_t shards = 2;
  std::vector<std::string> only;
  app.add_option("--json", json, "also write the rows to this file");
  app.add_flag("--quick", quick, "fewer and shorter runs");
  app.add_option("--port", port, "of the broker")->capture_default_str();
  app.add_option("--records", records, "in the topic that is read; default: 20 M, quick: 5 M");
  app.add_option("--shards", shards, "of the jobs that count")->capture_default_str();
  app.add_option("--only", only, "measure only these rows")->delimiter(',');
  CLI11_PARSE(app, argc, argv);

  const std::filesystem::path here = std::filesystem::read_symlink("/proc/self/exe").parent_path();
  const std::filesystem::path scratch = here / "bench_kafka.tmp";
  std::filesystem::remove_all(scratch);
  std::filesystem::create_directories(scratch);
  const auto environment = env::make_posix_env();
  Topics topics(*environment, port);
  Report report(rows());
  report.only(only);
  Setting setting{*environment, report, topics, quick, records, shards, scratch};
  if (records == 0) {
    setting.records = quick ? 5'000'000 : 20'000'000;
  }
  report.print_head(RHEON_BUILD_INFO);
  measure_consumer(setting);
  measure_counting(setting);
  measure_producer(setting);
  measure_latency(setting);
  const bool good = report.print_end();
  std::filesystem::remove_all(scratch);
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
