// What the client costs that writes a topic, beside a loop that does nothing else.

#include <fmt/format.h>

#include <charconv>

#include "../baselines/bare_kafka.h"
#include "../support/measure.h"
#include "../support/running_job.h"
#include "rows.h"

namespace rheon::bench {

void measure_producer(const Setting& setting) {
  if (!setting.report.wanted("producer_vs_bare")) {
    return;
  }
  const std::size_t records = setting.records / 2;
  const Words words = draw_words(1'000'000, 12);
  const Topic topic = setting.topics.make("bench-produced");
  const auto timed = [&](const auto& write) {
    setting.topics.clear(topic.name);
    const std::int64_t before = setting.topics.look(topic.name).records();
    const double begin = now_seconds();
    write();
    const double seconds = now_seconds() - begin;
    if (setting.topics.look(topic.name).records() - before != static_cast<std::int64_t>(records)) {
      must(fail(ErrorCode::kInternal, "not every record stands in the topic"));
    }
    return seconds;
  };
  const auto each = [&](const auto& put) {
    std::array<char, 20> digits{};
    for (std::size_t i = 0; i < records; ++i) {
      const auto end = std::to_chars(digits.begin(), digits.end(), i % 10'000).ptr;
      put(words.views[i % words.size()],
          std::string_view(digits.data(), static_cast<std::size_t>(end - digits.data())), i);
    }
  };
  const auto bare = [&] {
    BareProducer producer(setting.topics.port(), topic.name, kPartitions);
    each([&](std::string_view key, std::string_view value, std::size_t) {
      producer.put(key, value);
    });
    producer.finish();
  };
  const auto ours = [&] {
    Writer writer(setting.env, setting.topics, topic.name);
    each([&](std::string_view key, std::string_view value, std::size_t i) {
      writer.records().put({.key = key, .value = value, .time = EventTime{0}});
      if (i % 10'000 == 0) {
        writer.make_room();
      }
    });
    writer.finish();
  };
  Figure figure;
  Samples of_bare;
  for (std::size_t i = 0; i < setting.pairs(); ++i) {
    of_bare.add(timed(bare));
    figure.samples.add(of_bare.values.back() / timed(ours));
  }
  figure.baseline = fmt::format("a bare produce loop {:.1f} M records/s",
                                static_cast<double>(records) / of_bare.median() / 1e6);
  setting.report.add("producer_vs_bare", std::move(figure));
}

}  // namespace rheon::bench
