// How long a record is on its way through Kafka, the job and Kafka, for who reads what is
// committed; and how long after kill -9 the next one comes.

#include <fmt/format.h>

#include <atomic>
#include <thread>

#include "../support/child.h"
#include "../support/measure.h"
#include "../support/running_job.h"
#include "connect/kafka/in.h"
#include "connect/kafka/out.h"
#include "consume.h"
#include "job.h"
#include "observe/histogram.h"
#include "rows.h"

namespace rheon::bench {

namespace {

constexpr std::size_t kRecordsPerSecond = 20'000;
constexpr std::chrono::milliseconds kTick{1};

/// Writes at a steady rate, come what may; each record has the time at which it was to be sent.
class Pace {
 public:
  Pace(env::Env& env, const Topics& topics, const std::string& topic)
      : words_(draw_words(1'000'000, 14)), thread_([this, &env, &topics, topic] {
          Writer writer(env, topics, topic);
          EventTime intended = env.clock().wall();
          std::size_t at = 0;
          while (!stop_) {
            const EventTime now = env.clock().wall();
            for (; intended <= now; intended = intended + kTick) {
              for (std::size_t i = 0; i < kRecordsPerSecond / 1000; ++i) {
                writer.records().put(
                    {.value = words_.views[at++ % words_.size()], .time = intended});
              }
              writer.send();
            }
            writer.send();
            std::this_thread::sleep_for(std::chrono::microseconds{200});
          }
          writer.finish();
        }) {}
  ~Pace() {
    stop_ = true;
    thread_.join();
  }
  Pace(const Pace&) = delete;
  Pace& operator=(const Pace&) = delete;

 private:
  Words words_;
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

void measure_latency_of(const Setting& setting, const std::string& stem,
                        std::optional<std::chrono::microseconds> interval) {
  const std::vector<std::pair<std::string, double>> rows{
      {stem + "p50_ms", 50}, {stem + "p99_ms", 99}, {stem + "p999_ms", 99.9}};
  if (std::none_of(rows.begin(), rows.end(),
                   [&](const auto& row) { return setting.report.wanted(row.first); })) {
    return;
  }
  const Topic in = setting.topics.make(setting.topics.fresh("bench-paced"));
  const Topic out = setting.topics.make(setting.topics.fresh("bench-answers"));
  const auto directory = setting.directory / "latency";
  std::filesystem::remove_all(directory);
  engine::WorkerOptions options = logged(1, directory.string());
  options.commit_interval = interval;
  const RunningJob job(
      setting.env,
      [&](Job& of) {
        count_from_topic(of, setting.topics.url(in.name), setting.topics.url(out.name));
      },
      options, setting.topics.fresh("bench"));
  const Pace pace(setting.env, setting.topics, in.name);
  observe::Histogram micros;
  const double begin = now_seconds();
  const double warm = 3;
  const double end = begin + warm + (setting.quick ? 5 : 20);
  consume(
      setting.env, setting.topics, out.name, std::chrono::milliseconds{500}, out.ends,
      [&](const kafka::wire::Record& record) {
        if (now_seconds() - begin > warm) {
          const std::int64_t late = setting.env.clock().wall().micros - record.timestamp * 1000;
          micros.record(static_cast<std::uint64_t>(std::max<std::int64_t>(late, 0)));
        }
      },
      [&](std::size_t) { return now_seconds() < end; });
  for (const auto& [row, percentile] : rows) {
    Figure figure;
    figure.samples.add(static_cast<double>(micros.value_at(percentile)) / 1e3);
    figure.baseline =
        fmt::format("{} records, 20,000 a second, exactly once, one shard", micros.count());
    if (setting.report.wanted(row)) {
      setting.report.add(row, std::move(figure));
    }
  }
}

void measure_kill(const Setting& setting) {
  if (!setting.report.wanted("kill_to_output_ms")) {
    return;
  }
  const Topic in = setting.topics.make(setting.topics.fresh("bench-paced"));
  const Topic out = setting.topics.make(setting.topics.fresh("bench-answers"));
  const auto data = setting.directory / "kill";
  std::filesystem::remove_all(data);
  const std::string name = setting.topics.fresh("bench");
  const auto start = [&] {
    return std::make_unique<Child>(
        std::filesystem::read_symlink("/proc/self/exe"),
        std::vector<std::string>{"job", name, setting.topics.url(in.name),
                                 setting.topics.url(out.name), data.string()},
        setting.directory / "said.txt");
  };
  const Pace pace(setting.env, setting.topics, in.name);
  auto child = start();
  Figure figure;
  const std::size_t kills = setting.quick ? 3 : 9;
  double next_kill = now_seconds() + 3;
  double killed_at = 0;
  std::int64_t killed_wall = 0;
  consume(
      setting.env, setting.topics, out.name, std::chrono::milliseconds{500}, out.ends,
      [&](const kafka::wire::Record& record) {
        if (killed_at != 0 && record.timestamp * 1000 > killed_wall) {
          figure.samples.add((now_seconds() - killed_at) * 1e3);
          killed_at = 0;
          next_kill = now_seconds() + 1;
        }
      },
      [&](std::size_t) {
        if (killed_at == 0 && now_seconds() > next_kill && figure.samples.values.size() < kills) {
          killed_wall = setting.env.clock().wall().micros;
          killed_at = now_seconds();
          child->kill();
          child = start();
        }
        if (killed_at != 0 && now_seconds() - killed_at > 60) {
          must(fail(ErrorCode::kInternal, "no output within a minute after kill -9"));
        }
        return figure.samples.values.size() < kills;
      });
  figure.baseline = "9,000 keys, 20,000 records/s, exactly once: a record sent after the kill";
  setting.report.add("kill_to_output_ms", std::move(figure));
}

}  // namespace

void measure_latency(const Setting& setting) {
  measure_latency_of(setting, "latency_", std::nullopt);
  measure_latency_of(setting, "latency_10ms_", std::chrono::milliseconds{10});
  measure_kill(setting);
}

}  // namespace rheon::bench
