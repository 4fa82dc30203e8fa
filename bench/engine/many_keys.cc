// Ten million keys: memory, and random updates against the hand-written loop with as many.

#include <fmt/format.h>
#include <malloc.h>

#include "../baselines/hand_loop.h"
#include "jobs.h"
#include "rows.h"

namespace rheon::bench {

void measure_many_keys(const Setting& setting) {
  if (!setting.report.wanted("keys_10m_vs_h0") && !setting.report.wanted("bytes_per_key")) {
    return;
  }
  constexpr std::size_t kKeys = 10'000'000;
  const std::size_t records = setting.records(2);
  const Words keys = all_keys(kKeys);
  const Words updates = draw_keys(records, kKeys, 4);
  GatedJob chain(setting.env, in_memory(1), 1,
                 [](Job& job, const auto& gate) { count_to_csv(job, gate, 1); });
  static_cast<void>(chain.burst(keys, 1000));  // batches and buffers are there
  malloc_trim(0);
  const std::uint64_t before = resident_bytes("self");
  static_cast<void>(chain.burst(keys, kKeys));
  malloc_trim(0);
  const std::uint64_t after = resident_bytes("self");
  Figure bytes;
  bytes.samples.add(static_cast<double>(after - before) / static_cast<double>(kKeys));
  bytes.baseline = "growth of resident memory at 10 M keys of 12 bytes";

  BestHandLoop hand;
  hand.run(keys.views.data(), keys.views.data() + keys.size());
  malloc_trim(0);
  bytes.note = fmt::format("H0 {:.1f}", static_cast<double>(resident_bytes("self") - after) /
                                            static_cast<double>(kKeys));
  if (setting.report.wanted("bytes_per_key")) {
    setting.report.add("bytes_per_key", std::move(bytes));
  }
  if (!setting.report.wanted("keys_10m_vs_h0")) {
    return;
  }
  Samples hand_ns;
  Samples chain_ns;
  Figure figure;
  for (std::size_t i = 0; i < setting.pairs(); ++i) {
    const Stint by_hand =
        time_here([&] { hand.run(updates.views.data(), updates.views.data() + updates.size()); });
    hand_ns.add(by_hand.per_record_ns(records));
    chain_ns.add(chain.burst(updates, records).per_record_ns(records));
    figure.samples.add(hand_ns.values.back() / chain_ns.values.back());
  }
  figure.baseline = fmt::format("H0 {:.0f} ns a record", hand_ns.median());
  figure.note = fmt::format("the chain {:.0f} ns", chain_ns.median());
  setting.report.add("keys_10m_vs_h0", std::move(figure));
}

}  // namespace rheon::bench
