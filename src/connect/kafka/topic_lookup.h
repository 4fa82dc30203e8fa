#pragma once

// What a cluster says of a topic, for who can wait for it: before a job runs, or on an I/O thread.

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "base/result.h"
#include "connect/kafka/place.h"
#include "env/env.h"
#include "kafka/client/cluster.h"
#include "kafka/client/credentials.h"

namespace rheon::connect::kafka {

/// How a client of this place begins.
[[nodiscard]] client::ClusterOptions cluster_options(
    const TopicPlace& place, const std::optional<client::Credentials>& credentials,
    bool allow_plaintext);

/// Refuses brokers on other machines unless plaintext is allowed.
[[nodiscard]] Status check_transport(const TopicPlace& place, bool allow_plaintext);

using Offsets = std::map<std::int32_t, std::int64_t>;  // by partition

/// Blocks for up to ten seconds in all; an error says why no answer came.
class TopicLookup {
 public:
  /// `place` must outlive it.
  TopicLookup(env::Env& env, const TopicPlace& place,
              const std::optional<client::Credentials>& credentials, bool allow_plaintext);

  /// The topic, as the cluster knows it now; null: the cluster has none of this name.
  [[nodiscard]] Result<const client::TopicInfo*> find_topic();
  /// Of these partitions of the topic that was found. `time`: as OffsetQuestion has it.
  [[nodiscard]] Result<Offsets> find_offsets(const std::vector<std::int32_t>& partitions,
                                             std::int64_t time, bool read_committed);

 private:
  struct Waiting {
    std::function<bool()> done;
    std::function<env::Monotonic()> deadline;
    std::function<std::optional<Error>()> trouble;
  };
  [[nodiscard]] Status wait(const Waiting& waiting);

  env::Env& env_;
  const TopicPlace& place_;
  std::unique_ptr<env::Parker> parker_;
  client::Cluster cluster_;
  env::Monotonic until_;
};

}  // namespace rheon::connect::kafka
