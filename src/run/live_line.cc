#include "run/live_line.h"

#include <fmt/format.h>

#include "run/figures.h"

namespace rheon::run {

namespace {
constexpr std::chrono::seconds kRateWindow{2};
constexpr double kMuchForCommits = 0.05;  // of the shards' time; worth a word
}  // namespace

void Rate::add(env::Monotonic now, std::uint64_t total) {
  samples_.push_back({now, total});
  while (samples_.size() > 2 && samples_[1].at <= now - kRateWindow) {
    samples_.pop_front();
  }
}

double Rate::per_second() const {
  if (samples_.size() < 2) {
    return 0;
  }
  const std::chrono::duration<double> time = samples_.back().at - samples_.front().at;
  const auto records = static_cast<double>(samples_.back().total - samples_.front().total);
  return time.count() > 0 ? records / time.count() : 0;
}

std::string live_line(const Figures& figures) {
  const engine::WorkerStats& stats = figures.stats;
  std::string line = fmt::format("{}  {}/s  in {}  out {}  epoch {} ({})", figures.job,
                                 in_thousands(figures.records_per_second),
                                 with_commas(stats.records_in), with_commas(stats.records_out),
                                 with_commas(stats.epoch.value), as_time(stats.commit_micros));
  if (stats.state_keys > 0) {
    line += fmt::format("  state {} / {} keys", as_size(stats.state_bytes),
                        with_commas(stats.state_keys));
  }
  line += fmt::format("  rss {}  shards {}", as_size(figures.resident_bytes), stats.shards);
  if (figures.quarantined > 0) {
    line += fmt::format("  quarantined {}", with_commas(figures.quarantined));
  }
  if (stats.commit_share > kMuchForCommits) {
    line += fmt::format("  COMMITS TAKE {:.0f} %", 100 * stats.commit_share);
  }
  if (!stats.waiting.empty()) {
    line += "  WAITS";
  }
  return line;
}

std::string summary(const Figures& figures, std::chrono::microseconds elapsed) {
  const engine::WorkerStats& stats = figures.stats;
  const double seconds = static_cast<double>(elapsed.count()) / 1e6;
  const double rate = seconds > 0 ? static_cast<double>(stats.records_out) / seconds : 0;
  return fmt::format(
      "{}: {} records in, {} out in {} ({}/s out); {} committed, epoch {}; state {} / {} "
      "keys; rss {}",
      figures.job, with_commas(stats.records_in), with_commas(stats.records_out),
      as_time(static_cast<std::uint64_t>(elapsed.count())), in_thousands(rate),
      stats.drain_given_up ? "all before the drain" : "all of it", with_commas(stats.epoch.value),
      as_size(stats.state_bytes), with_commas(stats.state_keys), as_size(figures.resident_bytes));
}

}  // namespace rheon::run
