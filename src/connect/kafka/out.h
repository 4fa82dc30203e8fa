#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "base/types.h"
#include "connect/kafka/text_form.h"
#include "engine/batch.h"
#include "kafka/client/security.h"

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

/// Where the records of a writer go.
class TopicRecords {
 public:
  virtual void put(std::optional<std::string_view> key, std::string_view value, EventTime time) = 0;

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
  for (const engine::Slot<K, T>& record : static_cast<const engine::Batch<K, T>&>(base).slots) {
    if constexpr (std::is_same_v<K, engine::NoKey>) {
      out.put(std::nullopt, text_form(record.value, value), record.time);
    } else {
      out.put(text_form(record.key, key), text_form(record.value, value), record.time);
    }
  }
}

[[nodiscard]] std::shared_ptr<const engine::AnySinkConnector> make_sink(
    std::string_view url, const rheon::kafka::SinkOptions& options, PutRecords put);

}  // namespace connect::kafka

namespace kafka {

/// Writes each record to a topic, "kafka://HOST:PORT[,HOST:PORT...]/TOPIC": its key, if it has one,
/// its value, and its event time as timestamp. Text and bytes are written as they are, everything
/// else as columns of CSV (connect/files/csv_format.h). Records of a key stand in one partition,
/// which is the one that Kafka's own producers choose. Exactly once: each epoch is a transaction,
/// and who reads with `read_committed` sees it as a whole or not at all; the topic JOB.commit keeps
/// account. With --guarantee at-least-once records are seen at once, and those of an epoch that a
/// crash cut off are written again. Brokers from 3.9 on.
///
///     counts.to("kafka", kafka::out("kafka://localhost:9092/counts"))
class Out {
 public:
  Out(std::string url, const SinkOptions& options);

  template <class K, class T>
  [[nodiscard]] std::shared_ptr<const engine::AnySinkConnector> bind() const {
    static_assert(
        (std::is_same_v<K, engine::NoKey> || connect::csv::writable<K>()) &&
            connect::csv::writable<T>(),
        "kafka::out cannot write records of this type: use text, bytes, numbers, times or "
        "structs with RHEON_FIELDS");
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
