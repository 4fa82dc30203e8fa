#pragma once

// What an operator counts for the ledger (engine/ledger.h).

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace rheon::engine {

/// "operator/<name>/in", "edge/<name>/sent", ... and by how much it has grown in an epoch.
struct LedgerEntry {
  std::string name;
  std::uint64_t count = 0;
};

/// A counter's name taken apart. Names of operators and edges hold no slash, reasons of drops may.
struct CounterName {
  std::string_view kind;   // "operator" or "edge"
  std::string_view owner;  // the operator's or edge's name
  std::string_view what;   // "in", "dropped/<reason>", "sent", ...
};
[[nodiscard]] CounterName parse_counter(std::string_view counter);

/// Counters of one operator on one shard in the running epoch.
struct OperatorCounters {
  std::uint64_t in = 0;
  // Dispositions of inputs; they add up to `in`.
  std::uint64_t emitted = 0;
  std::uint64_t absorbed = 0;
  std::uint64_t late = 0;
  std::uint64_t quarantined = 0;
  std::vector<std::pair<std::string, std::uint64_t>> dropped;  // by reason
  // Outputs by origin.
  std::uint64_t out = 0;
  std::uint64_t out_from_timers = 0;
  // Timers that have fired, and those of them that threw. A timer is no input.
  std::uint64_t timers = 0;
  std::uint64_t quarantined_timers = 0;
  // Entries of keyed state, timers included. A ttl ends an entry: it is removed, or begins anew.
  std::uint64_t created = 0;
  std::uint64_t removed = 0;
  std::uint64_t expired = 0;

  void drop(std::string_view reason, std::uint64_t count = 1);
  /// Appends what has been counted under the operator's name and starts again from zero.
  void report(const std::string& name, std::vector<LedgerEntry>& out_entries);
};

}  // namespace rheon::engine
