#pragma once

// Under which keys the engine keeps its facts in the log, and how numbers stand in them. Named
// things follow their prefix: "position/<source>/<partition>", "sink/<sink>/<what>",
// "watermark/<operator>", "ledger/<counter>", "state/<id>" (engine/catalog.h).

#include <cstdint>
#include <string>
#include <string_view>

#include "codec/wire.h"

namespace rheon::engine {

inline constexpr std::string_view kClockFact = "clock";
inline constexpr std::string_view kLedgerPrefix = "ledger/";
inline constexpr std::string_view kPositionPrefix = "position/";
inline constexpr std::string_view kSinkPrefix = "sink/";
inline constexpr std::string_view kWatermarkPrefix = "watermark/";

[[nodiscard]] inline std::string encode_u64(std::uint64_t v) {
  std::string out;
  codec::put_u64(out, v);
  return out;
}
[[nodiscard]] inline std::uint64_t decode_u64(std::string_view value) {
  return codec::Reader(value).u64();
}

}  // namespace rheon::engine
