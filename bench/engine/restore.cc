// State on its way into snapshots and back: 10 M small entries (a key of 12 bytes and a count), and
// 1 GB of entries with a key of 12 bytes and 100 bytes of text. Through the real log, synced; what
// is read back comes from the system's page cache, as after a crash of the process.

#include <fmt/format.h>

#include <filesystem>

#include "jobs.h"
#include "keyed_tables.h"
#include "rows.h"

namespace rheon::bench {

namespace {

constexpr std::uint64_t kBytesPerCommit = 64 << 20;

/// Keeps the last record of a key.
struct Last {
  template <class T>
  using Accumulator = std::string;
  template <class T>
  void add(std::string& last, const T& value) const {
    last = value;
  }
  [[nodiscard]] std::uint64_t result(const std::string& last) const { return last.size(); }
};

struct Outcome {
  Samples snapshot;   // seconds
  Samples restore;    // seconds
  double bytes = 0;   // of the state, encoded
  double sliced = 0;  // of these, in slices; the rest is still in deltas
};

/// Fills tables, writes their snapshot, and opens a worker on it a few times.
Outcome there_and_back(const Setting& setting, const std::function<void(Job&)>& describe,
                       const std::string& directory, std::size_t keys,
                       const std::function<void(void*, std::size_t)>& write) {
  Outcome outcome;
  {
    const Words words = all_keys(keys);
    KeyedTables tables(setting.env, describe, directory);
    tables.put(words.views, write);
    outcome.bytes = static_cast<double>(tables.commit(kBytesPerCommit));
    const Stint stint =
        time_here([&] { outcome.sliced = static_cast<double>(tables.snapshot(kBytesPerCommit)); });
    outcome.snapshot.add(stint.wall);
  }
  for (int i = 0; i < (setting.quick ? 1 : 3); ++i) {
    engine::WorkerOptions options = logged(2, directory);
    engine::Worker worker(setting.env, plan_of("bench", describe), options);
    outcome.restore.add(time_here([&] { must(worker.open()); }).wall);
  }
  std::filesystem::remove_all(directory);
  return outcome;
}

Figure per_second(const Samples& seconds, double amount, std::string baseline) {
  Figure figure;
  for (const double value : seconds.values) {
    figure.samples.add(amount / value);
  }
  figure.baseline = std::move(baseline);
  return figure;
}

std::string sliced(const Outcome& outcome) {
  return fmt::format(", {:.0f} % of it, synced", 100 * outcome.sliced / outcome.bytes);
}

}  // namespace

void measure_restore(const Setting& setting) {
  Report& report = setting.report;
  const auto gate = std::make_shared<Gate>(1);
  if (report.wanted("snapshot_keys_s") || report.wanted("restore_keys_s")) {
    const std::size_t keys = setting.quick ? 3'000'000 : 10'000'000;
    const Outcome counts = there_and_back(
        setting, [&](Job& job) { count_to_csv(job, gate, 1); }, setting.directory / "counts", keys,
        [](void* value, std::size_t i) { *static_cast<std::uint64_t*>(value) = i % 1000; });
    const std::string what = fmt::format("{} M keys of 12 bytes with counts, {:.0f} MB",
                                         keys / 1'000'000, counts.bytes / 1e6);
    report.add("snapshot_keys_s",
               per_second(counts.snapshot, static_cast<double>(keys) * counts.sliced / counts.bytes,
                          what + sliced(counts)));
    report.add("restore_keys_s",
               per_second(counts.restore, static_cast<double>(keys), what + ", two threads"));
  }
  if (report.wanted("snapshot_mb_s") || report.wanted("restore_mb_s") ||
      report.wanted("restore_1gb_s")) {
    constexpr std::size_t kTextBytes = 100;
    const std::size_t keys = setting.quick ? 1'700'000 : 8'550'000;
    const Outcome texts = there_and_back(
        setting,
        [&](Job& job) {
          job.from("words", gate_source(gate, 1))
              .key_by([](std::string_view word) { return word; })
              .aggregate("last", Last{}, unbounded())
              .to("csv", GateSink<CsvInMemory>(gate));
        },
        setting.directory / "texts", keys,
        [](void* value, std::size_t i) {
          static_cast<std::string*>(value)->assign(kTextBytes, static_cast<char>('a' + i % 26));
        });
    const std::string what = fmt::format("{:.2f} GB: {:.1f} M keys of 12 bytes with texts of 100",
                                         texts.bytes / 1e9, static_cast<double>(keys) / 1e6);
    report.add("snapshot_mb_s",
               per_second(texts.snapshot, texts.sliced / 1e6, what + sliced(texts)));
    report.add("restore_mb_s",
               per_second(texts.restore, texts.bytes / 1e6, what + ", two threads"));
    Figure gigabyte;
    for (const double seconds : texts.restore.values) {
      gigabyte.samples.add(seconds * 1e9 / texts.bytes);
    }
    gigabyte.baseline = what + ", two threads";
    report.add("restore_1gb_s", std::move(gigabyte));
  }
}

}  // namespace rheon::bench
