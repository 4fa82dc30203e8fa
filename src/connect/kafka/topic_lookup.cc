#include "connect/kafka/topic_lookup.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "connect/kafka/topic_settings.h"
#include "kafka/client/error_codes.h"
#include "kafka/client/group_offsets.h"
#include "kafka/client/offset_lookup.h"

namespace rheon::connect::kafka {

namespace {

constexpr std::chrono::seconds kPatience{10};
constexpr std::chrono::seconds kPatienceForEach{3};

/// Why a topic of this place cannot be used; none: it can.
std::optional<Error> trouble_with(const TopicPlace& place, const std::string& name,
                                  const client::TopicInfo* topic) {
  const std::string what = describe(place, name);
  if (topic == nullptr) {
    return Error{ErrorCode::kIo, what + " cannot be used now: brokers do not speak of it"};
  }
  switch (topic->error) {
    case client::kNoError:
      return std::nullopt;
    case client::kUnknownTopicOrPartition:
      return Error{ErrorCode::kNotFound, what + " does not exist"};
    case client::kTopicAuthorizationFailed:
      return Error{ErrorCode::kRefused,
                   what +
                       " cannot be used: this user has no right to. Grant it DESCRIBE, and READ "
                       "or WRITE, on the topic."};
    default:
      return Error{ErrorCode::kIo, fmt::format("{} cannot be used now: {}", what,
                                               client::describe_error(topic->error))};
  }
}

}  // namespace

TopicLookup::TopicLookup(env::Env& env, const TopicPlace& place, const client::Access& access,
                         bool each)
    : place_(place), patient_(env, place, access, kPatience), each_(each) {}

void TopicLookup::begin_question() {
  if (each_) {
    patient_.be_patient_for(kPatienceForEach);
  }
}

Status TopicLookup::wait_for_topics(std::optional<std::set<std::string, std::less<>>> names) {
  client::Cluster& cluster = patient_.cluster();
  const std::uint64_t before = cluster.age();
  cluster.watch(std::move(names));
  return patient_.wait({"its topics", [&cluster, before] { return cluster.age() > before; },
                        [&cluster] { return cluster.deadline(); },
                        [&cluster] { return cluster.trouble(); }});
}

Result<FoundTopics> TopicLookup::find_topics(const std::set<std::string, std::less<>>& known) {
  begin_question();
  client::Cluster& cluster = patient_.cluster();
  std::set<std::string, std::less<>> names = known;
  if (is_pattern(place_.topic)) {
    RHEON_TRY(wait_for_topics(std::nullopt));
    for (const auto& [name, topic] : cluster.topics()) {
      const bool own = topic.internal || name.starts_with("__");
      if (!own && matches(place_.topic, name)) {
        names.insert(name);
      }
    }
  } else {
    names.insert(place_.topic);
  }
  // One that is not in a list may be gone, or this user has no right to see it: asked for by name.
  const bool all_told = std::all_of(names.begin(), names.end(), [&cluster](const auto& name) {
    return cluster.topic(name) != nullptr;
  });
  if (!all_told) {
    RHEON_TRY(wait_for_topics(names));
  }
  FoundTopics found;
  for (const std::string& name : names) {
    const client::TopicInfo* topic = cluster.topic(name);
    if (std::optional<Error> trouble = trouble_with(place_, name, topic)) {
      found.others.emplace(name, *std::move(trouble));
    } else {
      found.topics.emplace(name, *topic);
    }
  }
  return found;
}

Partly<std::map<std::string, bool, std::less<>>> TopicLookup::gapless(
    const std::vector<std::string>& topics) {
  constexpr std::string_view kPolicy = "cleanup.policy";
  begin_question();
  Partly<TopicSettings> told = find_settings(patient_, topics, {kPolicy});
  Partly<std::map<std::string, bool, std::less<>>> gapless;
  gapless.all = std::move(told.all);
  for (const auto& [name, of] : told.found) {
    const auto policy = of.find(kPolicy);
    gapless.found[name] = policy != of.end() && policy->second.find("compact") == std::string::npos;
  }
  return gapless;
}

Partly<Offsets> TopicLookup::find_offsets(const std::vector<PartitionKey>& partitions,
                                          std::int64_t time, bool read_committed) {
  begin_question();
  std::vector<client::OffsetQuestion> questions;
  questions.reserve(partitions.size());
  for (const auto& [topic, partition] : partitions) {
    questions.push_back({topic, partition, time});
  }
  client::OffsetLookup lookup(patient_.cluster(), patient_.random(), std::move(questions),
                              read_committed);
  Partly<Offsets> told;
  told.all = patient_.wait_for("the offsets of its topics", lookup, [&] { return lookup.done(); });
  if (lookup.failure().has_value()) {
    told.all = tl::unexpected<Error>(*lookup.failure());
  }
  for (std::size_t i = 0; i < partitions.size(); ++i) {
    if (lookup.offsets()[i].has_value()) {
      told.found[partitions[i]] = *lookup.offsets()[i];
    }
  }
  return told;
}

Result<Offsets> TopicLookup::find_group_offsets(const std::string& group,
                                                const std::vector<PartitionKey>& partitions) {
  begin_question();
  client::GroupOffsets asked(patient_.cluster(), patient_.random(), group);
  asked.fetch(partitions);
  RHEON_TRY(patient_.wait_for("the offsets of group '" + group + "'", asked,
                              [&] { return asked.idle(); }));
  if (asked.failure().has_value()) {
    return tl::unexpected<Error>(*asked.failure());
  }
  Offsets found;
  for (std::size_t i = 0; i < partitions.size(); ++i) {
    if (asked.offsets()[i].has_value()) {
      found[partitions[i]] = *asked.offsets()[i];
    }
  }
  return found;
}

}  // namespace rheon::connect::kafka
