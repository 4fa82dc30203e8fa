#pragma once

#include <string>
#include <vector>

#include "connect/kafka/in.h"
#include "connect/kafka/place.h"
#include "engine/source.h"
#include "kafka/client/access.h"

namespace rheon::connect::kafka {

/// What is read, and how.
struct TopicSource {
  TopicPlace place;
  rheon::kafka::SourceOptions options;
  client::Access access = {};
};

/// The topic's partitions: those that are known with their positions, others where the options say,
/// or from their first record when the job has run before. Blocks for up to ten seconds.
[[nodiscard]] Result<std::vector<engine::SourcePartition>> discover_topic(
    engine::SourceEnvironment& environment, const TopicSource& source,
    const std::vector<engine::SourcePartition>& known);

/// "3" of the partition id "words/3".
[[nodiscard]] std::int32_t partition_of_id(std::string_view id);

}  // namespace rheon::connect::kafka
