#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "base/types.h"
#include "connect/kafka/message.h"
#include "connect/kafka/text_form.h"
#include "engine/batch.h"
#include "kafka/client/security.h"
#include "observe/trace.h"

namespace rheon::engine {
class AnySinkConnector;
}

namespace rheon {
namespace kafka {

enum class Codec : std::uint8_t { kNone, kGzip, kSnappy, kLz4, kZstd };

struct SinkOptions {
  Codec compression = Codec::kNone;
  Security security = {};
};

}  // namespace kafka

namespace connect::kafka {

struct OutRecord {
  std::optional<std::string_view> key = std::nullopt;
  std::optional<std::string_view> value = std::nullopt;
  EventTime time = {};
  std::span<const rheon::kafka::Header> headers = {};
  const observe::TraceContext* followed = nullptr;
};

/// Where the records of a writer go.
class TopicRecords {
 public:
  virtual void put(const OutRecord& record) = 0;

 protected:
  TopicRecords() = default;
  ~TopicRecords() = default;
};

/// Puts the records of a batch: the one part of this sink that knows their type.
using PutRecords = void (*)(TopicRecords& out, const engine::BatchBase& batch);

template <class K, class T>
void put_records(TopicRecords& out, const engine::BatchBase& base) {
  std::string key;
  std::string value;
  std::uint32_t index = 0;
  auto trace = base.traces.begin();
  for (const engine::Slot<K, T>& slot : static_cast<const engine::Batch<K, T>&>(base).slots) {
    OutRecord record;
    record.time = slot.time;
    if constexpr (std::is_same_v<T, rheon::kafka::Record>) {
      record.key = slot.value.key;
      record.value = slot.value.value;
      record.headers = slot.value.headers;
    } else {
      if constexpr (!std::is_same_v<K, engine::NoKey>) {
        record.key = text_form(slot.key, key);
      }
      record.value = text_form(slot.value, value);
    }
    for (; trace != base.traces.end() && trace->index == index; ++trace) {
      record.followed = &trace->context;
    }
    out.put(record);
    ++index;
  }
}

[[nodiscard]] std::shared_ptr<const engine::AnySinkConnector> make_sink(
    std::string_view url, const rheon::kafka::SinkOptions& options, PutRecords put);

}  // namespace connect::kafka

namespace kafka {

/// Writes each record to a topic, "kafka://HOST:PORT[,HOST:PORT...]/TOPIC": its key, if it has one,
/// its value, and its event time as timestamp. Text and bytes are written as they are, everything
/// else as columns of CSV (connect/files/csv_format.h); of a kafka::Record its key, value and
/// headers. A record that is followed has the header `traceparent`. Records of a key stand in one
/// partition, which is the one that Kafka's own producers choose. Exactly once: each epoch is a
/// transaction, and who reads with `read_committed` sees it as a whole or not at all; the topic
/// JOB.commit keeps account. With --guarantee at-least-once records are seen at once, and those of
/// an epoch that a crash cut off are written again. Brokers from 3.9 on.
///
///     counts.to("kafka", kafka::out("kafka://localhost:9092/counts"))
class Out {
 public:
  Out(std::string url, const SinkOptions& options);

  template <class K, class T>
  [[nodiscard]] std::shared_ptr<const engine::AnySinkConnector> bind() const {
    static_assert(
        std::is_same_v<T, Record> ||
            ((std::is_same_v<K, engine::NoKey> || connect::csv::writable<K>()) &&
             connect::csv::writable<T>()),
        "kafka::out cannot write records of this type: use text, bytes, numbers, times, structs "
        "with RHEON_FIELDS, or kafka::Record");
    return connect::kafka::make_sink(url_, options_, &connect::kafka::put_records<K, T>);
  }

 private:
  std::string url_;
  SinkOptions options_;
};

[[nodiscard]] inline Out out(std::string url, const SinkOptions& options = {}) {
  return {std::move(url), options};
}

}  // namespace kafka
}  // namespace rheon
