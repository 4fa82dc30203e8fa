#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "kafka/wire/fields.h"

namespace rheon::connect::kafka {

/// Where a partition is read on: docs/formats/facts.md.
struct PartitionPosition {
  rheon::kafka::wire::Uuid topic_id;  // a topic that was made anew is another one
  std::int64_t offset = 0;            // of the next record
  std::optional<std::int64_t> until;  // read up to here, and no further
  std::int32_t leader_epoch = -1;     // of whoever has written the record before; -1: not known
  bool gapless = false;               // the topic is not compacted: no offset may be missing
};

[[nodiscard]] std::string encode(const PartitionPosition& position);
[[nodiscard]] Result<PartitionPosition> decode_position(std::string_view bytes);

}  // namespace rheon::connect::kafka
