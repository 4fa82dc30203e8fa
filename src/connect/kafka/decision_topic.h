#pragma once

// `<job>.commit`, the topic with a job's decisions, for who can wait: before the job runs.

#include <chrono>
#include <optional>
#include <string>

#include "base/result.h"
#include "connect/kafka/patient_cluster.h"
#include "connect/kafka/place.h"
#include "engine/decider.h"
#include "env/env.h"
#include "kafka/client/access.h"
#include "kafka/client/transactions.h"

namespace rheon::connect::kafka {

/// Blocks for up to thirty seconds in all; an error says why no answer came.
class DecisionTopic {
 public:
  /// `place`: of the topic; must outlive it.
  DecisionTopic(env::Env& env, const TopicPlace& place, const client::Access& access);

  /// Makes it when it is not there: one partition, in which the last decision of a lineage stays.
  /// Refuses one that may lose it.
  [[nodiscard]] Status make();
  /// Ends what an earlier process has left open under this transactional id.
  [[nodiscard]] Result<client::ProducerIdentity> fence(const std::string& transactional_id,
                                                       std::chrono::milliseconds timeout);
  /// The last decision that can be seen now; none: there is none.
  [[nodiscard]] Result<std::optional<engine::Decision>> seen();
  /// The last decision, once every transaction has ended that is open now: at the latest when the
  /// brokers end it.
  [[nodiscard]] Result<std::optional<engine::Decision>> last();

 private:
  [[nodiscard]] Result<bool> is_there();
  [[nodiscard]] Status create();
  [[nodiscard]] Status check_settings();
  /// Of the first record, or behind the last one; `committed`: that can be read now.
  [[nodiscard]] Result<std::int64_t> find_offset(std::int64_t time, bool committed);
  /// The last decision among the records in front of `end`.
  [[nodiscard]] Result<std::optional<engine::Decision>> last_before(std::int64_t end);
  /// The last decision among the records of [from, to).
  [[nodiscard]] Result<std::optional<engine::Decision>> last_of(std::int64_t from, std::int64_t to);

  const TopicPlace& place_;
  PatientCluster patient_;
};

}  // namespace rheon::connect::kafka
