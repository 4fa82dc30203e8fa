#pragma once

// What a consumer group has committed of partitions: read and written (OffsetFetch, OffsetCommit).

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "kafka/client/cluster.h"
#include "kafka/client/coordinator.h"
#include "kafka/client/link.h"
#include "kafka/client/membership.h"

namespace rheon::kafka {

struct GroupOffset {
  std::string topic;
  std::int32_t partition = 0;
  std::int64_t offset = 0;  // of the next record to be read
};

/// One group. Used by one thread; nothing blocks. One thing at a time: each verb waits for idle().
class GroupOffsets {
 public:
  GroupOffsets(Cluster& cluster, env::Random& random, std::string group);

  /// Offsets that a transaction is about to commit are waited for. No partition stands twice.
  void fetch(std::vector<std::pair<std::string, std::int32_t>> partitions);
  void commit(std::vector<GroupOffset> offsets, Membership as = {});

  /// Moves on what is under way. The cluster's step() comes first.
  void step(env::Monotonic now);
  /// When step() must be called though nothing has come.
  [[nodiscard]] env::Monotonic deadline() const { return coordinator_.deadline(!idle()); }

  /// What was asked for is done, or has failed for good.
  [[nodiscard]] bool idle() const { return todo_ == Todo::kNothing; }
  /// kRefused: no right, a name that cannot be. kIo: the group has gone on without the member that
  /// commits; some of the offsets may be committed.
  [[nodiscard]] const std::optional<Error>& failure() const { return failure_; }
  /// Why it takes so long; none: it does not.
  [[nodiscard]] const std::optional<Error>& trouble() const { return coordinator_.trouble(); }
  /// By partition of fetch(); none: nothing is committed of it.
  [[nodiscard]] const std::vector<std::optional<std::int64_t>>& offsets() const { return offsets_; }

 private:
  enum class Todo { kNothing, kFetch, kCommit };

  void begin(Todo todo);
  [[nodiscard]] Status converse(env::Monotonic now);
  void ask(env::Monotonic now);
  void ask_for_offsets(env::Monotonic now);
  void ask_to_commit(env::Monotonic now);
  [[nodiscard]] Status take_fetched(const Response& response, env::Monotonic now);
  [[nodiscard]] Status take_committed(const Response& response, env::Monotonic now);
  /// What an error code of the coordinator means; true: there is none.
  [[nodiscard]] Result<bool> judge(std::int16_t error, env::Monotonic now);
  void done();
  void fail_for_good(ErrorCode code, std::string sentence);

  std::string group_;
  Coordinator coordinator_;
  Todo todo_ = Todo::kNothing;
  std::vector<std::pair<std::string, std::int32_t>> partitions_;  // to be fetched, sorted
  std::vector<std::size_t> place_;                                // of each, as it was given
  std::vector<GroupOffset> to_commit_;                            // sorted
  Membership as_;
  std::vector<std::optional<std::int64_t>> offsets_;
  std::optional<Error> failure_;
};

}  // namespace rheon::kafka
