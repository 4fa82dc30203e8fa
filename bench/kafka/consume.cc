// What the client costs that reads a topic, beside a loop that does nothing else.

#include "consume.h"

#include <fmt/format.h>

#include "../baselines/bare_kafka.h"
#include "../support/measure.h"
#include "rows.h"
#ifdef RHEON_HAVE_LIBRDKAFKA
#include "../baselines/librdkafka_loop.h"
#endif

namespace rheon::bench {

namespace {

/// What every contender does with a record: so that it has to be there.
struct Sum {
  std::uint64_t records = 0;
  std::uint64_t bytes = 0;
  void operator()(std::string_view value) {
    ++records;
    bytes += value.size() + static_cast<unsigned char>(value.empty() ? 0 : value.back());
  }
  friend bool operator==(const Sum&, const Sum&) = default;
};

double millions_per_second(std::size_t records, double seconds) {
  return static_cast<double>(records) / seconds / 1e6;
}

class Contest {
 public:
  Contest(const Setting& setting, Topic words, Topic plain)
      : setting_(setting), words_(std::move(words)), plain_(std::move(plain)) {}

  double ours() {
    Sum sum;
    const double begin = now_seconds();
    consume(
        setting_.env, setting_.topics, words_.name, std::chrono::milliseconds{500},
        std::vector<std::int64_t>(kPartitions, 0),
        [&](const kafka::wire::Record& record) { sum(*record.value); },
        [&](std::size_t taken) { return taken < static_cast<std::size_t>(words_.records()); });
    return judged(sum, begin);
  }
  double h2() {
    Sum sum;
    const double begin = now_seconds();
    bare_consume(setting_.topics.port(), plain_.id, plain_.ends, sum);
    return judged(sum, begin);
  }
#ifdef RHEON_HAVE_LIBRDKAFKA
  double h1() {
    Sum sum;
    const double begin = now_seconds();
    librdkafka_consume(setting_.topics.address(), words_.name, words_.ends, sum);
    return judged(sum, begin);
  }
#endif

 private:
  /// All of them have read the same, or there is nothing to compare.
  double judged(const Sum& sum, double begin) {
    const double seconds = now_seconds() - begin;
    if (first_.records == 0) {
      first_ = sum;
    }
    if (!(sum == first_)) {
      must(fail(ErrorCode::kInternal, "the contenders have not read the same records"));
    }
    return seconds;
  }

  const Setting& setting_;
  Topic words_;
  Topic plain_;
  Sum first_;
};

void against_h2(const Setting& setting, const std::string& row, kafka::Codec codec) {
  if (!setting.report.wanted(row)) {
    return;
  }
  Contest contest(setting, setting.topics.words(setting.records, codec),
                  setting.topics.words(setting.records));
  Figure figure;
  Samples h2;
  Samples ours;
  static_cast<void>(contest.h2());  // into the broker's cache
  static_cast<void>(contest.ours());
  for (std::size_t i = 0; i < setting.pairs(); ++i) {
    h2.add(contest.h2());
    ours.add(contest.ours());
    figure.samples.add(h2.values.back() / ours.values.back());
  }
  figure.baseline = fmt::format("H2 {:.1f} M records/s; the client {:.1f} M records/s",
                                millions_per_second(setting.records, h2.median()),
                                millions_per_second(setting.records, ours.median()));
  setting.report.add(row, std::move(figure));
}

void against_h1(const Setting& setting) {
  if (!setting.report.wanted("consumer_vs_h1")) {
    return;
  }
#ifdef RHEON_HAVE_LIBRDKAFKA
  Contest contest(setting, setting.topics.words(setting.records),
                  setting.topics.words(setting.records));
  Figure figure;
  Samples h1;
  static_cast<void>(contest.ours());
  for (std::size_t i = 0; i < setting.pairs(); ++i) {
    h1.add(contest.h1());
    figure.samples.add(h1.values.back() / contest.ours());
  }
  figure.baseline = fmt::format("librdkafka {:.1f} M records/s",
                                millions_per_second(setting.records, h1.median()));
  setting.report.add("consumer_vs_h1", std::move(figure));
#else
  setting.report.add("consumer_vs_h1",
                     not_measured("librdkafka is not here: install librdkafka-dev"));
#endif
}

}  // namespace

void measure_consumer(const Setting& setting) {
  against_h2(setting, "consumer_vs_h2", kafka::Codec::kNone);
  against_h1(setting);
  against_h2(setting, "consumer_lz4_vs_h2", kafka::Codec::kLz4);
  against_h2(setting, "consumer_zstd_vs_h2", kafka::Codec::kZstd);
}

}  // namespace rheon::bench
