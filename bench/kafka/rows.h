#pragma once

// The parts of bench_kafka. Each function measures some rows and adds them to the report.

#include <cstdint>
#include <filesystem>
#include <string>

#include "../support/report.h"
#include "env/env.h"
#include "topics.h"

namespace rheon::bench {

/// What every part needs.
struct Setting {
  env::Env& env;
  Report& report;
  Topics& topics;
  bool quick = false;
  std::size_t records = 20'000'000;
  std::uint32_t shards = 2;
  std::filesystem::path directory;  // an empty one of our own, on a disk

  [[nodiscard]] std::size_t pairs() const { return quick ? 3 : 5; }
};

/// consumer_vs_h2, consumer_vs_h1, consumer_lz4_vs_h2, consumer_zstd_vs_h2
void measure_consumer(const Setting& setting);
/// producer_vs_bare
void measure_producer(const Setting& setting);
/// csv_vs_h2, exactly_once_vs_bare, exactly_once_vs_at_least_once, cpu_s_per_million
void measure_counting(const Setting& setting);
/// latency_*, kill_to_output_ms
void measure_latency(const Setting& setting);

}  // namespace rheon::bench
