#pragma once

// The parts of bench_engine. Each function measures some rows and adds them to the report.

#include <filesystem>
#include <string>

#include "../support/report.h"
#include "env/env.h"

namespace rheon::bench {

/// What every part needs.
struct Setting {
  env::Env& env;
  Report& report;
  bool quick = false;
  std::filesystem::path directory;  // an empty one of our own, on a disk
  std::filesystem::path programs;   // where wordcount is

  [[nodiscard]] std::size_t pairs() const { return quick ? 5 : 11; }
  [[nodiscard]] std::size_t records(std::size_t millions) const {
    return (quick ? millions : 2 * millions) * 1'000'000;
  }
};

/// typed_chain_vs_h0, two_shards_vs_one, epochs_on_vs_off
void measure_throughput(const Setting& setting);
/// pass_through_ns, exchange_hop_ns
void measure_steps(const Setting& setting);
/// keys_10m_vs_h0, bytes_per_key
void measure_many_keys(const Setting& setting);
/// commit_9k_ms
void measure_commit(const Setting& setting);
/// snapshot_*, restore_*
void measure_restore(const Setting& setting);
/// rescale_pause_ms
void measure_rescale(const Setting& setting);
/// slow_operator_commits_s, slow_operator_stop_ms
void measure_slow_operator(const Setting& setting);
/// kill_to_output_ms, start_to_output_ms, idle_rss_mb, idle_cpu_pct
void measure_program(const Setting& setting);

}  // namespace rheon::bench
