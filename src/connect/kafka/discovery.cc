#include "connect/kafka/discovery.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "connect/kafka/position.h"
#include "kafka/client/offset_lookup.h"

namespace rheon::connect::kafka {

namespace {

std::string id_of(const PartitionKey& key) { return fmt::format("{}/{}", key.first, key.second); }

Result<std::vector<engine::SourcePartition>> no_topic(engine::SourceEnvironment& environment,
                                                      const TopicSource& source) {
  const bool pattern = is_pattern(source.place.topic);
  if (environment.stop_at_end) {
    return fail(
        ErrorCode::kInvalidInput,
        fmt::format("{} {} not exist: create {} first, or leave out --stop-at-end to "
                    "wait for it.",
                    describe(source.place), pattern ? "do" : "does", pattern ? "one" : "it"));
  }
  environment.found_nothing = pattern ? "None of them exists yet." : "It does not exist yet.";
  return std::vector<engine::SourcePartition>{};
}

tl::unexpected<Error> is_gone(const engine::SourceEnvironment& environment,
                              const TopicSource& source, std::string_view topic) {
  const std::string name = describe(source.place, topic);
  if (environment.running) {
    return fail(ErrorCode::kIo, name + " is not known now");  // one broker may lag behind
  }
  return fail(ErrorCode::kRefused, fmt::format("{} is gone, and this job has read it before. "
                                               "`reset` the job to begin anew with another one.",
                                               name));
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

using Positions = std::map<PartitionKey, PartitionPosition>;

/// The stored positions, checked against the topics as they are now.
Result<Positions> known_positions(const engine::SourceEnvironment& environment,
                                  const TopicSource& source, const Topics& topics,
                                  const std::vector<engine::SourcePartition>& known) {
  Positions positions;
  for (const engine::SourcePartition& before : known) {
    const PartitionKey key = key_of_id(before.id);
    if (key.second < 0 || !matches(source.place.topic, key.first)) {
      return fail(ErrorCode::kRefused,
                  fmt::format("this source has read '{}' before, and cannot go on with {}. Give it "
                              "another name for another topic, or `reset` the job.",
                              before.id, describe(source.place)));
    }
    const auto topic = topics.find(key.first);
    if (topic == topics.end()) {
      return is_gone(environment, source, key.first);
    }
    const std::size_t partitions = topic->second.partitions.size();
    if (static_cast<std::size_t>(key.second) >= partitions) {
      return fail(ErrorCode::kRefused,
                  fmt::format("{} has {} partitions, and this job has read number {} of it. "
                              "`reset` the job to begin anew.",
                              describe(source.place, key.first), partitions, key.second));
    }
    RHEON_ASSIGN(PartitionPosition position, decode_position(before.position));
    if (position.topic_id != topic->second.id) {
      return fail(ErrorCode::kRefused,
                  fmt::format("{} was deleted and created again since this job has read it: "
                              "reading on would skip or repeat records. `reset` the job to begin "
                              "anew.",
                              describe(source.place, key.first)));
    }
    positions.emplace(key, position);
  }
  return positions;
}

}  // namespace

std::string describe(const TopicSource& source, const PartitionKey& partition) {
  return fmt::format("partition {} of {}", partition.second,
                     describe(source.place, partition.first));
}

PartitionKey key_of_id(std::string_view id) {
  PartitionKey key{"", -1};
  const std::size_t slash = id.rfind('/');
  if (slash != std::string_view::npos) {
    key.first = id.substr(0, slash);
    std::from_chars(id.data() + slash + 1, id.data() + id.size(), key.second);
  }
  return key;
}

Result<std::vector<engine::SourcePartition>> discover_topics(
    engine::SourceEnvironment& environment, const TopicSource& source,
    const std::vector<engine::SourcePartition>& known) {
  TopicLookup lookup(*environment.env, source.place, source.access);
  RHEON_ASSIGN(const Topics topics, lookup.find_topics());
  RHEON_ASSIGN(const Positions before, known_positions(environment, source, topics, known));
  if (topics.empty()) {
    return no_topic(environment, source);
  }
  std::vector<PartitionKey> all;
  std::vector<PartitionKey> added;
  for (const auto& [name, topic] : topics) {
    for (std::size_t i = 0; i < topic.partitions.size(); ++i) {
      all.emplace_back(name, static_cast<std::int32_t>(i));
      if (!before.contains(all.back())) {
        added.push_back(all.back());
      }
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
  std::optional<std::set<std::string, std::less<>>> gapless;
  if (asks_ends) {
    auto asked =
        lookup.find_offsets(environment.running ? added : all, client::OffsetQuestion::kLatest,
                            source.options.read_committed);
    if (!asked.has_value() && !is_excused(asked.error())) {
      return tl::unexpected(std::move(asked).error());
    }
    ends = asked.value_or(Offsets{});
    auto are_gapless = lookup.gapless(topics);
    if (!are_gapless.has_value() && !is_excused(are_gapless.error())) {
      return tl::unexpected(std::move(are_gapless).error());
    }
    if (are_gapless.has_value()) {
      gapless.emplace(*std::move(are_gapless));
    }
  }
  RHEON_ASSIGN(
      const Offsets first,
      lookup.find_offsets(added, first_time(source.options, known.empty() && !environment.running),
                          source.options.read_committed));
  std::vector<engine::SourcePartition> partitions;
  for (const PartitionKey& key : all) {
    const auto end = ends.find(key);
    PartitionPosition position;
    if (const auto stored = before.find(key); stored != before.end()) {
      position = stored->second;
    } else {
      const std::int64_t begin = first.at(key);
      position.topic_id = topics.find(key.first)->second.id;
      position.offset = begin < 0 ? end->second : begin;
    }
    position.gapless = !source.options.allow_gaps &&
                       (gapless.has_value() ? gapless->contains(key.first) : position.gapless);
    position.until = environment.stop_at_end ? std::optional(end->second) : std::nullopt;
    engine::SourcePartition partition;
    partition.id = id_of(key);
    partition.label = describe(source, key);
    partition.more = end == ends.end() || position.offset < end->second;
    partition.position = encode(position);
    partitions.push_back(std::move(partition));
  }
  return partitions;
}

}  // namespace rheon::connect::kafka
