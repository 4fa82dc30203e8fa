// How long no key is served while a job with a million keys goes from one shard to two and back.

#include <fmt/format.h>

#include <thread>

#include "jobs.h"
#include "rows.h"

namespace rheon::bench {

namespace {

/// When records arrive, across the writers of one execution and the next.
struct Pauses {
  std::atomic<double> last{0};     // arrival of the latest record
  std::atomic<double> longest{0};  // from the last record before a rescale to a writer's first one
};
Pauses pauses;

template <class K, class T>
class PauseWriter final : public MemoryWriter<K, T> {
 public:
  explicit PauseWriter(std::shared_ptr<Gate> gate)
      : gate_(std::move(gate)), before_(pauses.last.load()) {}

  void write(const engine::Batch<K, T>& batch) override {
    const double now = now_seconds();
    if (!served_) {
      served_ = true;
      const double pause = before_ == 0 ? 0 : now - before_;
      pauses.longest.store(std::max(pauses.longest.load(), pause));
    }
    pauses.last.store(now);
    gate_->arrived(batch.slots.size());
  }

 private:
  std::shared_ptr<Gate> gate_;
  double before_;
  bool served_ = false;
};

}  // namespace

void measure_rescale(const Setting& setting) {
  if (!setting.report.wanted("rescale_pause_ms")) {
    return;
  }
  constexpr std::size_t kKeys = 1'000'000;
  constexpr double kRecordsPerSecond = 200'000;
  const Words keys = all_keys(kKeys);
  const Words updates = draw_keys(kKeys, kKeys, 5);
  GatedJob job(setting.env, logged(1, setting.directory / "rescale"), 1,
               [](Job& described, const auto& gate) {
                 described.from("words", gate_source(gate, 1))
                     .key_by([](std::string_view word) { return word; })
                     .aggregate("count", count(), unbounded())
                     .to("none", GateSink<PauseWriter>(gate));
               });
  static_cast<void>(job.burst(keys, kKeys));
  job.gate().stream(updates, kRecordsPerSecond);
  const auto wait = [](std::chrono::milliseconds time) { std::this_thread::sleep_for(time); };
  wait(std::chrono::milliseconds{1000});
  Figure figure;
  std::uint32_t shards = 1;
  for (std::size_t i = 0; i < (setting.quick ? 4 : 10); ++i) {
    pauses.longest.store(0);
    shards = 3 - shards;
    job.worker().request_shards(shards);
    wait(std::chrono::milliseconds{setting.quick ? 700 : 1000});
    if (job.worker().stats().shards == shards && pauses.longest.load() > 0) {
      figure.samples.add(pauses.longest.load() * 1e3);
    }
  }
  job.gate().close();
  if (figure.samples.empty()) {
    figure = not_measured("no rescale came to an end within a second");
  } else {
    figure.baseline = "1 M keys, 200,000 records/s, between 1 and 2 shards, synced log";
  }
  setting.report.add("rescale_pause_ms", std::move(figure));
}

}  // namespace rheon::bench
