#include "engine/quarantine.h"

#include <utility>

#include "codec/stream_batch.h"
#include "codec/value.h"
#include "engine/user_code.h"
#include "log/files/stream_reader.h"

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

namespace {

[[nodiscard]] Status take_records(const log::files::StreamBatchView& view,
                                  std::vector<Quarantined>& into) {
  RHEON_ASSIGN(auto batch, codec::StreamBatchReader::open(
                               view.batch, codec::stream_type_id(quarantine_type())));
  EventTime time;
  while (batch.next(time)) {
    QuarantineRecord record;
    codec::ValueCodec<QuarantineRecord>::decode(batch.body(), record);
    into.push_back({std::string(record.operator_name), std::string(record.place),
                    std::string(record.reason), std::string(record.record), time});
  }
  return {};
}

}  // namespace

Result<std::vector<Quarantined>> read_quarantine(env::Files& files, const std::string& directory) {
  constexpr std::uint64_t kReadBytes = 1 << 20;
  RHEON_ASSIGN(const auto reader,
               log::files::open_stream(files, directory, std::string(kQuarantineStream)));
  RHEON_ASSIGN(log::files::StreamPosition position, reader->oldest(0));
  std::vector<Quarantined> records;
  for (;;) {
    RHEON_ASSIGN(const auto batches, reader->read(0, position, kReadBytes));
    if (batches.empty()) {
      return records;
    }
    for (const log::files::StreamBatchView& batch : batches) {
      RHEON_TRY(take_records(batch, records));
    }
    position.next_batch += batches.size();
  }
}

}  // namespace rheon::engine
