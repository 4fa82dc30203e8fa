#include "topics.h"

#include <fmt/format.h>

#include <chrono>
#include <numeric>

#include "../support/running_job.h"
#include "connect/kafka/patient_cluster.h"
#include "kafka/client/error_codes.h"
#include "kafka/client/offset_lookup.h"
#include "kafka/wire/frame.h"

namespace rheon::bench {

namespace {

namespace wire = kafka::wire;
using connect::kafka::PatientCluster;

constexpr std::chrono::seconds kPatience{60};
constexpr std::chrono::milliseconds kLookAgain{50};

template <class T>
T have(Result<T> result) {
  must(result.has_value() ? Status() : tl::unexpected(result.error()));
  return std::move(*result);
}

}  // namespace

std::int64_t Topic::records() const {
  return std::accumulate(ends.begin(), ends.end(), std::int64_t{0});
}

connect::kafka::TopicPlace Topics::place(const std::string& topic) const {
  return {{{"127.0.0.1", port_}}, topic};
}

Topic Topics::make(const std::string& name) {
  const connect::kafka::TopicPlace at = place(name);
  PatientCluster patient(env_, at, {}, kPatience);
  wire::CreateTopicsRequest request;
  request.topics.push_back(
      {name, kPartitions, 1, {}, {{"segment.bytes", "134217728"}, {"retention.ms", "-1"}}});
  const std::string answer = have(patient.ask<wire::CreateTopics>("a new topic", request));
  const auto told = wire::read_response<wire::CreateTopics>(answer);
  const std::int16_t error = told->topics.front().error_code;
  if (error != kafka::kNoError && error != kafka::kTopicAlreadyExists) {
    must(fail(ErrorCode::kIo, "topic " + name + ": " + kafka::describe_error(error)));
  }
  return look(name);
}

Topic Topics::look(const std::string& name, bool committed) {
  const connect::kafka::TopicPlace at = place(name);
  PatientCluster patient(env_, at, {}, kPatience);
  kafka::Cluster& cluster = patient.cluster();
  cluster.watch(std::set<std::string, std::less<>>{name});
  const kafka::TopicInfo* topic = nullptr;
  while (topic == nullptr || topic->partitions.size() < kPartitions) {
    must(patient.pause("its topics", kLookAgain));
    cluster.refresh();
    topic = cluster.topic(name);
  }
  Topic result{name, topic->id, {}};
  std::vector<kafka::OffsetQuestion> questions;
  questions.reserve(kPartitions);
  for (std::int32_t i = 0; i < kPartitions; ++i) {
    questions.push_back({name, i, kafka::OffsetQuestion::kLatest});
  }
  kafka::OffsetLookup lookup(cluster, patient.random(), std::move(questions), committed);
  must(patient.wait_for("offsets", lookup, [&] { return lookup.done(); }));
  for (const std::optional<std::int64_t>& end : lookup.offsets()) {
    result.ends.push_back(end.value());
  }
  return result;
}

Topic Topics::words(std::size_t count, kafka::Codec codec) {
  constexpr std::string_view kCodecs[] = {"none", "gzip", "snappy", "lz4", "zstd"};
  const std::string name =
      fmt::format("bench-words-{}-{}", count, kCodecs[static_cast<std::size_t>(codec)]);
  Topic topic = make(name);
  if (topic.records() == static_cast<std::int64_t>(count)) {
    return topic;
  }
  if (topic.records() != 0) {
    must(fail(ErrorCode::kInvalidInput,
              "topic " + name + " was filled by half: `./dev kafka topic " + name + " --delete`"));
  }
  fmt::print("filling topic {} ...\n", name);
  Writer writer(env_, *this, name, codec);
  const Words drawn = draw_words(std::min<std::size_t>(count, 1'000'000), 11);
  for (std::size_t i = 0; i < count; ++i) {
    writer.records().put({.value = drawn.views[i % drawn.size()], .time = EventTime{0}});
    if (i % 10'000 == 0) {
      writer.make_room();
    }
  }
  writer.finish();
  return look(name);
}

void Topics::clear(const std::string& name) {
  const Topic topic = look(name);
  const connect::kafka::TopicPlace at = place(name);
  PatientCluster patient(env_, at, {}, kPatience);
  wire::DeleteRecordsRequest request;
  request.topics.push_back({name, {}});
  for (std::int32_t i = 0; i < kPartitions; ++i) {
    request.topics.back().partitions.push_back({i, topic.ends[static_cast<std::size_t>(i)]});
  }
  request.timeout_ms = 30'000;
  static_cast<void>(have(patient.ask<wire::DeleteRecords>("room", request)));
}

std::string Topics::fresh(const std::string& stem) {
  return fmt::format("{}-{}-{}", stem, env_.clock().wall().micros, ++fresh_);
}

Writer::Writer(env::Env& env, const Topics& topics, const std::string& topic, kafka::Codec codec)
    : env_(env), parker_(env.threads().make_parker()) {
  engine::SinkEnvironment environment;
  environment.env = &env_;
  environment.waker = parker_.get();
  output_ = std::make_unique<connect::kafka::TopicOutput>(
      environment, connect::kafka::TopicSink{topics.place(topic), {.compression = codec}},
      kPartitions);
}

void Writer::make_room() {
  while (have(output_->blocked())) {
    parker_->park_until(env_.clock().monotonic() + std::chrono::milliseconds{1});
  }
}

void Writer::send() {
  output_->prepare();
  static_cast<void>(have(output_->prepared()));
}

void Writer::finish() {
  output_->prepare();
  while (!have(output_->prepared())) {
    parker_->park_until(env_.clock().monotonic() + std::chrono::milliseconds{1});
  }
}

}  // namespace rheon::bench
