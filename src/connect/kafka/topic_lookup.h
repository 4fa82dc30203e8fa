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

struct FoundTopics {
  Topics topics;
  /// Those that cannot be used, and why. kNotFound: there is no such topic. kRefused: this user has
  /// no right to it. kIo: it may be there again later.
  std::map<std::string, Error, std::less<>> others;
};

/// Blocks for up to ten seconds in all; an error says why no answer came.
class TopicLookup {
 public:
  /// `place` must outlive it. `each`: every call has three seconds of its own in place of that.
  TopicLookup(env::Env& env, const TopicPlace& place, const client::Access& access,
              bool each = false);

  /// The topic, as the cluster knows it now, or all that match the pattern and that this user may
  /// see, except those of Kafka's own; and all those that are `known`.
  [[nodiscard]] Result<FoundTopics> find_topics(
      const std::set<std::string, std::less<>>& known = {});
  /// Whether in these topics no offset is ever missing between others, because they are not
  /// compacted; false as well where this user may not know it.
  [[nodiscard]] Partly<std::map<std::string, bool, std::less<>>> gapless(
      const std::vector<std::string>& topics);
  /// Of partitions of topics that were found, sorted by topic. `time`: as OffsetQuestion has it.
  [[nodiscard]] Partly<Offsets> find_offsets(const std::vector<PartitionKey>& partitions,
                                             std::int64_t time, bool read_committed);
  /// What a consumer group has committed; only of partitions of which it has.
  [[nodiscard]] Result<Offsets> find_group_offsets(const std::string& group,
                                                   const std::vector<PartitionKey>& partitions);

 private:
  [[nodiscard]] Status wait_for_topics(std::optional<std::set<std::string, std::less<>>> names);

  void begin_question();

  const TopicPlace& place_;
  PatientCluster patient_;
  bool each_;
};

}  // namespace rheon::connect::kafka
