#include "connect/kafka/discovery.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

#include "connect/kafka/position.h"
#include "connect/kafka/topic_lookup.h"
#include "kafka/client/offset_lookup.h"

namespace rheon::connect::kafka {

namespace {

std::string id_of(const TopicSource& source, std::size_t partition) {
  return fmt::format("{}/{}", source.place.topic, partition);
}

Result<std::vector<engine::SourcePartition>> no_topic(engine::SourceEnvironment& environment,
                                                      const TopicSource& source, bool was_there) {
  const std::string name = describe(source.place);
  if (was_there && environment.running) {
    return fail(ErrorCode::kIo, name + " is not known now");  // one broker may lag behind
  }
  if (was_there) {
    return fail(ErrorCode::kRefused, fmt::format("{} is gone, and this job has read it before. "
                                                 "`reset` the job to begin anew with another one.",
                                                 name));
  }
  if (environment.stop_at_end) {
    return fail(ErrorCode::kInvalidInput,
                fmt::format("{} does not exist: create it first, or leave out --stop-at-end to "
                            "wait for it.",
                            name));
  }
  environment.found_nothing = "It does not exist yet.";
  return std::vector<engine::SourcePartition>{};
}

/// Where reading begins, as OffsetQuestion has it. `fresh`: at the job's first start.
std::int64_t first_time(const rheon::kafka::SourceOptions& options, bool fresh) {
  if (fresh && options.start_at.has_value()) {
    constexpr std::int64_t kMicros = 1000;
    const std::int64_t micros = std::max<std::int64_t>(options.start_at->micros, 0);
    return micros / kMicros + (micros % kMicros == 0 ? 0 : 1);  // not older
  }
  return fresh && options.start == rheon::kafka::Start::kLatest ? client::OffsetQuestion::kLatest
                                                                : client::OffsetQuestion::kEarliest;
}

/// The stored positions, by partition, of this topic as it is now.
Result<std::vector<std::optional<PartitionPosition>>> known_positions(
    const TopicSource& source, const client::TopicInfo& topic,
    const std::vector<engine::SourcePartition>& known) {
  std::vector<std::optional<PartitionPosition>> positions(topic.partitions.size());
  for (const engine::SourcePartition& before : known) {
    const auto index = static_cast<std::size_t>(partition_of_id(before.id));
    if (before.id != id_of(source, index)) {
      return fail(ErrorCode::kRefused,
                  fmt::format("this source has read '{}' before, and cannot go on with {}. Give it "
                              "another name for another topic, or `reset` the job.",
                              before.id, describe(source.place)));
    }
    if (index >= positions.size()) {
      return fail(ErrorCode::kRefused,
                  fmt::format("{} has {} partitions, and this job has read {} of it. `reset` the "
                              "job to begin anew.",
                              describe(source.place), positions.size(), known.size()));
    }
    RHEON_ASSIGN(positions[index], decode_position(before.position));
    if (positions[index]->topic_id != topic.id) {
      return fail(ErrorCode::kRefused,
                  fmt::format("{} was deleted and created again since this job has read it: "
                              "reading on would skip or repeat records. `reset` the job to begin "
                              "anew.",
                              describe(source.place)));
    }
  }
  return positions;
}

}  // namespace

std::int32_t partition_of_id(std::string_view id) {
  std::int32_t partition = -1;
  const std::string_view number = id.substr(id.rfind('/') + 1);
  std::from_chars(number.data(), number.data() + number.size(), partition);
  return partition;
}

Result<std::vector<engine::SourcePartition>> discover_topic(
    engine::SourceEnvironment& environment, const TopicSource& source,
    const std::vector<engine::SourcePartition>& known) {
  TopicLookup lookup(*environment.env, source.place, source.access);
  RHEON_ASSIGN(const client::TopicInfo* found, lookup.find_topic());
  if (found == nullptr) {
    return no_topic(environment, source, !known.empty());
  }
  const client::TopicInfo topic = *found;  // what the cluster says may change
  RHEON_ASSIGN(const std::vector<std::optional<PartitionPosition>> before,
               known_positions(source, topic, known));
  std::vector<std::int32_t> all;
  std::vector<std::int32_t> added;
  for (std::size_t i = 0; i < before.size(); ++i) {
    all.push_back(static_cast<std::int32_t>(i));
    if (!before[i].has_value()) {
      added.push_back(static_cast<std::int32_t>(i));
    }
  }
  // The ends come first: what is written meanwhile lies behind them, and is read.
  const bool asks_ends = !environment.running || !added.empty();
  // A job that goes on can wait for a leader while it runs.
  const bool can_wait = added.empty() && !environment.stop_at_end;
  const auto is_excused = [can_wait](const Error& error) {
    return can_wait && error.code == ErrorCode::kIo;
  };
  Offsets ends;
  std::optional<bool> gapless;
  if (asks_ends) {
    auto asked =
        lookup.find_offsets(environment.running ? added : all, client::OffsetQuestion::kLatest,
                            source.options.read_committed);
    if (!asked.has_value() && !is_excused(asked.error())) {
      return tl::unexpected(std::move(asked).error());
    }
    ends = asked.value_or(Offsets{});
    auto is_gapless = lookup.is_gapless();
    if (!is_gapless.has_value() && !is_excused(is_gapless.error())) {
      return tl::unexpected(std::move(is_gapless).error());
    }
    if (is_gapless.has_value()) {
      gapless.emplace(*is_gapless);
    }
  }
  RHEON_ASSIGN(
      const Offsets first,
      lookup.find_offsets(added, first_time(source.options, known.empty() && !environment.running),
                          source.options.read_committed));
  std::vector<engine::SourcePartition> partitions;
  for (const std::int32_t index : all) {
    const auto end = ends.find(index);
    PartitionPosition position;
    if (const auto& stored = before[static_cast<std::size_t>(index)]; stored.has_value()) {
      position = *stored;
    } else {
      const std::int64_t begin = first.at(index);
      position.topic_id = topic.id;
      position.offset = begin < 0 ? end->second : begin;
    }
    position.gapless = !source.options.allow_gaps && gapless.value_or(position.gapless);
    position.until = environment.stop_at_end ? std::optional(end->second) : std::nullopt;
    engine::SourcePartition partition;
    partition.id = id_of(source, static_cast<std::size_t>(index));
    partition.label = fmt::format("partition {} of {}", index, describe(source.place));
    partition.more = end == ends.end() || position.offset < end->second;
    partition.position = encode(position);
    partitions.push_back(std::move(partition));
  }
  return partitions;
}

}  // namespace rheon::connect::kafka
