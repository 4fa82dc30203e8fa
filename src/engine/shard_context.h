#pragma once

// What everything on one shard shares. Lives on the shard's thread.

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/types.h"
#include "engine/origins.h"
#include "env/clock.h"
#include "log/identity.h"
#include "observe/trace.h"

namespace rheon::env {
class Env;
class Waker;
}  // namespace rheon::env

namespace rheon::engine {

/// A record that could not be processed, with all that is known about it.
struct Quarantined {
  std::string operator_name;
  std::string place;  // where it comes from: "path:offset" for a source, else Origins::text()
  std::string reason;
  std::string record;  // its bytes, up to kMaxQuarantinedBytes
  EventTime time;
};
inline constexpr std::size_t kMaxQuarantinedBytes = 64 << 10;

struct QuarantineBuffer {
  std::vector<Quarantined> records;
  std::uint64_t bytes = 0;
};

/// How much a step does at most of what could stall a shard. Tests make them small.
struct StepBudgets {
  std::size_t encoded_bytes = 1 << 20;  // of a captured epoch
  std::size_t timers = 256;             // that fire in a burst
};

struct ShardContext {
  env::Env* env = nullptr;
  env::Waker* waker = nullptr;  // of this shard
  ShardId shard;
  std::uint32_t shards = 1;
  std::uint32_t key_groups = kDefaultKeyGroups;
  log::Identity identity;
  bool stop_at_end = false;
  bool decided_outside = false;  // epochs are, by who takes the records of some sinks
  std::uint64_t table_seed = 0;
  StepBudgets budgets;
  std::uint64_t max_uncommitted_bytes = UINT64_MAX;  // before an epoch is cut early
  std::uint32_t trace_every = 0;  // sample one record in so many at sources; 0: none

  const Origins* reading = nullptr;  // of the records that are being processed; null: of timers
  bool paused = false;               // sources read nothing new, see Shard::pause()
  const std::string* slow_sink = nullptr;  // that keeps this step from going on, by its name
  env::Monotonic slow_since{0};            // it has taken nothing since then
  bool slow_for_space = false;             // for want of space
  EventTime now;                           // the job's processing clock, as of this step
  env::Monotonic monotonic{0};

  std::optional<Error> error;          // the first reason to stop the job
  QuarantineBuffer quarantined;        // in the running epoch, by quarantine()
  QuarantineBuffer quarantined_after;  // in the next one, by tasks that have passed the barrier
  bool behind_barrier = false;         // the task that steps has, while others capture or align
  std::vector<observe::Span> spans;    // finished, not collected yet
  std::uint64_t records_in = 0;        // by sources, for the live line
  std::uint64_t records_out = 0;       // by sinks
  std::uint64_t activity = 0;          // changes when something must be committed
  std::uint64_t time_changes = 0;      // as activity, of what can wait for a second: watermarks
  bool capture_cut_off = false;        // by the step's budget: the next step goes on with it

  /// The record, cut to kMaxQuarantinedBytes, goes to the quarantine stream with the epoch of the
  /// task that steps.
  void quarantine(Quarantined record);
  /// Work that has begun then ends now, and is kept to be collected.
  void end_span(observe::Span span, env::Monotonic began);
  /// In words, where the records come from that are being processed.
  [[nodiscard]] std::string place() const;
  /// Stops the job with this sentence; the first one counts.
  void fail(Error reason);
};

}  // namespace rheon::engine
