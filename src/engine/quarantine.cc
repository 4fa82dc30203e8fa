#include "engine/quarantine.h"

#include "codec/value.h"

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

}  // namespace

log::files::StreamDeclaration quarantine_declaration() {
  log::files::StreamDeclaration declaration;
  declaration.name = kQuarantineStream;
  declaration.partitions = 1;
  declaration.type = codec::ValueCodec<QuarantineRecord>::schema();
  return declaration;
}

void take_quarantined(ShardContext& shard, EpochPart& part) {
  if (shard.quarantined.empty()) {
    return;
  }
  log::StreamAppend append;
  append.stream = kQuarantineStream;
  append.records = static_cast<std::uint32_t>(shard.quarantined.size());
  append.max_time = EventTime::min();
  codec::put_varint(append.batch, shard.quarantined.size());
  for (const Quarantined& record : shard.quarantined) {
    append.max_time = std::max(append.max_time, record.time);
    codec::ValueCodec<QuarantineRecord>::encode(
        {record.operator_name, record.place, record.reason, record.record}, append.batch);
  }
  part.appends.push_back(std::move(append));
  shard.quarantined.clear();
}

}  // namespace rheon::engine
