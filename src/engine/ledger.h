#pragma once

// Every record is accounted for: each input of an operator gets exactly one disposition, and what
// an edge has sent it has delivered. Counted per batch on the shards, added up by the coordinator,
// kept in the commit as facts "ledger/<what>" (cumulative since the lineage began).

#include <cstdint>
#include <map>
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
  // Entries of keyed state that a ttl has removed.
  std::uint64_t expired = 0;

  void drop(std::string_view reason, std::uint64_t count = 1);
  /// Appends what has been counted under the operator's name and starts again from zero.
  void report(const std::string& name, std::vector<LedgerEntry>& out_entries);
};

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
  [[nodiscard]] const Counters& counters() const { return counters_; }
  [[nodiscard]] std::uint64_t get(std::string_view name) const;
  /// Records of all sources and operators that went to the quarantine stream.
  [[nodiscard]] std::uint64_t quarantined() const;
  /// Edges that have not delivered what was sent, operators whose inputs are not all accounted for.
  /// At a barrier nothing is in flight, so there must be none.
  [[nodiscard]] std::vector<Imbalance> imbalances() const;

 private:
  Counters counters_;
};

}  // namespace rheon::engine
