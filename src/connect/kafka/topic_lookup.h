#pragma once

// What a cluster says of a topic, for who can wait for it: before a job runs, or on an I/O thread.

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "base/result.h"
#include "connect/kafka/patient_cluster.h"
#include "connect/kafka/place.h"
#include "env/env.h"
#include "kafka/client/access.h"
#include "kafka/client/cluster.h"

namespace rheon::connect::kafka {

using Offsets = std::map<std::int32_t, std::int64_t>;  // by partition

/// Blocks for up to ten seconds in all; an error says why no answer came.
class TopicLookup {
 public:
  /// `place` must outlive it.
  TopicLookup(env::Env& env, const TopicPlace& place, const client::Access& access);

  /// The topic, as the cluster knows it now; null: the cluster has none of this name.
  [[nodiscard]] Result<const client::TopicInfo*> find_topic();
  /// No offset of the topic is ever missing between others: it is not compacted. False also when
  /// this user may not know.
  [[nodiscard]] Result<bool> is_gapless();
  /// Of these partitions of the topic that was found. `time`: as OffsetQuestion has it.
  [[nodiscard]] Result<Offsets> find_offsets(const std::vector<std::int32_t>& partitions,
                                             std::int64_t time, bool read_committed);

 private:
  const TopicPlace& place_;
  PatientCluster patient_;
};

}  // namespace rheon::connect::kafka
