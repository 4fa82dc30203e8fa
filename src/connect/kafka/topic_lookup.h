#pragma once

// What a cluster says of a topic, for who can wait for it: before a job runs, or on an I/O thread.

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "connect/kafka/patient_cluster.h"
#include "connect/kafka/place.h"
#include "env/env.h"
#include "kafka/client/access.h"
#include "kafka/client/cluster.h"

namespace rheon::connect::kafka {

using PartitionKey = std::pair<std::string, std::int32_t>;  // topic, number
using Offsets = std::map<PartitionKey, std::int64_t>;
using Topics = std::map<std::string, client::TopicInfo, std::less<>>;

/// Blocks for up to ten seconds in all; an error says why no answer came.
class TopicLookup {
 public:
  /// `place` must outlive it.
  TopicLookup(env::Env& env, const TopicPlace& place, const client::Access& access);

  /// The topic, as the cluster knows it now, or all that match the pattern and that this user may
  /// see, except those of Kafka's own; empty: the cluster has none.
  [[nodiscard]] Result<Topics> find_topics();
  /// Of these topics those in which no offset is ever missing between others: they are not
  /// compacted. Not those of which this user may not know it.
  [[nodiscard]] Result<std::set<std::string, std::less<>>> gapless(const Topics& topics);
  /// Of partitions of topics that were found. `time`: as OffsetQuestion has it.
  [[nodiscard]] Result<Offsets> find_offsets(const std::vector<PartitionKey>& partitions,
                                             std::int64_t time, bool read_committed);

 private:
  const TopicPlace& place_;
  PatientCluster patient_;
};

}  // namespace rheon::connect::kafka
