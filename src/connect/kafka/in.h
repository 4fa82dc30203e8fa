#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/types.h"
#include "connect/kafka/message.h"
#include "connect/source.h"
#include "kafka/client/security.h"

namespace rheon::kafka {

enum class Start : std::uint8_t { kEarliest, kLatest };

struct SourceOptions {
  /// Of partitions that are there at the job's first start; those that appear later are read from
  /// their first record on.
  Start start = Start::kEarliest;
  /// In place of `start`: the first record that is not older.
  std::optional<EventTime> start_at = std::nullopt;
  /// Before both: where this consumer group, of another program, has committed to be. Partitions of
  /// which it has committed nothing begin as `start` or `start_at` says.
  std::string start_of_group = {};
  /// Records of open and aborted transactions are not seen.
  bool read_committed = true;
  /// Longer records go to the quarantine stream.
  std::size_t max_record_bytes = 1 << 20;
  /// Offsets may be missing in the middle of the topic, which was compacted once. Of one that is
  /// compacted now they may always be.
  bool allow_gaps = false;
  Security security = {};
};

/// Whether a text is meant as a place in Kafka, for jobs that take several kinds of input.
[[nodiscard]] bool is_url(std::string_view text);

/// The values of a topic's records, as their bytes: "kafka://HOST:PORT[,HOST:PORT...]/TOPIC". TOPIC
/// may be a pattern, in which '*' stands for any characters and '?' for one; no pattern matches the
/// topics of Kafka's own, or the job's JOB.commit. The record's timestamp is its event time. New
/// partitions, and new topics of a pattern, are found within half a minute; with --stop-at-end each
/// is read up to where it ends at the start. A record without a value goes to the quarantine
/// stream. Brokers from 3.9 on.
///
///     job.from("words", kafka::values("kafka://localhost:9092/words"))
[[nodiscard]] Source<std::string_view> values(std::string url, const SourceOptions& options = {});
/// The same with the records' keys; both may be missing.
[[nodiscard]] Source<Message> messages(std::string url, const SourceOptions& options = {});
/// The same with where each stood, and its headers.
[[nodiscard]] Source<Record> records(std::string url, const SourceOptions& options = {});

}  // namespace rheon::kafka
