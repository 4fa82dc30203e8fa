#include "connect/kafka/in.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <memory>
#include <utility>

#include "connect/kafka/discovery.h"
#include "connect/kafka/topic_lookup.h"
#include "connect/kafka/topic_reader.h"

namespace rheon::connect::kafka {

namespace {

using rheon::kafka::Message;
using rheon::kafka::wire::Record;

constexpr RecordShape kValues{
    /*shows_headers=*/false,
    [](const Record& record) -> std::string_view {
      return record.value.has_value() ? "" : "it has no value";
    },
    [](std::span<const Record> records, const PartitionKey& /*from*/, EventTime time,
       engine::AnySourceOutput& output) {
      std::array<std::string_view, kTogether> values;
      std::transform(records.begin(), records.end(), values.begin(),
                     [](const Record& record) { return *record.value; });
      static_cast<engine::SourceOutput<std::string_view>&>(output).emit_all(
          std::span(values).first(records.size()), time);
    }};

constexpr RecordShape kMessages{
    /*shows_headers=*/false, [](const Record&) -> std::string_view { return ""; },
    [](std::span<const Record> records, const PartitionKey& /*from*/, EventTime time,
       engine::AnySourceOutput& output) {
      std::array<Message, kTogether> messages;
      std::transform(records.begin(), records.end(), messages.begin(),
                     [](const Record& record) { return Message{record.key, record.value}; });
      static_cast<engine::SourceOutput<Message>&>(output).emit_all(
          std::span(messages).first(records.size()), time);
    }};

/// Lists of headers are no views, so these are emitted one by one.
constexpr RecordShape kRecords{
    /*shows_headers=*/true,
    [](const Record& record) -> std::string_view {
      rheon::kafka::wire::HeaderReader headers(record);
      rheon::kafka::wire::RecordHeader header;
      while (headers.next(header)) {
      }
      return headers.failed() ? "its headers cannot be read" : "";
    },
    [](std::span<const Record> records, const PartitionKey& from, EventTime time,
       engine::AnySourceOutput& output) {
      rheon::kafka::Record told;
      told.topic = from.first;
      told.partition = from.second;
      for (const Record& record : records) {
        told.offset = record.offset;
        told.key = record.key;
        told.value = record.value;
        told.headers.clear();
        rheon::kafka::wire::HeaderReader reader(record);
        for (rheon::kafka::wire::RecordHeader header; reader.next(header);) {
          told.headers.push_back({header.key, header.value});
        }
        static_cast<engine::SourceOutput<rheon::kafka::Record>&>(output).emit(told, time);
      }
    }};

class TopicConnector final : public engine::AnySourceConnector {
 public:
  TopicConnector(std::string url, const rheon::kafka::SourceOptions& options,
                 const RecordShape& shape)
      : url_(std::move(url)), shape_(shape) {
    source_.options = options;
    wrong_ = take_place(url_, options.security, parse_places, source_);
  }

  engine::SourceTraits traits() const override {
    return {.kind = "kafka",
            .replayable = true,
            .bounded = false,
            .place = source_.place.topic.empty() ? url_ : describe(source_.place)};
  }
  Result<std::vector<engine::SourcePartition>> discover(
      engine::SourceEnvironment& environment,
      const std::vector<engine::SourcePartition>& known) const override {
    RHEON_TRY(wrong_);
    RHEON_TRY(check_transport(source_.place, source_.access));
    if (!environment.running) {
      return discover_topics(environment, source_, known);
    }
    const env::Monotonic now = environment.env->clock().monotonic();
    if (now < look_again_.load()) {
      return known;
    }
    auto found = discover_topics(environment, source_, known);
    look_again_ = environment.env->clock().monotonic() + (known.empty() ? kWhenNone : kWhenSome);
    // Who reads says what is wrong with the brokers, and waits for them.
    return !found.has_value() && found.error().code == ErrorCode::kIo ? known : std::move(found);
  }
  bool grows() const override { return true; }
  std::unique_ptr<engine::AnySourceReader> make_any_reader(
      const engine::SourceEnvironment& environment) const override {
    return std::make_unique<TopicReader>(environment, source_, shape_);
  }

 private:
  // Between two looks for new partitions.
  static constexpr env::Monotonic kWhenNone = std::chrono::seconds{1};
  static constexpr env::Monotonic kWhenSome = std::chrono::seconds{30};

  std::string url_;
  const RecordShape& shape_;
  TopicSource source_;
  Status wrong_;  // with the url, or a file that the options name
  mutable std::atomic<env::Monotonic> look_again_{env::Monotonic{0}};
};

std::shared_ptr<const engine::AnySourceConnector> make_topic(
    std::string url, const rheon::kafka::SourceOptions& options, const RecordShape& shape) {
  return std::make_shared<TopicConnector>(std::move(url), options, shape);
}

}  // namespace

}  // namespace rheon::connect::kafka

namespace rheon::kafka {

bool is_url(std::string_view text) { return text.starts_with(connect::kafka::kScheme); }

Source<std::string_view> values(std::string url, const SourceOptions& options) {
  return {connect::kafka::make_topic(std::move(url), options, connect::kafka::kValues)};
}

Source<Message> messages(std::string url, const SourceOptions& options) {
  return {connect::kafka::make_topic(std::move(url), options, connect::kafka::kMessages)};
}

Source<Record> records(std::string url, const SourceOptions& options) {
  return {connect::kafka::make_topic(std::move(url), options, connect::kafka::kRecords)};
}

}  // namespace rheon::kafka
