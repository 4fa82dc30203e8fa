// Records per second of the whole chain: against the hand-written loop, over two shards, and with a
// synced log.

#include <fmt/format.h>

#include <chrono>
#include <memory>
#include <thread>

#include "../baselines/hand_loop.h"
#include "jobs.h"
#include "rows.h"

namespace rheon::bench {

namespace {

constexpr std::size_t kDrawnWords = 2'000'000;  // the input goes round in them

void chain_against_hand_loop(const Setting& setting, const Words& words) {
  const std::size_t records = setting.records(8);
  GatedJob chain(setting.env, in_memory(1), 1,
                 [](Job& job, const auto& gate) { count_to_csv(job, gate, 1); });
  BestHandLoop hand;
  const auto run_hand = [&] {
    return time_here([&] {
      for (std::size_t left = records; left > 0;) {
        const std::size_t n = std::min(left, words.size());
        hand.run(words.views.data(), words.views.data() + n);
        left -= n;
      }
    });
  };
  static_cast<void>(run_hand());
  static_cast<void>(chain.burst(words, records));
  Samples hand_ns;
  Samples chain_ns;
  Figure figure;
  for (std::size_t i = 0; i < setting.pairs(); ++i) {
    hand_ns.add(run_hand().per_record_ns(records));
    chain_ns.add(chain.burst(words, records).per_record_ns(records));
    figure.samples.add(hand_ns.values.back() / chain_ns.values.back());
  }
  figure.baseline = fmt::format("H0 {:.1f} ns a record", hand_ns.median());
  figure.note = fmt::format("the chain {:.1f} ns", chain_ns.median());
  setting.report.add("typed_chain_vs_h0", std::move(figure));
}

/// What this machine gives to work that shares nothing: two hand-written loops side by side, each
/// with half of the records, over one with all of them. By the clock.
double hand_loops_side_by_side(const Words& words) {
  const auto run = [&words](BestHandLoop& loop, std::size_t n) {
    loop.run(words.views.data(), words.views.data() + n);
  };
  BestHandLoop one;
  BestHandLoop other;
  run(one, words.size());
  run(other, words.size());
  const double alone = time_here([&] { run(one, words.size()); }).undisturbed;
  const double together = time_here([&] {
                            std::jthread beside([&] { run(other, words.size() / 2); });
                            run(one, words.size() / 2);
                          }).wall;
  return alone / together;
}

void two_shards(const Setting& setting, const Words& words) {
  const std::size_t records = setting.records(8);
  const auto describe = [](Job& job, const auto& gate) { count_to_csv(job, gate, 2); };
  GatedJob one(setting.env, in_memory(1), 2, describe);
  GatedJob two(setting.env, in_memory(2), 2, describe);
  static_cast<void>(one.burst(words, records));
  static_cast<void>(two.burst(words, records));
  Samples one_rate;
  Samples by_busiest;
  Samples control;
  Samples trips;
  const QuietRuns runs = quiet_runs(setting.pairs(), 2 * setting.pairs(), [&] {
    const double with_one = one.burst(words, records).undisturbed;
    double with_two = 0;
    trips.add(round_trip_ns());
    const double busiest =
        busiest_thread_seconds([&] { with_two = two.burst(words, records).wall; });
    one_rate.add(static_cast<double>(records) / with_one / 1e6);
    by_busiest.add(with_one / busiest);
    control.add(hand_loops_side_by_side(words));
    return with_one / with_two;
  });
  Figure figure;
  figure.samples = runs.samples;
  figure.baseline = fmt::format("one shard {:.1f} M records/s", one_rate.median());
  figure.note = fmt::format(
      "two hand-written loops over one {:.2f} x; a word from one thread to another and back takes "
      "{:.0f} ns ({:.0f} to {:.0f})",
      control.median(), trips.median(), trips.least(), trips.most());
  if (runs.others > kQuiet) {
    figure.note += fmt::format(
        "; other processes had {:.0f} % of the machine, so this is the processor time of the "
        "busier "
        "shard; by the clock {:.2f}",
        100 * runs.others, runs.samples.median());
    figure.samples = by_busiest;
  }
  setting.report.add("two_shards_vs_one", std::move(figure));
}

void epochs(const Setting& setting, const Words& words) {
  const std::size_t records = setting.records(6);
  const auto describe = [](Job& job, const auto& gate) { count_to_csv(job, gate, 1); };
  engine::WorkerOptions without = in_memory(1);
  without.commit_interval = std::chrono::hours{1};
  Samples off_rate;
  Samples control;
  double commits = 0;
  double seconds = 0;
  Figure figure;
  // What is looked for is a few percent, and where a job happens to lie in memory makes as much: so
  // several jobs each, made in turn, and beside them the same job twice.
  for (std::size_t k = 0; k < (setting.quick ? 2 : 6); ++k) {
    const auto make_off = [&] {
      return std::make_unique<GatedJob>(setting.env, without, 1, describe);
    };
    std::unique_ptr<GatedJob> off = k % 2 == 0 ? make_off() : nullptr;
    const auto directory = setting.directory / fmt::format("epochs{}", k);
    GatedJob on(setting.env, logged(1, directory), 1, describe);
    off = off != nullptr ? std::move(off) : make_off();
    const std::unique_ptr<GatedJob> again = make_off();
    for (GatedJob* job : {off.get(), &on, again.get()}) {
      static_cast<void>(job->burst(words, records));
    }
    const Epoch before = on.worker().stats().epoch;
    for (std::size_t i = 0; i < 4; ++i) {
      const Stint with_off = off->burst(words, records);
      const Stint with_on = on.burst(words, records);
      seconds += with_on.wall;
      off_rate.add(static_cast<double>(records) / with_off.undisturbed / 1e6);
      figure.samples.add(with_off.undisturbed / with_on.undisturbed);
      control.add(with_off.undisturbed / again->burst(words, records).undisturbed);
    }
    commits += static_cast<double>(on.worker().stats().epoch.value - before.value);
  }
  figure.baseline = fmt::format("no epochs {:.1f} M records/s", off_rate.median());
  figure.note = fmt::format("{:.0f} commits a second; no epochs beside no epochs {:.2f} x",
                            commits / seconds, control.median());
  setting.report.add("epochs_on_vs_off", std::move(figure));
}

}  // namespace

void measure_throughput(const Setting& setting) {
  const Words words = draw_words(kDrawnWords, 1);
  if (setting.report.wanted("typed_chain_vs_h0")) {
    chain_against_hand_loop(setting, words);
  }
  if (setting.report.wanted("two_shards_vs_one")) {
    two_shards(setting, words);
  }
  if (setting.report.wanted("epochs_on_vs_off")) {
    epochs(setting, words);
  }
}

}  // namespace rheon::bench
