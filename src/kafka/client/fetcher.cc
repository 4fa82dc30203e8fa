#include "kafka/client/fetcher.h"

#include <algorithm>
#include <utility>

#include "kafka/client/error_codes.h"
#include "kafka/client/find_in_turn.h"

namespace rheon::kafka {

namespace {

constexpr env::Monotonic kAskForTopicAfter = std::chrono::seconds{1};

std::int32_t node_behind(std::int32_t node) { return node == INT32_MAX ? INT32_MIN : node + 1; }

constexpr std::string_view kNoRight =
    "cannot be read: this user has no right to. Grant it READ and DESCRIBE on the topic.";

/// Behind the last whole batch, by the headers alone; `from` when there is none. The leader that
/// has sent them is of epoch `sender`: a later one in a batch is no epoch.
FetchPosition end_of(std::string_view records, FetchPosition from, std::int32_t sender) {
  constexpr std::size_t kBehindLength = 12;
  constexpr std::size_t kLastOffsetDeltaAt = 23;
  while (records.size() >= wire::RecordBatch::kHeaderBytes) {
    wire::Reader in(records);
    const auto base = in.integer<std::int64_t>();
    const auto length = in.integer<std::int32_t>();
    if (length < 0 || in.left() < static_cast<std::size_t>(length) ||
        static_cast<std::size_t>(length) < wire::RecordBatch::kHeaderBytes - kBehindLength) {
      break;
    }
    wire::Reader delta(records.substr(kLastOffsetDeltaAt));
    const std::int64_t behind = wire::RecordBatch::wrapped(
        wire::RecordBatch::wrapped(base, delta.integer<std::int32_t>()), 1);
    if (behind > from.offset) {
      const auto epoch = in.integer<std::int32_t>();
      from = {behind, epoch <= sender ? epoch : -1};
    }
    records.remove_prefix(kBehindLength + static_cast<std::size_t>(length));
  }
  return from;
}

}  // namespace

Fetcher::Fetcher(Cluster& cluster, env::Random& random, FetchOptions options)
    : cluster_(cluster), random_(random), options_(options) {}

std::size_t Fetcher::add(std::string topic, std::int32_t partition, FetchPosition from,
                         wire::Uuid id) {
  const ClusterOptions& patience = cluster_.options();
  Partition added(Backoff(random_, patience.first_wait, patience.longest_wait));
  added.topic = std::move(topic);
  added.index = partition;
  added.next = from;
  added.topic_id = id;
  partitions_.push_back(std::move(added));
  seen_ = 0;  // looks for its leader
  return partitions_.size() - 1;
}

std::string Fetcher::name_of(const Partition& partition) {
  return "partition " + std::to_string(partition.index) + " of topic '" + partition.topic + "'";
}

void Fetcher::stop(Partition& partition, ErrorCode code, const std::string& why) {
  partition.stopped = true;
  failures_.push_back({code, name_of(partition) + " " + why});
}

void Fetcher::retry(Partition& partition, std::string why, env::Monotonic now) {
  partition.trouble = Error{ErrorCode::kIo, name_of(partition) + " " + std::move(why)};
  partition.at_end = false;  // who knows
  partition.ask_at = now + partition.backoff.failed();
  cluster_.refresh();
}

void Fetcher::wait_for_topic(Partition& partition, env::Monotonic now) {
  partition.leader = -1;
  partition.at_end = false;  // who knows
  partition.trouble =
      Error{ErrorCode::kIo, name_of(partition) + " is not there now: the cluster does not know it"};
  cluster_.refresh_at(now + kAskForTopicAfter);
}

void Fetcher::find_leaders(env::Monotonic now) {
  if (cluster_.age() == seen_) {
    return;
  }
  seen_ = cluster_.age();
  for (Partition& partition : partitions_) {
    if (partition.stopped) {
      continue;
    }
    const TopicInfo* topic = cluster_.topic(partition.topic);
    if (topic == nullptr || topic->error == kUnknownTopicOrPartition) {
      wait_for_topic(partition, now);
      continue;
    }
    if (topic->error == kTopicAuthorizationFailed) {
      stop(partition, ErrorCode::kRefused, std::string(kNoRight));
      continue;
    }
    if (topic->error != kNoError) {
      retry(partition, "cannot be read now: " + describe_error(topic->error), now);
      continue;
    }
    if (static_cast<std::size_t>(partition.index) >= topic->partitions.size()) {
      retry(partition, "is not there now: the cluster does not know it", now);
      continue;
    }
    if (partition.topic_id != wire::Uuid{} && partition.topic_id != topic->id) {
      stop(partition, ErrorCode::kRefused,
           "is not what it was: the topic was deleted and created again. Reading on would skip or "
           "repeat records; `reset` the job to begin anew.");
      continue;
    }
    const PartitionInfo& told = topic->partitions[static_cast<std::size_t>(partition.index)];
    partition.topic_id = topic->id;
    if (told.leader >= 0 && told.leader_epoch >= 0 && told.leader_epoch < partition.next.epoch) {
      // Who leads there now is not the one who is said to.
      partition.leader = -1;
      retry(partition, "is told of by a broker that lags behind", now);
      cluster_.ask_another();
      continue;
    }
    if (told.leader >= 0 && told.leader_epoch > partition.leader_epoch) {
      partition.ask_at = now;  // why another one was not to be asked does not matter
    }
    partition.at_end = partition.at_end && partition.leader == told.leader;
    partition.leader = told.leader;
    partition.leader_epoch = told.leader_epoch;
    if (partition.next.epoch < 0 || partition.next.epoch == partition.leader_epoch) {
      // Nobody knows what was read, or this leader has written it.
      partition.checked_epoch = partition.leader_epoch;
    }
    if (told.leader < 0) {
      retry(partition, "has no leader now", now);
    }
  }
}

void Fetcher::step(env::Monotonic now) {
  find_leaders(now);
  for (const Partition& partition : partitions_) {
    if (!partition.stopped && partition.leader >= 0) {
      leaders_.try_emplace(partition.leader, random_, cluster_.options());
    }
  }
  for (auto& [node, leader] : leaders_) {
    const Status status = converse(node, leader, now);
    if (!status.has_value()) {
      lost(node, leader, status.error(), now);
    }
  }
}

/// What another leader has given, or may still give, comes before.
bool Fetcher::elsewhere(const Partition& partition, std::int32_t node) {
  return partition.asked_at != node && (partition.asked || partition.pieces > 0);
}

bool Fetcher::leads(std::int32_t node) const {
  return std::any_of(partitions_.begin(), partitions_.end(),
                     [node](const Partition& one) { return one.leader == node && !one.stopped; });
}

void Fetcher::mind_silence(const Leader& leader, env::Monotonic now) {
  constexpr std::chrono::seconds kSilence{2};  // behind the time that a broker may take
  if (!leader.busy() || now - leader.asked_since < options_.max_wait + kSilence) {
    return;
  }
  for (const std::size_t index : leader.asked) {
    partitions_[index].at_end = false;
  }
  for (const Check& check : leader.checking) {
    partitions_[check.partition].at_end = false;
  }
}

Status Fetcher::converse(std::int32_t node, Leader& leader, env::Monotonic now) {
  if (leader.link == nullptr || (leader.link->stale(now) && !leader.busy())) {
    if (!leads(node) || now < leader.open_at) {
      return {};
    }
    leader.link = cluster_.open(node, now);
    if (leader.link == nullptr) {
      return fail(ErrorCode::kIo, "broker " + std::to_string(node) + " is not known");
    }
  }
  RHEON_TRY(leader.link->pump(now));
  if (!leader.link->ready()) {
    return {};
  }
  if (leader.busy()) {
    RHEON_ASSIGN(const std::optional<Response> answer, leader.link->next(now));
    if (answer.has_value()) {
      RHEON_TRY(leader.checking.empty() ? take(leader, *answer, now)
                                        : take_checks(leader, *answer, now));
    } else {
      mind_silence(leader, now);
    }
  }
  if (leader.busy() || leader.link->stale(now)) {
    return {};
  }
  if (now < leader.quiet_until) {
    return {};
  }
  ask_checks(node, leader, now);
  if (!leader.busy() && leader.answers.size() < kAnswersAhead) {
    ask(node, leader, now);
  }
  return leader.link->pump(now);
}

void Fetcher::ask_checks(std::int32_t node, Leader& leader, env::Monotonic now) {
  wire::OffsetForLeaderEpochRequest request;
  request.replica_id = -1;  // no broker
  for (std::size_t index = 0; index < partitions_.size(); ++index) {
    const Partition& partition = partitions_[index];
    if (partition.leader != node || partition.stopped || !partition.unchecked() ||
        partition.asked || now < partition.ask_at) {
      continue;
    }
    if (request.topics.empty() || request.topics.back().topic != partition.topic) {
      request.topics.push_back({partition.topic, {}});
    }
    request.topics.back().partitions.push_back(
        {partition.index, partition.leader_epoch, partition.next.epoch});
    leader.checking.push_back({index, partition.leader_epoch});
  }
  if (!leader.checking.empty()) {
    leader.asked_since = now;
    leader.link->send<wire::OffsetForLeaderEpoch>(request, now);
  }
}

Status Fetcher::take_checks(Leader& leader, const Response& response, env::Monotonic now) {
  const auto told = wire::read_response<wire::OffsetForLeaderEpoch>(response.frame);
  if (!told.has_value()) {
    return fail(ErrorCode::kCorrupt,
                leader.link->address() + " answers a question for epochs with something else");
  }
  std::vector<Check> checking = std::exchange(leader.checking, {});
  std::size_t turn = 0;
  for (const auto& topic : told->topics) {
    for (const auto& partition : topic.partitions) {
      const auto at = find_in_turn(checking, turn, [&](const Check& check) {
        return partitions_[check.partition].topic == topic.topic &&
               partitions_[check.partition].index == partition.partition;
      });
      if (at != checking.end() && !at->told) {
        take(*at, partition, now);
        at->told = true;
      }
    }
  }
  for (const Check& check : checking) {
    if (!check.told) {
      retry(partitions_[check.partition], "cannot be read now: its leader does not say what it has",
            now);
    }
  }
  return {};
}

void Fetcher::take(const Check& check,
                   const wire::OffsetForLeaderEpochResponse::EpochEndOffset& told,
                   env::Monotonic now) {
  Partition& partition = partitions_[check.partition];
  if (partition.stopped || check.epoch != partition.leader_epoch) {
    return;  // it is not the leader any more that has answered
  }
  if (told.error_code == kTopicAuthorizationFailed) {
    stop(partition, ErrorCode::kRefused, std::string(kNoRight));
  } else if (told.error_code != kNoError) {
    retry(partition, "cannot be read now: " + describe_error(told.error_code), now);
  } else if (told.end_offset < 0) {
    retry(partition, "cannot be read now: its leader knows nothing of the epoch that was read",
          now);
  } else if (told.end_offset < partition.next.offset) {
    stop(partition, ErrorCode::kRefused,
         "was cut back to offset " + std::to_string(told.end_offset) +
             " when its leader changed, and this job has read it up to " +
             std::to_string(partition.next.offset) +
             ": what is counted is no longer there (unclean leader election). `reset` the job to "
             "begin anew.");
  } else {
    partition.checked_epoch = check.epoch;
  }
}

void Fetcher::ask(std::int32_t node, Leader& leader, env::Monotonic now) {
  wire::FetchRequest request;
  request.max_wait_ms = static_cast<std::int32_t>(options_.max_wait.count());
  request.min_bytes = 1;
  request.max_bytes = options_.max_bytes;
  request.isolation_level = options_.read_committed ? 1 : 0;
  for (std::size_t i = 0; i < partitions_.size(); ++i) {
    const std::size_t index = (leader.first + i) % partitions_.size();
    Partition& partition = partitions_[index];
    if (partition.leader != node || partition.stopped || partition.unchecked() ||
        elsewhere(partition, node) || now < partition.ask_at) {
      continue;
    }
    partition.asked_at = node;
    partition.asked_epoch = partition.leader_epoch;
    partition.asked = true;
    if (request.topics.empty() || request.topics.back().topic_id != partition.topic_id) {
      request.topics.push_back({partition.topic_id, {}});
    }
    wire::FetchRequest::Partition wanted;
    wanted.partition = partition.index;
    wanted.current_leader_epoch = partition.leader_epoch;
    wanted.fetch_offset = partition.next.offset;
    wanted.partition_max_bytes = options_.partition_bytes;
    request.topics.back().partitions.push_back(wanted);
    leader.asked.push_back(index);
  }
  if (!leader.asked.empty()) {
    ++leader.first;
    leader.asked_since = now;
    leader.link->send<wire::Fetch>(request, now);
  }
}

Status Fetcher::take(Leader& leader, const Response& response, env::Monotonic now) {
  auto told = wire::read_response<wire::Fetch>(response.frame);
  if (!told.has_value()) {
    return fail(ErrorCode::kCorrupt,
                leader.link->address() + " answers a request for records with something else");
  }
  if (told->throttle_time_ms > 0) {
    leader.quiet_until = now + throttled_for(told->throttle_time_ms);
  }
  if (told->error_code != 0) {
    return fail(ErrorCode::kIo, leader.link->address() + " cannot give records now: " +
                                    describe_error(told->error_code));
  }
  leader.backoff.succeeded();
  Answer answer;
  const std::vector<std::size_t> asked = std::exchange(leader.asked, {});
  for (const std::size_t index : asked) {
    partitions_[index].asked = false;
  }
  std::size_t turn = 0;
  for (const auto& topic : told->responses) {
    for (const auto& partition : topic.partitions) {
      const auto at = find_in_turn(asked, turn, [&](std::size_t index) {
        return partitions_[index].topic_id == topic.topic_id &&
               partitions_[index].index == partition.partition_index;
      });
      if (at == asked.end()) {
        continue;
      }
      if (auto piece = take(*at, partition, now)) {
        answer.pieces.push_back(std::move(*piece));
        ++partitions_[*at].pieces;
      }
    }
  }
  if (!answer.pieces.empty()) {
    answer.response = std::move(*told);
    answer.memory = leader.link->keep();
    leader.answers.push_back(std::move(answer));
  }
  return {};
}

std::optional<Fetched> Fetcher::take(std::size_t index, const wire::FetchResponse::Partition& told,
                                     env::Monotonic now) {
  Partition& partition = partitions_[index];
  switch (told.error_code) {
    case kNoError:
      break;
    case kOffsetOutOfRange:
      stop(partition, ErrorCode::kRefused,
           "has no offset " + std::to_string(partition.next.offset) +
               ". Either records were deleted before they were read (a longer retention keeps "
               "them), or its end was lost with a broker (unclean leader election). `reset` the "
               "job to begin anew.");
      return std::nullopt;
    case kTopicAuthorizationFailed:
      stop(partition, ErrorCode::kRefused, std::string(kNoRight));
      return std::nullopt;
    default:
      retry(partition, "cannot be read now: " + describe_error(told.error_code), now);
      return std::nullopt;
  }
  partition.trouble.reset();
  partition.backoff.succeeded();
  const std::string_view records = told.records.value_or("");
  Fetched piece;
  piece.partition = index;
  piece.from = partition.next.offset;
  piece.records = records;
  piece.end = options_.read_committed ? told.last_stable_offset : told.high_watermark;
  if (told.aborted_transactions.has_value()) {
    piece.aborted = *told.aborted_transactions;
  }
  piece.leader_epoch = partition.asked_epoch;
  partition.next = end_of(records, partition.next, partition.asked_epoch);
  if (partition.asked_epoch < partition.leader_epoch) {
    // The leader has changed meanwhile: the new one has to say whether it has these, too.
    partition.checked_epoch = std::min(partition.checked_epoch, partition.asked_epoch);
  }
  // What stands behind an open transaction is there, and may come at any time.
  partition.at_end = partition.next.offset >= piece.end && piece.end >= told.high_watermark;
  // Who reads a piece that does not get on finds out why.
  return records.empty() ? std::nullopt : std::optional(std::move(piece));
}

void Fetcher::lost(std::int32_t node, Leader& leader, const Error& why, env::Monotonic now) {
  leader.link.reset();
  leader.open_at = now + leader.backoff.failed();
  leader.checking.clear();
  for (const std::size_t index : std::exchange(leader.asked, {})) {
    partitions_[index].asked = false;
    partitions_[index].at_end = false;
  }
  for (Partition& partition : partitions_) {
    if (partition.leader == node && !partition.stopped) {
      partition.trouble = why;
      partition.at_end = false;  // who knows
    }
  }
  if (why.code == ErrorCode::kRefused) {
    failures_.push_back(why);  // trying again does not help
  }
  cluster_.refresh();
}

Result<std::optional<Fetched>> Fetcher::next(env::Monotonic now) {
  if (!failures_.empty()) {
    const Error error = std::move(failures_.front());
    failures_.pop_front();
    return tl::unexpected<Error>(error);
  }
  for (std::size_t tries = leaders_.size(); tries > 0;) {
    auto at = leaders_.lower_bound(turn_);
    at = at == leaders_.end() ? leaders_.begin() : at;
    Leader& leader = at->second;
    if (!leader.answers.empty() &&
        leader.answers.front().given == leader.answers.front().pieces.size()) {
      if (leader.link != nullptr) {
        leader.link->give_back(std::move(leader.answers.front().memory));
      }
      leader.answers.pop_front();
      turn_ = node_behind(at->first);  // the others' turn
      step(now);                       // there is room for another answer
      continue;
    }
    if (leader.answers.empty()) {
      turn_ = node_behind(at->first);
      --tries;
      continue;
    }
    turn_ = at->first;
    Answer& answer = leader.answers.front();
    const Fetched& piece = answer.pieces[answer.given++];
    --partitions_[piece.partition].pieces;
    return piece;
  }
  return std::nullopt;
}

env::Monotonic Fetcher::deadline() const {
  env::Monotonic at = env::Monotonic::max();
  for (const auto& [node, leader] : leaders_) {
    if (leader.link != nullptr) {
      at = std::min(at, leader.link->deadline());
    } else if (leads(node)) {
      at = std::min(at, leader.open_at);
    }
  }
  for (const Partition& partition : partitions_) {
    const auto leader = leaders_.find(partition.leader);
    // Who waits for a link, an answer or a reader is called by that.
    const bool waits_for_time = leader != leaders_.end() && leader->second.link != nullptr &&
                                leader->second.link->ready() && !leader->second.busy() &&
                                leader->second.answers.size() < kAnswersAhead;
    if (partition.stopped || !waits_for_time || elsewhere(partition, partition.leader)) {
      continue;
    }
    const bool throttled = leader->second.quiet_until > leader->second.asked_since;
    if (partition.trouble.has_value() || throttled) {
      at = std::min(at, std::max(partition.ask_at, leader->second.quiet_until));
    }
  }
  return at;
}

}  // namespace rheon::kafka
