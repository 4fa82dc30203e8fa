#pragma once

// Under which keys the engine keeps its facts in the log, and how numbers stand in them. Named
// things follow their prefix: "position/<source>/<partition>", "sink/<sink>/<what>",
// "watermark/<operator>", "ledger/<counter>", "state/<id>" (engine/catalog.h).

#include <cstdint>
#include <string>
#include <string_view>

#include "codec/wire.h"
#include "log/log.h"

namespace rheon::engine {

inline constexpr std::string_view kClockFact = "clock";
inline constexpr std::string_view kDecisionFact = "decision";  // engine/decider.h
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

/// Keys of the result are the sink's own.
[[nodiscard]] inline log::Facts facts_of_sink(const log::Facts& all, const std::string& sink) {
  const std::string prefix = std::string(kSinkPrefix) + sink + "/";
  log::Facts result;
  for (auto at = all.lower_bound(prefix); at != all.end() && at->first.starts_with(prefix); ++at) {
    result.emplace(at->first.substr(prefix.size()), at->second);
  }
  return result;
}

}  // namespace rheon::engine
