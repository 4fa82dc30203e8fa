#pragma once

// What must hold of a simulated job, while it runs and in the end.

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "engine/ledger.h"
#include "engine/worker.h"
#include "env/fake/fake_env.h"
#include "sim/scenario.h"

namespace rheon::sim {

/// Errors that the simulator has caused: they may come, others may not.
struct Caused {
  std::uint32_t left = 0;  // have not been seen yet
  std::uint32_t in_all = 0;
  bool was_full = false;  // the disk, at some time

  void add() {
    ++left;
    ++in_all;
  }
  /// One of them has come.
  bool take() {
    const bool any = left > 0;
    left -= any ? 1 : 0;
    return any;
  }
};

class Oracles {
 public:
  Oracles(env::fake::FakeEnv& env, const Scenario& scenario, Caused& caused)
      : env_(env), scenario_(scenario), caused_(caused) {}

  enum class Look { kSometimes, kAlways };

  /// After a start and after each commit: epochs, the ledger, the job's clock and watermarks only
  /// go on, over restarts, too; and so does what readers are told is committed, which is looked at
  /// after one commit in four or `kAlways`.
  [[nodiscard]] Status check_progress(const engine::Worker& worker, Look at_committed);
  /// When the job has finished.
  [[nodiscard]] Status check_ledger(const engine::Ledger& ledger) const;
  /// When its process has gone.
  [[nodiscard]] Status check_end();
  /// The last that has been seen.
  [[nodiscard]] std::uint64_t epoch() const { return epoch_; }

 private:
  [[nodiscard]] Status check_fact(const std::string& key, const std::string& value);
  [[nodiscard]] Status check_watermarks(const std::string& key, const std::string& value);
  [[nodiscard]] Status check_committed_text();
  [[nodiscard]] Status check_topic() const;
  [[nodiscard]] Status check_files();
  [[nodiscard]] Status check_order(const std::string& file, const std::string& key,
                                   const std::vector<std::uint64_t>& values) const;
  [[nodiscard]] Status check_published(const std::string& file, std::uint64_t bytes);
  [[nodiscard]] Status check_log();

  env::fake::FakeEnv& env_;
  const Scenario& scenario_;
  Caused& caused_;
  std::uint64_t epoch_ = 0;
  std::int64_t job_clock_ = INT64_MIN;                           // as committed
  std::map<std::string, std::vector<std::int64_t>> watermarks_;  // by fact, key group
  std::map<std::string, std::uint64_t> counted_;                 // by fact
  std::map<std::string, std::string> committed_text_;            // by file
};

}  // namespace rheon::sim
