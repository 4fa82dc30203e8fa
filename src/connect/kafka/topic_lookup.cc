#include "connect/kafka/topic_lookup.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "kafka/client/error_codes.h"
#include "kafka/client/offset_lookup.h"

namespace rheon::connect::kafka {

namespace {

constexpr std::chrono::seconds kPatience{10};
constexpr std::chrono::seconds kOpenTimeout{3};

/// Several addresses have their turn while somebody waits.
client::ClusterOptions impatient(client::ClusterOptions options) {
  options.open_timeout = kOpenTimeout;
  return options;
}

}  // namespace

client::ClusterOptions cluster_options(const TopicPlace& place,
                                       const std::optional<client::Credentials>& credentials,
                                       bool allow_plaintext) {
  client::ClusterOptions options;
  options.bootstrap = place.brokers;
  options.credentials = credentials;
  options.loopback_only = !allow_plaintext;
  return options;
}

Status check_transport(const TopicPlace& place, bool allow_plaintext) {
  for (const client::Address& address : place.brokers) {
    if (!allow_plaintext && !client::is_loopback(address.host)) {
      return fail(ErrorCode::kInvalidInput,
                  fmt::format("records would go to or from '{}' over the network as they are, for "
                              "everybody to read. When that is meant, say allow_plaintext.",
                              address.host));
    }
  }
  return {};
}

TopicLookup::TopicLookup(env::Env& env, const TopicPlace& place,
                         const std::optional<client::Credentials>& credentials,
                         bool allow_plaintext)
    : env_(env),
      place_(place),
      parker_(env.threads().make_parker()),
      cluster_(env.network(), *parker_, env.random(),
               impatient(cluster_options(place, credentials, allow_plaintext))),
      until_(env.clock().monotonic() + kPatience) {}

Result<const client::TopicInfo*> TopicLookup::find_topic() {
  cluster_.watch(std::set<std::string, std::less<>>{place_.topic});
  RHEON_TRY(wait({[this] { return cluster_.age() > 0; }, [this] { return cluster_.deadline(); },
                  [this] { return cluster_.trouble(); }}));
  const client::TopicInfo* topic = cluster_.topic(place_.topic);
  if (topic == nullptr || topic->error == client::kUnknownTopicOrPartition) {
    return nullptr;
  }
  if (topic->error == client::kTopicAuthorizationFailed) {
    return fail(ErrorCode::kRefused,
                fmt::format("{} cannot be used: this user has no right to. Grant it DESCRIBE, and "
                            "READ or WRITE, on the topic.",
                            describe(place_)));
  }
  if (topic->error != client::kNone) {
    return fail(ErrorCode::kIo, fmt::format("{} cannot be used now: {}", describe(place_),
                                            client::describe_error(topic->error)));
  }
  return topic;
}

Result<Offsets> TopicLookup::find_offsets(const std::vector<std::int32_t>& partitions,
                                          std::int64_t time, bool read_committed) {
  std::vector<client::OffsetQuestion> questions;
  questions.reserve(partitions.size());
  for (const std::int32_t partition : partitions) {
    questions.push_back({place_.topic, partition, time});
  }
  client::OffsetLookup lookup(cluster_, env_.random(), std::move(questions), read_committed);
  RHEON_TRY(
      wait({[&] {
              lookup.step(env_.clock().monotonic());
              return lookup.done();
            },
            [&] { return std::min(cluster_.deadline(), lookup.deadline()); },
            [&] { return lookup.trouble().has_value() ? lookup.trouble() : cluster_.trouble(); }}));
  if (lookup.failure().has_value()) {
    return tl::unexpected<Error>(*lookup.failure());
  }
  Offsets found;
  for (std::size_t i = 0; i < partitions.size(); ++i) {
    found[partitions[i]] = lookup.offsets()[i];
  }
  return found;
}

Status TopicLookup::wait(const Waiting& waiting) {
  for (;;) {
    const env::Monotonic now = env_.clock().monotonic();
    cluster_.step(now);
    if (waiting.done()) {
      return {};
    }
    if (const std::optional<Error> why = waiting.trouble();
        now >= until_ || (why.has_value() && why->code == ErrorCode::kRefused)) {
      return fail(why.has_value() ? why->code : ErrorCode::kIo,
                  fmt::format("{} cannot be asked for its topics: {}. Is a broker of Kafka (3.9 or "
                              "later) listening there?",
                              describe_brokers(place_),
                              why.has_value() ? why->message : "no answer came in time"));
    }
    parker_->park_until(std::min(waiting.deadline(), until_));
  }
}

}  // namespace rheon::connect::kafka
