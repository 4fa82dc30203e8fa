// The program wordcount from outside, as its users have it: the time to its first output, after
// kill -9 too, and what it needs when there is nothing to do.

#include <fmt/format.h>

#include <atomic>
#include <fstream>
#include <thread>

#include "../support/child.h"
#include "../support/measure.h"
#include "../support/words.h"
#include "rows.h"

namespace rheon::bench {

namespace {

namespace fs = std::filesystem;

const std::vector<std::string> kRows = {"kill_to_output_ms", "start_to_output_ms", "idle_rss_mb",
                                        "idle_cpu_pct"};
constexpr double kPatienceSeconds = 10;

void pause_for(std::chrono::microseconds time) { std::this_thread::sleep_for(time); }

/// A text file that grows by 200,000 words a second while `on`.
class Feeder {
 public:
  explicit Feeder(const fs::path& path) : file_(path), words_(draw_words(1'000'000, 6)) {
    write(100'000);
    thread_ = std::thread([this] {
      while (!stop_) {
        if (on) {
          write(1'000);
        }
        pause_for(std::chrono::milliseconds{5});
      }
    });
  }
  ~Feeder() {
    stop_ = true;
    thread_.join();
  }
  Feeder(const Feeder&) = delete;
  Feeder& operator=(const Feeder&) = delete;

  std::atomic<bool> on{false};

 private:
  void write(std::size_t words) {
    for (std::size_t i = 0; i < words; ++i, at_ = (at_ + 1) % words_.size()) {
      file_ << words_.views[at_] << (i % 10 == 9 ? '\n' : ' ');
    }
    file_.flush();
  }

  std::ofstream file_;
  Words words_;
  std::size_t at_ = 0;
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

class WordCount {
 public:
  WordCount(const Setting& setting, const fs::path& directory)
      : program_(setting.programs / "wordcount"), directory_(directory) {
    fs::create_directories(directory_);
  }
  [[nodiscard]] fs::path input() const { return directory_ / "input.txt"; }
  [[nodiscard]] fs::path output() const { return directory_ / "out"; }
  [[nodiscard]] std::unique_ptr<Child> start() const {
    return std::make_unique<Child>(
        program_,
        std::vector<std::string>{"run", "--input", input().string(), "--output", output().string(),
                                 "--data-dir", (directory_ / "data").string(), "--follow"},
        directory_ / "said.txt");
  }
  [[nodiscard]] std::uint64_t output_bytes() const { return bytes_in(output(), ".csv"); }
  /// Seconds from `since` until the output grows; 0 when it does not.
  [[nodiscard]] double until_output(double since, Child& child) const {
    std::uint64_t least = output_bytes();
    while (now_seconds() - since < kPatienceSeconds && child.runs()) {
      const std::uint64_t bytes = output_bytes();
      if (bytes > least) {
        return now_seconds() - since;
      }
      least = std::min(least, bytes);  // recovery cuts off what was not committed
      pause_for(std::chrono::microseconds{200});
    }
    return 0;
  }
  /// Returns when the output has not changed for half a second.
  void until_quiet() const {
    std::uint64_t bytes = output_bytes();
    for (double since = now_seconds(); now_seconds() - since < 0.5;) {
      pause_for(std::chrono::milliseconds{20});
      if (output_bytes() != bytes) {
        bytes = output_bytes();
        since = now_seconds();
      }
    }
  }

 private:
  fs::path program_;
  fs::path directory_;
};

Figure start_to_output(const Setting& setting) {
  Figure figure;
  for (int i = 0; i < (setting.quick ? 3 : 7); ++i) {
    const WordCount job(setting, setting.directory / fmt::format("start{}", i));
    const Feeder feeder(job.input());
    const double begin = now_seconds();
    const auto child = job.start();
    if (const double seconds = job.until_output(begin, *child); seconds > 0) {
      figure.samples.add(seconds * 1e3);
    }
  }
  if (figure.samples.empty()) {
    return not_measured("wordcount wrote nothing within 10 s");
  }
  figure.baseline = "a fresh process and data directory, 100,000 words";
  return figure;
}

Figure kill_to_output(const Setting& setting, const WordCount& job, std::unique_ptr<Child>& child) {
  Figure figure;
  for (int i = 0; i < (setting.quick ? 3 : 7); ++i) {
    pause_for(std::chrono::milliseconds{setting.quick ? 400 : 1000});
    const double begin = now_seconds();
    child->kill();
    child = job.start();
    if (const double seconds = job.until_output(begin, *child); seconds > 0) {
      figure.samples.add(seconds * 1e3);
    }
  }
  if (figure.samples.empty()) {
    return not_measured("wordcount wrote nothing within 10 s after kill -9");
  }
  figure.baseline = "9,000 keys, 200,000 words/s";
  return figure;
}

}  // namespace

void measure_program(const Setting& setting) {
  Report& report = setting.report;
  const auto wanted = [&](const std::string& name) { return report.wanted(name); };
  if (std::none_of(kRows.begin(), kRows.end(), wanted)) {
    return;
  }
  if (!fs::exists(setting.programs / "wordcount")) {
    for (const std::string& row : kRows) {
      if (wanted(row)) {
        report.add(row, not_measured("there is no program wordcount in " +
                                     setting.programs.filename().string() +
                                     "/: build it, or set RHEON_BIN_DIR"));
      }
    }
    return;
  }
  if (wanted("start_to_output_ms")) {
    report.add("start_to_output_ms", start_to_output(setting));
  }
  const WordCount job(setting, setting.directory / "wordcount");
  Feeder feeder(job.input());
  auto child = job.start();
  static_cast<void>(job.until_output(now_seconds(), *child));
  if (wanted("kill_to_output_ms")) {
    feeder.on = true;
    report.add("kill_to_output_ms", kill_to_output(setting, job, child));
    feeder.on = false;
  }
  if (!wanted("idle_rss_mb") && !wanted("idle_cpu_pct")) {
    return;
  }
  job.until_quiet();
  Figure memory;
  Figure cpu;
  for (int i = 0; i < 3 && child->runs(); ++i) {
    const double before = child->cpu_seconds();
    const double begin = now_seconds();
    pause_for(std::chrono::seconds{1});
    cpu.samples.add(100 * (child->cpu_seconds() - before) / (now_seconds() - begin));
    memory.samples.add(static_cast<double>(resident_bytes(child->id())) / 1e6);
  }
  if (memory.samples.empty()) {
    memory = not_measured("wordcount has ended by itself");
    cpu = memory;
  } else {
    memory.baseline = "wordcount --follow, 9,000 keys, nothing to do";
    cpu.baseline = "of one core, all threads";
  }
  if (wanted("idle_rss_mb")) {
    report.add("idle_rss_mb", std::move(memory));
  }
  if (wanted("idle_cpu_pct")) {
    report.add("idle_cpu_pct", std::move(cpu));
  }
}

}  // namespace rheon::bench
