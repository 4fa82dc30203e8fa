// What single parts of a job cost per record: the difference between two jobs that differ in them.

#include <fmt/format.h>

#include "graph/assignment.h"
#include "jobs.h"
#include "rows.h"

namespace rheon::bench {

namespace {

/// Two maps and two filters that pass everything on, behind the count.
void pass_through(const Setting& setting) {
  constexpr double kOperators = 4;
  const std::size_t records = setting.records(8);
  const Words words = draw_words(2'000'000, 2);
  const auto counts = [](Job& job, const auto& gate) {
    return job.from("words", gate_source(gate, 1))
        .key_by([](std::string_view word) { return word; })
        .aggregate("count", count(), unbounded());
  };
  GatedJob without(setting.env, in_memory(1), 1, [&](Job& job, const auto& gate) {
    counts(job, gate).to("none", GateSink<CountOnly>(gate));
  });
  GatedJob with(setting.env, in_memory(1), 1, [&](Job& job, const auto& gate) {
    const auto same = [](std::uint64_t n) { return n; };
    const auto every = [](std::uint64_t) { return true; };
    counts(job, gate)
        .map("same", same)
        .filter("every", every)
        .map("same again", same)
        .filter("every again", every)
        .to("none", GateSink<CountOnly>(gate));
  });
  static_cast<void>(without.burst(words, records));
  static_cast<void>(with.burst(words, records));
  Samples base;
  Figure figure;
  for (std::size_t i = 0; i < setting.pairs(); ++i) {
    base.add(without.burst(words, records).per_record_ns(records));
    const double more = with.burst(words, records).per_record_ns(records);
    figure.samples.add((more - base.values.back()) / kOperators);
  }
  figure.baseline = fmt::format("the chain without them {:.1f} ns a record", base.median());
  setting.report.add("pass_through_ns", std::move(figure));
}

/// One shard reads words that all belong to the other one. Processor time of both threads.
void exchange_hop(const Setting& setting) {
  const std::size_t records = setting.records(8);
  const Words words = draw_words(2'000'000, 3, [](std::string_view word) {
    const KeyGroup group = key_group(stable_hash(word), kDefaultKeyGroups);
    return graph::owner(group, kDefaultKeyGroups, 2) == ShardId{1};
  });
  GatedJob without(setting.env, in_memory(2), 1, [](Job& job, const auto& gate) {
    job.from("words", gate_source(gate, 1)).to("none", GateSink<CountOnly>(gate));
  });
  GatedJob with(setting.env, in_memory(2), 1, [](Job& job, const auto& gate) {
    job.from("words", gate_source(gate, 1))
        .key_by([](std::string_view word) { return word; })
        .to("none", GateSink<CountOnly>(gate));
  });
  const auto cpu_ns = [&](GatedJob& job) {
    return job.burst(words, records).cpu * 1e9 / static_cast<double>(records);
  };
  static_cast<void>(cpu_ns(without));
  static_cast<void>(cpu_ns(with));
  Samples base;
  Figure figure;
  for (std::size_t i = 0; i < setting.pairs(); ++i) {
    base.add(cpu_ns(without));
    figure.samples.add(cpu_ns(with) - base.values.back());
  }
  figure.baseline = fmt::format("the chain without it {:.1f} ns a record", base.median());
  figure.note = "key, hash, copy and both threads' processor time";
  setting.report.add("exchange_hop_ns", std::move(figure));
}

}  // namespace

void measure_steps(const Setting& setting) {
  if (setting.report.wanted("pass_through_ns")) {
    pass_through(setting);
  }
  if (setting.report.wanted("exchange_hop_ns")) {
    exchange_hop(setting);
  }
}

}  // namespace rheon::bench
