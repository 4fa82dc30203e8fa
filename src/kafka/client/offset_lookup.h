#pragma once

// Where partitions begin, end, or stood at a time: one question to the leader of each.

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "kafka/client/backoff.h"
#include "kafka/client/cluster.h"
#include "kafka/client/link.h"

namespace rheon::kafka {

struct OffsetQuestion {
  static constexpr std::int64_t kLatest = -1;    // behind the last record that can be read
  static constexpr std::int64_t kEarliest = -2;  // the first record that is still there

  std::string topic;  // one that the cluster watches
  std::int32_t partition = 0;
  /// One of the above, or milliseconds since 1970: the first record that is not older.
  std::int64_t time = kLatest;
};

/// Asks once. Used by one thread; nothing blocks.
class OffsetLookup {
 public:
  /// No partition may stand twice among the questions, which are sorted by topic.
  OffsetLookup(Cluster& cluster, env::Random& random, std::vector<OffsetQuestion> questions,
               bool read_committed = true);

  /// Moves on what is under way. The cluster's step() comes first.
  void step(env::Monotonic now);
  /// When step() must be called though nothing has come.
  [[nodiscard]] env::Monotonic deadline() const;

  [[nodiscard]] bool done() const { return unanswered_ == 0 || failure_.has_value(); }
  /// By question; -1: no record is that young. None: it is not answered.
  [[nodiscard]] const std::vector<std::optional<std::int64_t>>& offsets() const { return offsets_; }
  /// kRefused: there is no right to ask. Nothing goes on then.
  [[nodiscard]] const std::optional<Error>& failure() const { return failure_; }
  /// Why it takes so long; none: it does not.
  [[nodiscard]] const std::optional<Error>& trouble() const { return trouble_; }

 private:
  struct Leader {
    Leader(env::Random& random, const ClusterOptions& options)
        : backoff(random, options.first_wait, options.longest_wait) {}
    std::unique_ptr<Link> link;
    Backoff backoff;
    env::Monotonic ask_at{0};        // not before
    std::vector<std::size_t> asked;  // the questions of the request on its way
  };

  [[nodiscard]] Status converse(std::int32_t node, Leader& leader, env::Monotonic now);
  /// The questions that this node can answer as far as is known, and that are open.
  [[nodiscard]] std::vector<std::size_t> questions_to(std::int32_t node) const;
  void ask(Leader& leader, std::vector<std::size_t> questions, env::Monotonic now);
  [[nodiscard]] Status take(Leader& leader, const Response& response, env::Monotonic now);
  void take(std::size_t question, const wire::ListOffsetsResponse::Partition& told);
  [[nodiscard]] const PartitionInfo* place_of(const OffsetQuestion& question) const;
  void lost(Leader& leader, const Error& why, env::Monotonic now);

  Cluster& cluster_;
  env::Random& random_;
  std::vector<OffsetQuestion> questions_;
  bool read_committed_;
  std::vector<std::optional<std::int64_t>> offsets_;  // by question
  std::size_t unanswered_;
  std::map<std::int32_t, Leader> leaders_;  // by node
  std::optional<Error> failure_;
  std::optional<Error> trouble_;
};

}  // namespace rheon::kafka
