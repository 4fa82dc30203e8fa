#pragma once

// Batches as they stand in a partition: with an offset, and what brokers write there themselves.

#include <cstdint>
#include <string>
#include <string_view>

#include "base/crc32c.h"
#include "kafka/wire/record_batch.h"
#include "kafka/wire/writer.h"

namespace rheon::kafka::fake {

inline constexpr std::int16_t kControl = 32;  // attribute

/// Sets what a batch's header says, with its checksum.
inline void place_batch(std::string& batch, std::int64_t base_offset,
                        std::int16_t more_attributes = 0) {
  wire::Writer::put_integer(batch.data(), base_offset);
  batch[22] = static_cast<char>(batch[22] | more_attributes);
  wire::Writer::put_integer(batch.data() + 17, crc32c(std::string_view(batch).substr(21)));
}

/// The end of a transaction.
inline std::string marker(std::int64_t offset, std::int64_t producer, bool commit,
                          std::int16_t epoch = 0) {
  std::string key;
  wire::Writer key_writer(key);
  key_writer.integer<std::int16_t>(0);
  key_writer.integer<std::int16_t>(commit ? 1 : 0);
  std::string out;
  wire::RecordBatchWriter writer(out, 0);
  writer.begin(0, key, std::string(6, '\0'));
  writer.finish({producer, epoch, -1, true});
  place_batch(out, offset, kControl);
  return out;
}

}  // namespace rheon::kafka::fake
