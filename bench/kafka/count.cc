// Words counted from a topic, into CSV files and into a topic: the job beside loops written by
// hand.

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <boost/unordered/unordered_flat_map.hpp>
#include <charconv>

#include "../baselines/bare_kafka.h"
#include "../baselines/hand_loop.h"
#include "../support/measure.h"
#include "../support/running_job.h"
#include "connect/files/csv.h"
#include "connect/kafka/in.h"
#include "connect/kafka/out.h"
#include "engine/thread_driver.h"
#include "rows.h"

namespace rheon::bench {

namespace {

namespace fs = std::filesystem;

struct Took {
  double seconds = 0;
  double cpu = 0;  // of this process
};

template <class Work>
Took timed(const Work& work) {
  const double cpu = process_cpu_seconds();
  const double begin = now_seconds();
  work();
  return {now_seconds() - begin, process_cpu_seconds() - cpu};
}

/// From a fresh data directory to the end of the topic.
template <class To>
void run_job(const Setting& setting, const Topic& words, bool transactions, const To& to) {
  const fs::path data = setting.directory / "data";
  fs::remove_all(data);
  engine::WorkerOptions options = logged(setting.shards, data.string());
  options.stop_at_end = true;
  options.transactions = transactions;
  engine::Worker worker(
      setting.env,
      plan_of(setting.topics.fresh("bench"),
              [&](Job& job) {
                to(job.from("words", kafka::values(setting.topics.url(words.name)))
                       .key_by([](std::string_view word) { return word; })
                       .aggregate("counts", count(), unbounded()));
              }),
      options);
  must(worker.open());
  must(engine::drive(setting.env, worker, std::chrono::seconds{1}, [] {}));
}

/// H2, with H0's map and a file.
class CsvLoop {
 public:
  explicit CsvLoop(const fs::path& file)
      : file_(open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644)),
        buffer_(kBufferBytes) {}
  ~CsvLoop() { close(file_); }
  CsvLoop(const CsvLoop&) = delete;
  CsvLoop& operator=(const CsvLoop&) = delete;

  void operator()(std::string_view word) {
    auto entry = map_.find(word);
    if (entry == map_.end()) [[unlikely]] {
      entry = map_.emplace(word, 0).first;
    }
    const std::uint64_t n = ++entry->second;
    char* at = buffer_.data() + used_;
    at = connect::csv::put_text(at, word);
    *at++ = ',';
    at = connect::csv::put_number(at, n);
    *at++ = '\n';
    used_ = static_cast<std::size_t>(at - buffer_.data());
    if (used_ > kBufferBytes - kSlackBytes) {
      flush();
    }
  }
  void flush() {
    if (write(file_, buffer_.data(), used_) != static_cast<ssize_t>(used_)) {
      must(fail(ErrorCode::kIo, "the disk does not take a line"));
    }
    used_ = 0;
  }

 private:
  static constexpr std::size_t kBufferBytes = 1 << 20;
  static constexpr std::size_t kSlackBytes = 4096;

  int file_;
  std::vector<char> buffer_;
  std::size_t used_ = 0;
  boost::unordered_flat_map<std::string, std::uint64_t, Xxh3, std::equal_to<>> map_;
};

void measure_csv(const Setting& setting) {
  if (!setting.report.wanted("csv_vs_h2")) {
    return;
  }
  const Topic words = setting.topics.words(setting.records);
  const auto h2 = [&] {
    CsvLoop loop(setting.directory / "h2.csv");
    bare_consume(setting.topics.port(), words.id, words.ends, loop);
    loop.flush();
  };
  const auto ours = [&] {
    const fs::path out = setting.directory / "out";
    fs::remove_all(out);
    run_job(setting, words, true,
            [&](const auto& counts) { counts.to("csv", files::csv(out.string())); });
  };
  Figure figure;
  Samples of_h2;
  Samples of_ours;
  for (std::size_t i = 0; i < setting.pairs(); ++i) {
    of_h2.add(timed(h2).seconds);
    of_ours.add(timed(ours).seconds);
    figure.samples.add(of_h2.values.back() / of_ours.values.back());
  }
  const double millions = static_cast<double>(setting.records) / 1e6;
  figure.baseline =
      fmt::format("H2 {:.1f} M records/s; the job {:.1f} M records/s on {} shards",
                  millions / of_h2.median(), millions / of_ours.median(), setting.shards);
  setting.report.add("csv_vs_h2", std::move(figure));
}

void measure_topic_to_topic(const Setting& setting) {
  Report& report = setting.report;
  if (!report.wanted("exactly_once_vs_bare") && !report.wanted("exactly_once_vs_at_least_once") &&
      !report.wanted("cpu_s_per_million")) {
    return;
  }
  const Topic words = setting.topics.words(setting.records);
  const Topic counts = setting.topics.make("bench-counts");
  const Words drawn = draw_words(1'000'000, 13);
  const auto bare = [&] {
    BareProducer producer(setting.topics.port(), counts.name, kPartitions);
    std::array<char, 20> digits{};
    for (std::size_t i = 0; i < setting.records; ++i) {
      const auto end = std::to_chars(digits.begin(), digits.end(), i / kDictionaryWords).ptr;
      producer.put(drawn.views[i % drawn.size()],
                   {digits.data(), static_cast<std::size_t>(end - digits.data())});
    }
    producer.finish();
  };
  const auto job = [&](bool transactions) {
    run_job(setting, words, transactions, [&](const auto& stream) {
      stream.to("topic", kafka::out(setting.topics.url(counts.name)));
    });
  };
  const auto run = [&](const auto& work) {
    setting.topics.clear(counts.name);
    return timed(work);
  };
  Figure against_bare;
  Figure against_weaker;
  Figure cpu;
  Samples of_bare;
  Samples cpu_of_bare;
  Samples exactly;
  const double millions = static_cast<double>(setting.records) / 1e6;
  for (std::size_t i = 0; i < setting.pairs(); ++i) {
    const Took hand = run(bare);
    const Took once = run([&] { job(true); });
    const Took at_least = run([&] { job(false); });
    of_bare.add(hand.seconds);
    exactly.add(once.seconds);
    cpu_of_bare.add(hand.cpu / millions);
    against_bare.samples.add(hand.seconds / once.seconds);
    against_weaker.samples.add(at_least.seconds / once.seconds);
    cpu.samples.add(once.cpu / millions);
  }
  against_bare.baseline =
      fmt::format("a bare produce loop {:.1f} M records/s; the job {:.1f} M records/s on {} shards",
                  millions / of_bare.median(), millions / exactly.median(), setting.shards);
  against_weaker.baseline = "the same job with --guarantee at-least-once";
  cpu.baseline =
      fmt::format("exactly once, this process; the bare produce loop {:.2f}", cpu_of_bare.median());
  for (auto& [row, figure] : {std::pair{"exactly_once_vs_bare", &against_bare},
                              std::pair{"exactly_once_vs_at_least_once", &against_weaker},
                              std::pair{"cpu_s_per_million", &cpu}}) {
    if (report.wanted(row)) {
      report.add(row, std::move(*figure));
    }
  }
}

}  // namespace

void measure_counting(const Setting& setting) {
  measure_csv(setting);
  measure_topic_to_topic(setting);
}

}  // namespace rheon::bench
