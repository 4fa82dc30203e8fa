// A job with an operator that takes a millisecond a record: how often it commits, and how long it
// takes to stop. Both grow with the records that stand before a barrier (engine/record_cost.h).

#include <fmt/format.h>

#include <thread>

#include "connect/discard/discard.h"
#include "connect/generator/words.h"
#include "jobs.h"
#include "rows.h"

namespace rheon::bench {

namespace {

constexpr std::chrono::milliseconds kOfARecord{1};

void describe(Job& job) {
  const auto slowly = [](std::string_view word) {
    const auto until = std::chrono::steady_clock::now() + kOfARecord;
    std::this_thread::sleep_until(until);
    return word;
  };
  job.from("words", generator::words({.dictionary = 9'000, .seed = 1}))
      .key_by([](std::string_view word) { return word; })
      .map("slow", slowly)
      .aggregate("count", count(), unbounded())
      .to("none", discard::all());
}

}  // namespace

void measure_slow_operator(const Setting& setting) {
  if (!setting.report.wanted("slow_operator_commits_s") &&
      !setting.report.wanted("slow_operator_stop_ms")) {
    return;
  }
  Figure commits;
  Figure stop;
  const std::chrono::seconds counted{setting.quick ? 1 : 3};
  for (std::size_t i = 0; i < (setting.quick ? 2 : 5); ++i) {
    auto job = std::make_unique<RunningJob>(
        setting.env, describe,
        logged(2, setting.directory / ("slow_operator_" + std::to_string(i))));
    std::this_thread::sleep_for(std::chrono::seconds{1});
    const std::uint64_t before = job->worker().stats().epoch.value;
    std::this_thread::sleep_for(counted);
    const std::uint64_t after = job->worker().stats().epoch.value;
    commits.samples.add(static_cast<double>(after - before) / static_cast<double>(counted.count()));
    stop.samples.add(time_here([&] { job.reset(); }).wall * 1e3);
  }
  commits.baseline = stop.baseline = "1 ms a record behind key_by, two shards, synced log";
  setting.report.add("slow_operator_commits_s", std::move(commits));
  setting.report.add("slow_operator_stop_ms", std::move(stop));
}

}  // namespace rheon::bench
