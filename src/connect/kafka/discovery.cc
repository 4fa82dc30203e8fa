#include "connect/kafka/discovery.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "connect/kafka/position.h"
#include "kafka/client/error_codes.h"
#include "kafka/client/offset_lookup.h"

namespace rheon::connect::kafka {

namespace {

constexpr std::chrono::seconds kPatience{10};

/// A conversation with a cluster whose thread waits for the answers.
class Conversation {
 public:
  Conversation(env::Env& env, const TopicSource& source)
      : env_(env),
        source_(source),
        parker_(env.threads().make_parker()),
        cluster_(env.network(), *parker_, env.random(), cluster_options(source)),
        until_(env.clock().monotonic() + kPatience) {}

  /// The topic, as the cluster knows it now; null: the cluster has none of this name.
  Result<const client::TopicInfo*> find_topic() {
    const std::string& name = source_.place.topic;
    cluster_.watch(std::set<std::string, std::less<>>{name});
    RHEON_TRY(wait([this] { return cluster_.age() > 0; }, [this] { return cluster_.deadline(); },
                   [this] { return cluster_.trouble(); }));
    const client::TopicInfo* topic = cluster_.topic(name);
    if (topic == nullptr || topic->error == client::kUnknownTopicOrPartition) {
      return nullptr;
    }
    if (topic->error == client::kTopicAuthorizationFailed) {
      return fail(ErrorCode::kRefused,
                  fmt::format("{} cannot be read: this user has no right to. Grant it READ and "
                              "DESCRIBE on the topic.",
                              describe(source_.place)));
    }
    if (topic->error != client::kNone) {
      return fail(ErrorCode::kIo, fmt::format("{} cannot be read now: {}", describe(source_.place),
                                              client::describe_error(topic->error)));
    }
    return topic;
  }

  /// By partition, of the topic that was found. `time`: as OffsetQuestion has it.
  Result<std::vector<std::int64_t>> find_offsets(std::size_t partitions, std::int64_t time) {
    std::vector<client::OffsetQuestion> questions;
    questions.reserve(partitions);
    for (std::size_t i = 0; i < partitions; ++i) {
      questions.push_back({source_.place.topic, static_cast<std::int32_t>(i), time});
    }
    client::OffsetLookup lookup(cluster_, env_.random(), std::move(questions),
                                source_.options.read_committed);
    RHEON_TRY(wait(
        [&] {
          lookup.step(env_.clock().monotonic());
          return lookup.done();
        },
        [&] { return std::min(cluster_.deadline(), lookup.deadline()); },
        [&] { return lookup.trouble().has_value() ? lookup.trouble() : cluster_.trouble(); }));
    if (lookup.failure().has_value()) {
      return tl::unexpected<Error>(*lookup.failure());
    }
    return lookup.offsets();
  }

 private:
  template <class Done, class Deadline, class Trouble>
  Status wait(const Done& done, const Deadline& deadline, const Trouble& trouble) {
    for (;;) {
      const env::Monotonic now = env_.clock().monotonic();
      cluster_.step(now);
      if (done()) {
        return {};
      }
      if (const std::optional<Error> why = trouble();
          now >= until_ || (why.has_value() && why->code == ErrorCode::kRefused)) {
        return fail(why.has_value() ? why->code : ErrorCode::kIo,
                    fmt::format("{} cannot be asked for its topics: {}. Is a broker of Kafka "
                                "(3.9 or later) listening there?",
                                describe_brokers(source_.place),
                                why.has_value() ? why->message : "no answer came in time"));
      }
      parker_->park_until(std::min(deadline(), until_));
    }
  }

  env::Env& env_;
  const TopicSource& source_;
  std::unique_ptr<env::Parker> parker_;
  client::Cluster cluster_;
  env::Monotonic until_;
};

Result<std::vector<engine::SourcePartition>> no_topic(engine::SourceEnvironment& environment,
                                                      const TopicSource& source, bool was_there) {
  const std::string name = describe(source.place);
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

/// Where reading begins at the first start, by partition.
Result<std::vector<std::int64_t>> first_offsets(Conversation& conversation,
                                                const client::TopicInfo& topic,
                                                const rheon::kafka::SourceOptions& options,
                                                bool fresh) {
  std::int64_t time = client::OffsetQuestion::kEarliest;
  if (fresh && options.start_at.has_value()) {
    time = std::max<std::int64_t>(options.start_at->micros, 0) / 1000;
  } else if (fresh && options.start == rheon::kafka::Start::kLatest) {
    time = client::OffsetQuestion::kLatest;
  }
  return conversation.find_offsets(topic.partitions.size(), time);
}

}  // namespace

client::ClusterOptions cluster_options(const TopicSource& source) {
  client::ClusterOptions options;
  options.bootstrap = source.place.brokers;
  options.credentials = source.options.credentials;
  return options;
}

std::int32_t partition_of_id(std::string_view id) {
  std::int32_t partition = -1;
  const std::string_view number = id.substr(id.rfind('/') + 1);
  std::from_chars(number.data(), number.data() + number.size(), partition);
  return partition;
}

Result<std::vector<engine::SourcePartition>> discover_topic(
    engine::SourceEnvironment& environment, const TopicSource& source,
    const std::vector<engine::SourcePartition>& known) {
  Conversation conversation(*environment.env, source);
  RHEON_ASSIGN(const client::TopicInfo* found, conversation.find_topic());
  if (found == nullptr) {
    return no_topic(environment, source, !known.empty());
  }
  const client::TopicInfo topic = *found;  // what the conversation knows may change
  RHEON_ASSIGN(
      const std::vector<std::int64_t> first,
      first_offsets(conversation, topic, source.options, known.empty() && !environment.running));
  RHEON_ASSIGN(const std::vector<std::int64_t> ends,
               conversation.find_offsets(topic.partitions.size(), client::OffsetQuestion::kLatest));
  std::vector<engine::SourcePartition> partitions;
  for (std::size_t i = 0; i < topic.partitions.size(); ++i) {
    engine::SourcePartition partition;
    partition.id = fmt::format("{}/{}", source.place.topic, i);
    partition.label = fmt::format("partition {} of {}", i, describe(source.place));
    PartitionPosition position{topic.id, first[i] < 0 ? ends[i] : first[i], std::nullopt};
    const auto same = std::find_if(known.begin(), known.end(),
                                   [&](const auto& before) { return before.id == partition.id; });
    if (same != known.end()) {
      RHEON_ASSIGN(position, decode_position(same->position));
      if (position.topic_id != topic.id) {
        return fail(ErrorCode::kRefused,
                    fmt::format("{} was deleted and created again since this job has read it: "
                                "reading on would skip or repeat records. `reset` the job to "
                                "begin anew.",
                                describe(source.place)));
      }
    }
    position.until = environment.stop_at_end ? std::optional(ends[i]) : std::nullopt;
    partition.more = position.offset < ends[i];
    partition.position = encode(position);
    partitions.push_back(std::move(partition));
  }
  if (partitions.size() < known.size()) {
    return fail(ErrorCode::kRefused,
                fmt::format("{} has {} partitions, and this job has read {} of it. `reset` the job "
                            "to begin anew.",
                            describe(source.place), partitions.size(), known.size()));
  }
  return partitions;
}

}  // namespace rheon::connect::kafka
