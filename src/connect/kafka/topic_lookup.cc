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

Result<const client::TopicInfo*> TopicLookup::find_topic() {
  patient_.cluster().watch(std::set<std::string, std::less<>>{place_.topic});
  RHEON_TRY(patient_.wait({"its topics", [this] { return patient_.cluster().age() > 0; },
                           [this] { return patient_.cluster().deadline(); },
                           [this] { return patient_.cluster().trouble(); }}));
  const client::TopicInfo* topic = patient_.cluster().topic(place_.topic);
  if (topic == nullptr || topic->error == client::kUnknownTopicOrPartition) {
    return nullptr;
  }
  if (topic->error == client::kTopicAuthorizationFailed) {
    return fail(ErrorCode::kRefused,
                fmt::format("{} cannot be used: this user has no right to. Grant it DESCRIBE, and "
                            "READ or WRITE, on the topic.",
                            describe(place_)));
  }
  if (topic->error != client::kNoError) {
    return fail(ErrorCode::kIo, fmt::format("{} cannot be used now: {}", describe(place_),
                                            client::describe_error(topic->error)));
  }
  return topic;
}

Result<bool> TopicLookup::is_gapless() {
  constexpr std::string_view kPolicy = "cleanup.policy";
  RHEON_ASSIGN(const auto settings, find_settings(patient_, place_.topic, {kPolicy}));
  const auto policy = settings.find(kPolicy);
  return policy != settings.end() && policy->second.find("compact") == std::string::npos;
}

Result<Offsets> TopicLookup::find_offsets(const std::vector<std::int32_t>& partitions,
                                          std::int64_t time, bool read_committed) {
  std::vector<client::OffsetQuestion> questions;
  questions.reserve(partitions.size());
  for (const std::int32_t partition : partitions) {
    questions.push_back({place_.topic, partition, time});
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
