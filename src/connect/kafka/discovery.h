#pragma once

#include <string>
#include <vector>

#include "connect/kafka/in.h"
#include "connect/kafka/place.h"
#include "connect/kafka/topic_lookup.h"
#include "engine/source.h"
#include "kafka/client/access.h"

namespace rheon::connect::kafka {

/// What is read, and how.
struct TopicSource {
  TopicPlace place;
  rheon::kafka::SourceOptions options;
  client::Access access = {};
};

/// The partitions of the topic, or of those of the pattern: those that are known with their
/// positions, others where the options say, or from their first record when the job has run before.
/// Blocks for up to twelve seconds.
[[nodiscard]] Result<std::vector<engine::SourcePartition>> discover_topics(
    engine::SourceEnvironment& environment, const TopicSource& source,
    const std::vector<engine::SourcePartition>& known);

/// "partition 3 of topic 'words' at one:9092"
[[nodiscard]] std::string describe(const TopicSource& source, const PartitionKey& partition);

/// Of the partition id "words/3".
[[nodiscard]] PartitionKey key_of_id(std::string_view id);

}  // namespace rheon::connect::kafka
