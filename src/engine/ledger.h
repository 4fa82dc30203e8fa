#pragma once

// Every record is accounted for: each input of an operator gets exactly one disposition, and what
// an edge has sent it has delivered. Counted per batch on the shards, added up by the coordinator,
// kept in the commit as facts "ledger/<what>", cumulative since the lineage began; but
// "operator/<name>/at_rest", the entries of state that an operator holds, is as of the commit.

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "engine/operator_counters.h"

namespace rheon::engine {

/// One line that does not add up.
struct Imbalance {
  std::string what;  // the edge's or operator's name
  std::string sentence;
};

/// The cumulative counters of a job.
class Ledger {
 public:
  using Counters = std::map<std::string, std::uint64_t, std::less<>>;

  void add(const LedgerEntry& entry);
  void set(std::string_view name, std::uint64_t count);
  /// Entries of state that the operator holds: "operator/<name>/at_rest". Returns the counters that
  /// it has changed.
  std::vector<std::string> set_at_rest(const std::string& operator_name, std::uint64_t entries);
  [[nodiscard]] const Counters& counters() const { return counters_; }
  [[nodiscard]] std::uint64_t get(std::string_view name) const;
  /// Records of all sources, operators and edges, and timers, that went to the quarantine stream.
  [[nodiscard]] std::uint64_t quarantined() const;
  /// Edges that have not delivered what was sent, operators whose inputs are not all accounted for
  /// or whose state is not what was created and not removed. At a barrier nothing is in flight, so
  /// there must be none.
  [[nodiscard]] std::vector<Imbalance> imbalances() const;

 private:
  void check_state(const std::string& operator_name, std::uint64_t at_rest,
                   std::vector<Imbalance>& out_imbalances) const;

  Counters counters_;
};

}  // namespace rheon::engine
