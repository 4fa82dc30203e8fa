#include "connect/kafka/topic_lookup.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "connect/kafka/topic_settings.h"
#include "kafka/client/error_codes.h"
#include "kafka/client/offset_lookup.h"

namespace rheon::connect::kafka {

namespace {
constexpr std::chrono::seconds kPatience{10};
}  // namespace

TopicLookup::TopicLookup(env::Env& env, const TopicPlace& place, const client::Access& access)
    : place_(place), patient_(env, place, access, kPatience) {}

Result<Topics> TopicLookup::find_topics() {
  const bool pattern = is_pattern(place_.topic);
  patient_.cluster().watch(
      pattern ? std::nullopt : std::optional(std::set<std::string, std::less<>>{place_.topic}));
  RHEON_TRY(patient_.wait({"its topics", [this] { return patient_.cluster().age() > 0; },
                           [this] { return patient_.cluster().deadline(); },
                           [this] { return patient_.cluster().trouble(); }}));
  Topics found;
  for (const auto& [name, topic] : patient_.cluster().topics()) {
    const bool own = topic.internal || name.starts_with("__");
    if (!matches(place_.topic, name) || (pattern && own) ||
        topic.error == client::kUnknownTopicOrPartition) {
      continue;
    }
    if (topic.error == client::kTopicAuthorizationFailed) {
      return fail(ErrorCode::kRefused,
                  fmt::format("{} cannot be used: this user has no right to. Grant it DESCRIBE, "
                              "and READ or WRITE, on the topic.",
                              describe(place_, name)));
    }
    if (topic.error != client::kNoError) {
      return fail(ErrorCode::kIo, fmt::format("{} cannot be used now: {}", describe(place_, name),
                                              client::describe_error(topic.error)));
    }
    found.emplace(name, topic);
  }
  return found;
}

Result<std::set<std::string, std::less<>>> TopicLookup::gapless(const Topics& topics) {
  constexpr std::string_view kPolicy = "cleanup.policy";
  std::vector<std::string> names;
  for (const auto& [name, topic] : topics) {
    names.push_back(name);
  }
  RHEON_ASSIGN(const auto settings, find_settings(patient_, names, {kPolicy}));
  std::set<std::string, std::less<>> gapless;
  for (const auto& [name, of] : settings) {
    const auto policy = of.find(kPolicy);
    if (policy != of.end() && policy->second.find("compact") == std::string::npos) {
      gapless.insert(name);
    }
  }
  return gapless;
}

Result<Offsets> TopicLookup::find_offsets(const std::vector<PartitionKey>& partitions,
                                          std::int64_t time, bool read_committed) {
  std::vector<client::OffsetQuestion> questions;
  questions.reserve(partitions.size());
  for (const auto& [topic, partition] : partitions) {
    questions.push_back({topic, partition, time});
  }
  client::OffsetLookup lookup(patient_.cluster(), patient_.random(), std::move(questions),
                              read_committed);
  RHEON_TRY(patient_.wait_for("the offsets of its topics", lookup, [&] { return lookup.done(); }));
  if (lookup.failure().has_value()) {
    return tl::unexpected<Error>(*lookup.failure());
  }
  Offsets found;
  for (std::size_t i = 0; i < partitions.size(); ++i) {
    found[partitions[i]] = lookup.offsets()[i];
  }
  return found;
}

}  // namespace rheon::connect::kafka
