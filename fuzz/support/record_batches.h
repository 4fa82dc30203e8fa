#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/crc32c.h"
#include "kafka/wire/reader.h"
#include "kafka/wire/record_batch.h"
#include "kafka/wire/writer.h"

namespace rheon::fuzz {

// Where the fields of a record batch stand (kafka/wire/record_batch.h).
inline constexpr std::size_t kLengthAt = 8;
inline constexpr std::size_t kBehindLength = 12;
inline constexpr std::size_t kChecksumAt = 17;
inline constexpr std::size_t kCovered = 21;

/// Record batches with checksums that are right: else nothing behind them would be reached.
inline std::string sealed_batches(std::string_view bytes) {
  namespace wire = kafka::wire;
  std::string out(bytes);
  for (std::size_t at = 0; out.size() - at >= wire::RecordBatch::kHeaderBytes;) {
    wire::Reader in(std::string_view(out).substr(at + kLengthAt));
    const auto length = in.integer<std::int32_t>();
    if (length < static_cast<std::int32_t>(wire::RecordBatch::kHeaderBytes - kBehindLength) ||
        static_cast<std::size_t>(length) > out.size() - at - kBehindLength) {
      break;
    }
    const std::size_t end = at + kBehindLength + static_cast<std::size_t>(length);
    const std::string_view covered =
        std::string_view(out).substr(at + kCovered, end - at - kCovered);
    wire::Writer::put_integer(out.data() + at + kChecksumAt, crc32c(covered));
    at = end;
  }
  return out;
}

}  // namespace rheon::fuzz
