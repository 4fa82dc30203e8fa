#pragma once

// What one shard contributes to a commit. Filled on the shard after the barrier has passed, then
// handed to the coordinator.

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/types.h"
#include "codec/delta.h"
#include "engine/decider.h"
#include "engine/ledger.h"
#include "engine/watermarks.h"
#include "env/clock.h"
#include "log/log.h"
#include "observe/trace.h"

namespace rheon::engine {

/// Key groups [first, last] of an operator that have reached this watermark.
struct WatermarkRun {
  std::string operator_name;
  std::uint32_t first = 0;
  std::uint32_t last = 0;
  EventTime watermark;
};

struct EpochPart {
  Epoch epoch;
  ShardId shard;
  EventTime now;  // the shard's job clock: what comes after the epoch must not see an earlier one
  codec::DeltaWriter delta;
  codec::DeltaWriter written_early;  // entries written before their turn; applies after `delta`
  std::vector<log::Slice> slices;
  std::vector<log::FactChange> facts;
  std::vector<log::StreamAppend> appends;
  std::vector<Outgoing> outgoing;
  std::vector<LedgerEntry> ledger;  // increments of this epoch
  std::vector<WatermarkRun> watermarks;
  std::vector<std::pair<std::string, std::uint64_t>> at_rest;  // entries of state, by operator
  std::map<std::string, std::string, std::less<>> quarantine_reasons;  // by operator, one and why
  std::vector<std::pair<std::string, SourceTime>> source_times;        // of the sources, by name
  std::vector<observe::Span> spans;
  std::uint64_t state_bytes = 0;  // of its tables, without what values keep elsewhere in memory
  std::uint64_t state_keys = 0;
  env::Monotonic captured_in{0};  // time the shard has spent on capturing this epoch
  bool sources_ended = true;      // every source task of this shard has read its input to the end
};

}  // namespace rheon::engine
