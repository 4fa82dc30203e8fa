#include "engine/quarantine.h"

#include <utility>

#include "codec/stream_batch.h"
#include "codec/value.h"
#include "engine/user_code.h"

namespace rheon::engine {

namespace {

/// A quarantined record as it stands in the stream.
struct QuarantineRecord {
  std::string_view operator_name;
  std::string_view place;
  std::string_view reason;
  std::string_view record;
};
RHEON_FIELDS(QuarantineRecord, operator_name, place, reason, record)

[[nodiscard]] std::string quarantine_type() {
  return codec::stream_type(codec::ValueCodec<QuarantineRecord>::schema());
}

}  // namespace

log::files::StreamDeclaration quarantine_declaration() {
  log::files::StreamDeclaration declaration;
  declaration.name = kQuarantineStream;
  declaration.partitions = 1;
  declaration.type = quarantine_type();
  return declaration;
}

void ShardContext::fail(Error reason) {
  if (!error.has_value()) {
    error = std::move(reason);
  }
}

void ShardContext::quarantine(Quarantined record) {
  if (record.record.size() > kMaxQuarantinedBytes) {
    record.record = record.record.substr(0, kMaxQuarantinedBytes);  // a copy: resize() keeps memory
  }
  QuarantineBuffer& buffer = behind_barrier ? quarantined_after : quarantined;
  buffer.bytes += record.place.size() + record.reason.size() + record.record.size();
  buffer.records.push_back(std::move(record));
}

void take_quarantined(ShardContext& shard, EpochPart& part) {
  const QuarantineBuffer taken =
      std::exchange(shard.quarantined, std::exchange(shard.quarantined_after, {}));
  if (taken.records.empty()) {
    return;
  }
  codec::StreamBatchWriter writer(codec::stream_type_id(quarantine_type()), /*keyed=*/false);
  for (const Quarantined& record : taken.records) {
    codec::ValueCodec<QuarantineRecord>::encode(
        {record.operator_name, record.place, record.reason, record.record},
        writer.begin(record.time));
    if (!part.quarantine_reasons.contains(record.operator_name)) {
      part.quarantine_reasons.emplace(record.operator_name,
                                      "'" + shown_record(record.record) + "'" +
                                          (record.place.empty() ? "" : " (" + record.place + ")") +
                                          " because \"" + record.reason + "\"");
    }
  }
  log::StreamAppend append;
  append.stream = kQuarantineStream;
  append.records = writer.records();
  append.max_time = writer.max_time();
  append.batch = writer.take({shard.shard.value, shard.shards, EventTime::none(), true});
  part.appends.push_back(std::move(append));
}

}  // namespace rheon::engine
