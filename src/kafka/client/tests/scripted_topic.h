#pragma once

// A topic on brokers that a test has written: its metadata, its records, where its partitions begin
// and end.

#include <algorithm>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "kafka/client/error_codes.h"
#include "kafka/fake/scripted_broker.h"
#include "kafka/wire/record_batch.h"
#include "kafka/wire/writer.h"

namespace rheon::kafka::testing {

using fake::Asked;
using fake::ScriptedBroker;

class ScriptedTopic {
 public:
  struct Stored {
    Stored(const char* text) : value(text) {}  // NOLINT: a record is its value, mostly
    Stored(std::string key_text, std::optional<std::string> text, std::int64_t time)
        : key(std::move(key_text)), value(std::move(text)), timestamp(time) {}
    std::optional<std::string> key;
    std::optional<std::string> value;
    std::int64_t timestamp = 0;
  };
  /// A partition as its leader keeps it.
  struct Log {
    std::int64_t start = 0;
    std::vector<Stored> values;
    std::int16_t error = 0;                    // that a fetch is answered with
    std::vector<std::int16_t> produce_errors;  // that the next batches are answered with
    std::int64_t hole_at = -1;                 // an offset that is not there
    std::int32_t written_by = -1;              // epoch of the leader of all records
    std::optional<std::int64_t> cut_at;        // what later leaders have of them
    std::int64_t in_transaction = 0;           // records at the end whose transaction is open
    std::int16_t check_error = 0;              // that the next question for epochs is answered with

    [[nodiscard]] std::int64_t end() const {
      return start + static_cast<std::int64_t>(values.size());
    }
  };

  ScriptedTopic(std::string topic_name, wire::Uuid topic_id)
      : name(std::move(topic_name)), id(topic_id) {}

  /// What this node says: of the topic, and to who reads it. `brokers`: Metadata without topics.
  void stand_on(std::int32_t node, ScriptedBroker& broker, const wire::MetadataResponse& brokers) {
    broker.on<wire::Metadata>([this, brokers](const Asked&) { return metadata(brokers); });
    broker.on_key(wire::Fetch::kKey,
                  [this, node](const Asked& asked) { return fetch(node, asked); });
    broker.on_key(wire::Produce::kKey,
                  [this, node](const Asked& asked) { return produce(node, asked); });
    broker.on<wire::OffsetForLeaderEpoch>(
        [this, node](const Asked& asked) { return ends_of_epochs(node, asked); });
    broker.on<wire::DescribeConfigs>([this](const Asked&) { return settings(); });
    broker.on<wire::ListOffsets>([this, node](const Asked& asked) { return offsets(node, asked); });
  }

  std::string name;
  wire::Uuid id;
  std::int16_t error = 0;                                        // of the whole topic
  std::int32_t epoch = 1;                                        // of all leaders
  std::map<std::int32_t, std::int32_t> leaders{{0, 1}, {1, 2}};  // by partition
  std::map<std::int32_t, Log> logs;
  std::optional<std::string> cleanup_policy = "delete";  // none: nobody may see it
  std::int32_t throttle_ms = 0;  // that the next answer to Fetch or Produce brings
  int fetches = 0;
  int checks = 0;
  std::vector<std::string> produced;  // "partition:values" of each batch that came, in order
  bool swallow_produced = false;      // it is written, and nobody hears of it
  std::int16_t offsets_error = 0;     // that a question for offsets is answered with

 private:
  /// Records [offset, offset + 2) of the log, in a batch.
  static std::string batch_at(const Log& log, std::int64_t offset) {
    offset += offset == log.hole_at ? 1 : 0;
    if (offset >= log.end()) {
      return "";
    }
    std::string out;
    const auto at = [&](std::int64_t i) -> const Stored& {
      return log.values[static_cast<std::size_t>(i - log.start)];
    };
    wire::RecordBatchWriter writer(out, at(offset).timestamp);
    for (std::int64_t i = offset; i < std::min(offset + 2, log.end()); ++i) {
      writer.begin(at(i).timestamp, at(i).key, at(i).value);
    }
    writer.finish({});
    wire::Writer::put_integer(out.data(), offset);
    wire::Writer::put_integer(out.data() + 12, log.written_by);
    return out;
  }

  wire::MetadataResponse metadata(wire::MetadataResponse response) const {
    wire::MetadataResponse::Topic topic;
    topic.name = name;
    topic.topic_id = id;
    topic.error_code = error;
    for (const auto& [index, leader] : leaders) {
      wire::MetadataResponse::Partition partition;
      partition.partition_index = index;
      partition.leader_id = leader;
      partition.leader_epoch = epoch;
      topic.partitions.push_back(partition);
    }
    response.topics.push_back(topic);
    return response;
  }
  wire::DescribeConfigsResponse settings() const {
    wire::DescribeConfigsResponse response;
    wire::DescribeConfigsResponse::Resource told;
    told.resource_type = 2;
    told.resource_name = name;
    if (cleanup_policy.has_value()) {
      told.configs.emplace_back();
      told.configs.back().name = "cleanup.policy";
      told.configs.back().value = *cleanup_policy;
    }
    response.results.push_back(told);
    return response;
  }
  std::string fetch(std::int32_t node, const Asked& asked) {
    const auto request = wire::read_message<wire::FetchRequest>(asked.body);
    ++fetches;
    wire::FetchResponse response;
    response.throttle_time_ms = std::exchange(throttle_ms, 0);
    if (response.throttle_time_ms > 0) {  // without records, as brokers do
      return ScriptedBroker::encode<wire::Fetch>(response);
    }
    std::deque<std::string> records;
    for (const auto& topic : request->topics) {
      response.responses.push_back({topic.topic_id, {}});
      for (const auto& wanted : topic.partitions) {
        const Log& log = logs[wanted.partition];
        wire::FetchResponse::Partition told;
        told.partition_index = wanted.partition;
        told.high_watermark = log.end();
        told.last_stable_offset = log.end() - log.in_transaction;
        told.log_start_offset = log.start;
        if (log.error != 0) {
          told.error_code = log.error;
        } else if (leaders[wanted.partition] != node) {
          told.error_code = kNotLeader;
        } else if (wanted.fetch_offset < log.start || wanted.fetch_offset > log.end()) {
          told.error_code = kOffsetOutOfRange;
          told.log_start_offset = -1;  // as brokers do
        } else {
          told.records = records.emplace_back(batch_at(log, wanted.fetch_offset));
        }
        response.responses.back().partitions.push_back(told);
      }
    }
    return ScriptedBroker::encode<wire::Fetch>(response);
  }
  wire::OffsetForLeaderEpochResponse ends_of_epochs(std::int32_t node, const Asked& asked) {
    const auto request = wire::read_message<wire::OffsetForLeaderEpochRequest>(asked.body);
    ++checks;
    wire::OffsetForLeaderEpochResponse response;
    for (const auto& topic : request->topics) {
      response.topics.push_back({name, {}});
      for (const auto& wanted : topic.partitions) {
        Log& log = logs[wanted.partition];
        const std::int16_t no_leader = leaders[wanted.partition] == node ? 0 : kNotLeader;
        const std::int16_t failure = std::exchange(log.check_error, 0);
        response.topics.back().partitions.push_back({failure != 0 ? failure : no_leader,
                                                     wanted.partition, wanted.leader_epoch,
                                                     log.cut_at.value_or(log.end())});
      }
    }
    return response;
  }
  std::string produce(std::int32_t node, const Asked& asked) {
    const auto request = wire::read_message<wire::ProduceRequest>(asked.body);
    wire::ProduceResponse response;
    response.throttle_time_ms = std::exchange(throttle_ms, 0);
    for (const auto& topic : request->topic_data) {
      response.responses.push_back({topic.name, {}});
      for (const auto& wanted : topic.partition_data) {
        wire::ProduceResponse::Partition told;
        told.index = wanted.index;
        told.error_code = append(node, wanted.index, *wanted.records);
        response.responses.back().partition_responses.push_back(told);
      }
    }
    return swallow_produced ? "" : ScriptedBroker::encode<wire::Produce>(response);
  }
  /// As a leader checks what an idempotent producer writes.
  std::int16_t append(std::int32_t node, std::int32_t partition, std::string_view bytes) {
    wire::RecordBatches batches(bytes);
    const auto batch = batches.next();
    if (!batch.has_value() || !batch->has_value()) {
      return kCorruptMessage;
    }
    const wire::RecordBatch& come = **batch;
    std::vector<Stored> values;
    wire::RecordReader records(come, come.payload);
    std::string shown = std::to_string(partition) + ":";
    for (wire::Record record; records.next(record);) {
      values.emplace_back(std::string(record.key.value_or("")), std::string(*record.value),
                          record.timestamp);
      shown += *record.value;
    }
    produced.push_back(shown);
    Log& log = logs[partition];
    if (!log.produce_errors.empty()) {
      const std::int16_t refusal = log.produce_errors.front();
      log.produce_errors.erase(log.produce_errors.begin());
      if (refusal != 0) {
        return refusal;
      }
    }
    if (leaders[partition] != node) {
      return kNotLeader;
    }
    auto& [epoch_of, next] = sequences_[{partition, come.producer_id}];
    if (epoch_of != come.producer_epoch) {
      epoch_of = come.producer_epoch;
      next = 0;
    }
    if (come.base_sequence < next) {
      return kDuplicateSequenceNumber;
    }
    if (come.base_sequence > next) {
      return kOutOfOrderSequenceNumber;
    }
    next += come.records;
    log.values.insert(log.values.end(), values.begin(), values.end());
    return 0;
  }
  wire::ListOffsetsResponse offsets(std::int32_t node, const Asked& asked) {
    const auto request = wire::read_message<wire::ListOffsetsRequest>(asked.body);
    wire::ListOffsetsResponse response;
    for (const auto& topic : request->topics) {
      response.topics.push_back({name, {}});
      for (const auto& wanted : topic.partitions) {
        wire::ListOffsetsResponse::Partition told;
        told.partition_index = wanted.partition_index;
        if (offsets_error != 0 || leaders[wanted.partition_index] != node) {
          told.error_code = offsets_error != 0 ? offsets_error : kNotLeader;
        } else {
          told.offset = offset_at(logs[wanted.partition_index], wanted.timestamp);
        }
        response.topics.back().partitions.push_back(told);
      }
    }
    return response;
  }
  static std::int64_t offset_at(const Log& log, std::int64_t time) {
    constexpr std::int64_t kLatest = -1;
    if (time < 0) {
      return time == kLatest ? log.end() : log.start;
    }
    const auto at = std::find_if(log.values.begin(), log.values.end(),
                                 [time](const Stored& one) { return one.timestamp >= time; });
    return at == log.values.end() ? -1 : log.start + (at - log.values.begin());
  }

  static constexpr std::int16_t kNotLeader = 6;
  static constexpr std::int16_t kCorruptMessage = 2;
  /// By partition and producer: its epoch and the sequence that comes next.
  std::map<std::pair<std::int32_t, std::int64_t>, std::pair<std::int16_t, std::int32_t>> sequences_;
};

}  // namespace rheon::kafka::testing
