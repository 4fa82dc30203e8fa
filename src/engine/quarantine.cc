#include "engine/quarantine.h"

#include "codec/stream_batch.h"

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
}

}  // namespace rheon::engine
