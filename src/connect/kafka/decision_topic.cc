#include "connect/kafka/decision_topic.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>
#include <span>
#include <utility>

#include "connect/kafka/decision_record.h"
#include "connect/kafka/topic_settings.h"
#include "kafka/client/committed_records.h"
#include "kafka/client/error_codes.h"
#include "kafka/client/fetcher.h"
#include "kafka/client/offset_lookup.h"

namespace rheon::connect::kafka {

namespace {

namespace wire = rheon::kafka::wire;

constexpr std::chrono::seconds kPatience{30};
constexpr std::int16_t kDefaultReplication = -1;  // what the brokers are set to
/// Of a job's decisions the last one is kept, and what stands in a segment that is not full.
constexpr std::string_view kSegmentBytes = "16777216";
/// A decision and its transaction's end are two offsets: so many hold some even after failures.
constexpr std::int64_t kLook = 64;
constexpr std::chrono::milliseconds kAgain{100};
/// The brokers end one that its process has left after this job's own timeout, a minute, and the
/// ten seconds between their looks.
constexpr std::chrono::seconds kLongestTransaction{80};

/// Whether asking once more for a new topic cannot help.
bool is_refusal(std::int16_t error) {
  constexpr std::array kRefusals{client::kInvalidTopic,   client::kTopicAuthorizationFailed,
                                 client::kInvalidConfig,  client::kClusterAuthorizationFailed,
                                 client::kInvalidRequest, client::kUnsupportedVersion,
                                 client::kPolicyViolation};
  return std::find(kRefusals.begin(), kRefusals.end(), error) != kRefusals.end();
}

}  // namespace

DecisionTopic::DecisionTopic(env::Env& env, const TopicPlace& place, const client::Access& access)
    : place_(place), patient_(env, place, access, kPatience) {
  patient_.cluster().watch(std::set<std::string, std::less<>>{place_.topic});
}

Status DecisionTopic::make() {
  RHEON_ASSIGN(bool there, is_there());
  if (there) {
    return check_settings();
  }
  RHEON_TRY(create());
  while (!there) {  // until all brokers know it
    patient_.cluster().refresh();
    RHEON_ASSIGN(there, is_there());
  }
  return {};
}

/// As the next answer of the cluster says.
Result<bool> DecisionTopic::is_there() {
  client::Cluster& cluster = patient_.cluster();
  const std::uint64_t before = cluster.age();
  RHEON_TRY(patient_.wait({"its topics", [&] { return cluster.age() > before; },
                           [&] { return cluster.deadline(); }, [&] { return cluster.trouble(); }}));
  const client::TopicInfo* topic = cluster.topic(place_.topic);
  if (topic == nullptr || topic->error == client::kUnknownTopicOrPartition) {
    return false;
  }
  if (topic->error == client::kTopicAuthorizationFailed) {
    return fail(ErrorCode::kRefused,
                fmt::format("{} holds this job's decisions, and this user has no right to it. "
                            "Grant it CREATE, READ, WRITE and DESCRIBE on it.",
                            describe(place_)));
  }
  return topic->error == client::kNoError && !topic->partitions.empty() &&
         topic->partitions.front().leader >= 0;
}

Status DecisionTopic::create() {
  wire::CreateTopicsRequest request;
  request.topics.push_back({place_.topic,
                            1,
                            kDefaultReplication,
                            {},
                            {{"cleanup.policy", "compact"}, {"segment.bytes", kSegmentBytes}}});
  for (;;) {
    RHEON_ASSIGN(const std::string response,
                 patient_.ask<wire::CreateTopics>("a new topic", request));
    const auto told = wire::read_response<wire::CreateTopics>(response);
    if (!told.has_value() || told->topics.size() != 1) {
      return fail(ErrorCode::kCorrupt, "a broker does not say whether it made a topic.");
    }
    const auto& topic = told->topics.front();
    if (topic.error_code == client::kNoError || topic.error_code == client::kTopicAlreadyExists) {
      return {};
    }
    // Also when the brokers have just come back, and too few of them are known to the controller.
    const bool for_good = is_refusal(topic.error_code);
    if (for_good || !patient_.pause("a new topic", kAgain).has_value()) {
      return fail(
          for_good ? ErrorCode::kRefused : ErrorCode::kIo,
          fmt::format("{}, for this job's decisions, cannot be made: {} {}. Make it by hand "
                      "(one partition, cleanup.policy=compact), or grant this user CREATE on it.",
                      describe(place_), client::describe_error(topic.error_code),
                      topic.error_message.value_or("")));
    }
  }
}

/// The last record must stay, however long the job does not run.
Status DecisionTopic::check_settings() {
  Partly<TopicSettings> told = find_settings(patient_, {place_.topic},
                                             {"cleanup.policy", "retention.ms", "retention.bytes"});
  RHEON_TRY(told.all);
  const Settings settings = std::move(told.found[place_.topic]);
  bool deletes = false;
  bool expires = false;
  for (const auto& [name, value] : settings) {  // none without the right to see them
    deletes = deletes || (name == "cleanup.policy" && value.find("delete") != std::string::npos);
    expires = expires || (name.starts_with("retention.") && value != "-1");
  }
  return deletes && expires
             ? fail(
                   ErrorCode::kRefused,
                   fmt::format("{} holds this job's decisions, and its settings let brokers remove "
                               "the last one. Set cleanup.policy=compact on it.",
                               describe(place_)))
             : Status();
}

Result<client::ProducerIdentity> DecisionTopic::fence(const std::string& transactional_id,
                                                      std::chrono::milliseconds timeout) {
  client::Transactions transactions(patient_.cluster(), patient_.random(), transactional_id,
                                    timeout);
  transactions.identify();
  RHEON_TRY(
      patient_.wait_for("a transactional id", transactions, [&] { return transactions.idle(); }));
  if (transactions.failure().has_value()) {
    return tl::unexpected<Error>(*transactions.failure());
  }
  return transactions.identity();
}

Result<std::optional<engine::Decision>> DecisionTopic::seen() {
  RHEON_ASSIGN(const std::int64_t end, find_offset(client::OffsetQuestion::kLatest, true));
  return last_before(end);
}

Result<std::optional<engine::Decision>> DecisionTopic::last() {
  RHEON_ASSIGN(const std::int64_t all, find_offset(client::OffsetQuestion::kLatest, false));
  RHEON_ASSIGN(std::int64_t end, find_offset(client::OffsetQuestion::kLatest, true));
  if (end < all) {
    patient_.be_patient_for(kLongestTransaction);
  }
  while (end < all) {
    RHEON_TRY(patient_.pause("its last decision, behind a transaction that is open", kAgain));
    RHEON_ASSIGN(end, find_offset(client::OffsetQuestion::kLatest, true));
  }
  return last_before(end);
}

Result<std::optional<engine::Decision>> DecisionTopic::last_before(std::int64_t end) {
  RHEON_ASSIGN(const std::int64_t first, find_offset(client::OffsetQuestion::kEarliest, true));
  for (std::int64_t look = kLook;; look *= 16) {
    const std::int64_t from = std::max(first, end - std::min(look, end));
    RHEON_ASSIGN(const std::optional<engine::Decision> last, last_of(from, end));
    if (last.has_value() || from == first) {
      return last;
    }
  }
}

Result<std::int64_t> DecisionTopic::find_offset(std::int64_t time, bool committed) {
  client::OffsetLookup lookup(patient_.cluster(), patient_.random(), {{place_.topic, 0, time}},
                              committed);
  RHEON_TRY(patient_.wait_for("the offsets of its topics", lookup, [&] { return lookup.done(); }));
  if (lookup.failure().has_value()) {
    return tl::unexpected<Error>(*lookup.failure());
  }
  return *lookup.offsets().front();
}

Result<std::optional<engine::Decision>> DecisionTopic::last_of(std::int64_t from, std::int64_t to) {
  std::optional<engine::Decision> last;
  std::optional<Error> failure;
  client::Cluster& cluster = patient_.cluster();
  client::Fetcher fetcher(cluster, patient_.random());
  fetcher.add(place_.topic, 0, {from});
  std::int64_t position = from;
  const auto take = [&](const client::Fetched& piece) -> Status {
    client::CommittedRecords records(piece.records, std::max(piece.from, position), piece.aborted);
    std::array<wire::Record, 16> some;
    for (;;) {
      RHEON_ASSIGN(const std::size_t count, records.take(some));
      position = std::max(position, records.position());
      if (count == 0) {
        return {};
      }
      for (const wire::Record& record : std::span(some).first(count)) {
        const auto decision = parse_decision(record.value.value_or(""));
        if (!decision.has_value()) {
          return fail(ErrorCode::kRefused,
                      fmt::format("{} holds at offset {} what is no decision of a job, or one of a "
                                  "newer version of this program.",
                                  describe(place_), record.offset));
        }
        last = decision;
      }
    }
  };
  const auto read = [&]() -> Status {
    const env::Monotonic now = patient_.now();
    fetcher.step(now);
    for (;;) {
      RHEON_ASSIGN(const std::optional<client::Fetched> piece, fetcher.next(now));
      if (!piece.has_value()) {
        return {};
      }
      RHEON_TRY(take(*piece));
    }
  };
  RHEON_TRY(patient_.wait(
      {"its last decision",
       [&] {
         if (const Status status = read(); !status.has_value()) {
           failure = status.error();
         }
         return failure.has_value() || position >= to;
       },
       [&] { return std::min(cluster.deadline(), fetcher.deadline()); },
       [&] { return fetcher.trouble(0).has_value() ? fetcher.trouble(0) : cluster.trouble(); }}));
  if (failure.has_value()) {
    return tl::unexpected<Error>(*failure);
  }
  return last;
}

}  // namespace rheon::connect::kafka
