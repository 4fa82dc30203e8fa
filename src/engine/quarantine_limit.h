#pragma once

// A job that sends most of its input to quarantine does not do its work: it is stopped. Looks at
// what operators have counted within the last minute. On the coordinator's thread.

#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "engine/ledger.h"
#include "env/clock.h"

namespace rheon::engine {

class QuarantineLimit {
 public:
  static constexpr std::chrono::seconds kWindow{60};
  /// So many records may go to quarantine within a window whatever their share.
  static constexpr std::uint64_t kAlwaysAllowed = 100;

  /// Of the inputs of each operator, sources and the key_by of edges included, and of its timers;
  /// 100 never stops a job.
  explicit QuarantineLimit(std::uint32_t max_percent) : max_percent_(max_percent) {}

  /// What one shard has counted in an epoch that ended at `now`, which never goes back.
  void add(const std::vector<LedgerEntry>& entries, env::Monotonic now);
  /// Fails with a sentence when an operator is above the limit. `reasons`: of each
  /// operator a record that was quarantined, its place if it is known, and why, for the sentence.
  [[nodiscard]] Status check(const std::map<std::string, std::string, std::less<>>& reasons) const;

 private:
  struct Counts {
    std::chrono::seconds second{0};
    std::uint64_t in = 0;
    std::uint64_t quarantined = 0;
  };
  struct Operator {
    std::deque<Counts> seconds;  // those of the window
    Counts sum;
  };

  std::uint32_t max_percent_;
  std::map<std::pair<std::string, bool>, Operator> operators_;  // its records; true: its timers
};

}  // namespace rheon::engine
