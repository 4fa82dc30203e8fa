#include "connect/kafka/discovery.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <iterator>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "connect/kafka/position.h"
#include "connect/kafka/transaction.h"
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

tl::unexpected<Error> is_gone(const TopicSource& source, std::string_view topic) {
  return fail(ErrorCode::kRefused,
              fmt::format("{} is gone, and this job has read it before. `reset` the job to begin "
                          "anew with another one.",
                          describe(source.place, topic)));
}

using Positions = std::map<PartitionKey, PartitionPosition>;

/// One look at a source's topics and partitions.
class Discovery {
 public:
  Discovery(engine::SourceEnvironment& environment, const TopicSource& source,
            const std::vector<engine::SourcePartition>& known)
      : environment_(environment),
        source_(source),
        known_(known),
        lookup_(*environment.env, source.place, source.access, environment.running) {}

  Result<std::vector<engine::SourcePartition>> run() {
    RHEON_TRY(find_topics());
    if (topics_.empty()) {
      return environment_.running ? std::vector<engine::SourcePartition>{}
                                  : no_topic(environment_, source_);
    }
    find_partitions();
    RHEON_TRY(find_ends());
    RHEON_TRY(find_settings());
    RHEON_TRY(find_beginnings());
    return partitions();
  }

 private:
  /// A job's first start has to know all, as one has that ends where its input ends now. Another
  /// one can wait for leaders while it runs, and finds by and by what is new.
  [[nodiscard]] Status excuse(Status status) const {
    const bool can_wait = environment_.running || (!known_.empty() && !environment_.stop_at_end);
    return !status.has_value() && can_wait && status.error().code == ErrorCode::kIo ? Status()
                                                                                    : status;
  }

  Status find_topics() {
    std::set<std::string, std::less<>> names;
    for (const engine::SourcePartition& before : known_) {
      const PartitionKey key = key_of_id(before.id);
      if (key.second < 0 || !matches(source_.place.topic, key.first)) {
        return fail(
            ErrorCode::kRefused,
            fmt::format("this source has read '{}' before, and cannot go on with {}. Give it "
                        "another name for another topic, or `reset` the job.",
                        before.id, describe(source_.place)));
      }
      names.insert(key.first);
    }
    RHEON_ASSIGN(FoundTopics found, lookup_.find_topics(names));
    if (is_pattern(source_.place.topic)) {  // it says when this job has done what it has read
      found.topics.erase(decision_topic(environment_.job));
    }
    topics_ = std::move(found.topics);
    for (const auto& [name, why] : found.others) {
      RHEON_TRY(go_on_without(name, why, names.contains(name)));
    }
    for (const engine::SourcePartition& before : known_) {
      RHEON_TRY(take_position(before));
    }
    return {};
  }

  /// While the job runs, who reads a topic says what is wrong with it.
  [[nodiscard]] Status go_on_without(const std::string& topic, const Error& why,
                                     bool was_read) const {
    if (why.code == ErrorCode::kNotFound) {
      return was_read && !environment_.running ? is_gone(source_, topic) : Status();
    }
    const bool is_told = environment_.running && (was_read || why.code == ErrorCode::kIo);
    return is_told ? Status() : tl::unexpected(why);
  }

  /// Checks a stored position against its topic as it is now.
  Status take_position(const engine::SourcePartition& before) {
    PartitionKey key = key_of_id(before.id);
    const auto topic = topics_.find(key.first);
    if (topic == topics_.end()) {
      return {};
    }
    RHEON_ASSIGN(const PartitionPosition position, decode_position(before.position));
    if (position.topic_id != topic->second.id) {
      return fail(ErrorCode::kRefused,
                  fmt::format("{} was deleted and created again since this job has read it: "
                              "reading on would skip or repeat records. `reset` the job to begin "
                              "anew.",
                              describe(source_.place, key.first)));
    }
    const std::size_t partitions = topic->second.partitions.size();
    if (static_cast<std::size_t>(key.second) >= partitions && !environment_.running) {
      return fail(ErrorCode::kRefused,
                  fmt::format("{} has {} partitions, and this job has read number {} of it. "
                              "`reset` the job to begin anew.",
                              describe(source_.place, key.first), partitions, key.second));
    }
    before_.emplace(std::move(key), position);
    return {};
  }

  void find_partitions() {
    for (const auto& [name, topic] : topics_) {
      for (std::size_t i = 0; i < topic.partitions.size(); ++i) {
        all_.emplace_back(name, static_cast<std::int32_t>(i));
        if (!before_.contains(all_.back())) {
          added_.push_back(all_.back());
        }
      }
    }
  }

  /// They come first: what is written meanwhile lies behind them, and is read.
  Status find_ends() {
    Partly<Offsets> told =
        lookup_.find_offsets(environment_.running ? added_ : all_, client::OffsetQuestion::kLatest,
                             source_.options.read_committed);
    ends_ = std::move(told.found);
    return excuse(std::move(told.all));
  }

  Status find_settings() {
    std::vector<std::string> names;
    for (const PartitionKey& key : environment_.running ? added_ : all_) {
      if (names.empty() || names.back() != key.first) {
        names.push_back(key.first);
      }
    }
    Partly<std::map<std::string, bool, std::less<>>> told = lookup_.gapless(names);
    gapless_ = std::move(told.found);
    return excuse(std::move(told.all));
  }

  Status find_beginnings() {
    std::vector<PartitionKey> begun;
    std::copy_if(added_.begin(), added_.end(), std::back_inserter(begun),
                 [this](const PartitionKey& key) { return ends_.contains(key); });
    const bool fresh = known_.empty() && !environment_.running;
    Partly<Offsets> told = lookup_.find_offsets(begun, first_time(source_.options, fresh),
                                                source_.options.read_committed);
    first_ = std::move(told.found);
    RHEON_TRY(excuse(std::move(told.all)));
    return fresh && !source_.options.start_of_group.empty() ? begin_as_the_group(begun) : Status();
  }

  Status begin_as_the_group(const std::vector<PartitionKey>& begun) {
    const std::string& group = source_.options.start_of_group;
    RHEON_ASSIGN(const Offsets committed, lookup_.find_group_offsets(group, begun));
    if (committed.empty()) {  // a slip of the pen would begin anew, and count all of it again
      return fail(ErrorCode::kInvalidInput,
                  fmt::format("group '{}' has committed nothing of {}: see which groups there are "
                              "with kafka-consumer-groups, or leave out start_of_group.",
                              group, describe(source_.place)));
    }
    Partly<Offsets> earliest = lookup_.find_offsets(begun, client::OffsetQuestion::kEarliest,
                                                    source_.options.read_committed);
    RHEON_TRY(earliest.all);
    for (const auto& [key, offset] : committed) {
      const std::int64_t begin = earliest.found.at(key);
      const std::int64_t end = ends_.at(key);
      if (offset < begin || offset > end) {
        return fail(ErrorCode::kRefused,
                    fmt::format("group '{}' is at offset {} of {}, which has the offsets {} to {}: "
                                "records are gone that it has not read, or the topic is another "
                                "one by now. Leave out start_of_group to begin elsewhere.",
                                group, offset, describe(source_, key), begin, end));
      }
      first_[key] = offset;
    }
    return {};
  }

  /// Of new ones only those of which all is known: the next look finds the others.
  [[nodiscard]] std::vector<engine::SourcePartition> partitions() const {
    std::vector<engine::SourcePartition> partitions;
    for (const PartitionKey& key : all_) {
      const auto end = ends_.find(key);
      const auto gapless = gapless_.find(key.first);
      PartitionPosition position;
      if (const auto stored = before_.find(key); stored != before_.end()) {
        position = stored->second;
      } else if (const auto begin = first_.find(key);
                 begin != first_.end() && gapless != gapless_.end()) {
        position.topic_id = topics_.find(key.first)->second.id;
        position.offset = begin->second < 0 ? end->second : begin->second;
      } else {
        continue;
      }
      position.gapless = !source_.options.allow_gaps &&
                         (gapless != gapless_.end() ? gapless->second : position.gapless);
      position.until = environment_.stop_at_end ? std::optional(end->second) : std::nullopt;
      engine::SourcePartition partition;
      partition.id = id_of(key);
      partition.label = describe(source_, key);
      partition.more = end == ends_.end() || position.offset < end->second;
      partition.position = encode(position);
      partitions.push_back(std::move(partition));
    }
    return partitions;
  }

  engine::SourceEnvironment& environment_;
  const TopicSource& source_;
  const std::vector<engine::SourcePartition>& known_;
  TopicLookup lookup_;
  Topics topics_;
  Positions before_;  // that are stored
  std::vector<PartitionKey> all_;
  std::vector<PartitionKey> added_;
  Offsets ends_;
  std::map<std::string, bool, std::less<>> gapless_;  // by topic
  Offsets first_;                                     // of those that were added
};

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
  return Discovery(environment, source, known).run();
}

}  // namespace rheon::connect::kafka
