#include "kafka/client/producer.h"

#include <algorithm>
#include <utility>

#include "base/assert.h"
#include "kafka/client/error_codes.h"
#include "kafka/wire/record_batch.h"

namespace rheon::kafka {

namespace {

/// The markers of the transaction before are being written: that takes a broker no longer.
constexpr env::Monotonic kBetweenTransactions = std::chrono::milliseconds{20};
constexpr std::int16_t kAllReplicas = -1;

/// Sequences go round at 2^31 (KIP-98).
std::int32_t after(std::int32_t sequence, std::int32_t records) {
  constexpr std::uint32_t kMask = 0x7fffffff;
  return static_cast<std::int32_t>(
      (static_cast<std::uint32_t>(sequence) + static_cast<std::uint32_t>(records)) & kMask);
}

}  // namespace

Producer::Producer(Cluster& cluster, env::Random& random, ProducerOptions options)
    : cluster_(cluster), random_(random), options_(options) {}

void Producer::become(ProducerIdentity identity, std::optional<std::string> transactional_id,
                      bool transactions_have_epochs) {
  for (const Partition& partition : partitions_) {
    RHEON_ASSERT(partition.batches.empty() || partition.batches.front().sequence < 0,
                 "batches of another identity are on their way");
  }
  identity_ = identity;
  known_ = true;
  transactional_id_ = std::move(transactional_id);
  transactions_have_epochs_ = transactions_have_epochs;
  for (Partition& partition : partitions_) {
    partition.next_sequence = 0;
  }
}

std::size_t Producer::add(std::string topic, std::int32_t partition) {
  const ClusterOptions& patience = cluster_.options();
  Partition added(Backoff(random_, patience.first_wait, patience.longest_wait));
  added.topic = std::move(topic);
  added.index = partition;
  partitions_.push_back(std::move(added));
  return partitions_.size() - 1;
}

void Producer::write(std::size_t partition, std::string batch, std::int32_t records) {
  unanswered_bytes_ += batch.size();
  partitions_[partition].batches.push_back({std::move(batch), records});
}

std::string Producer::name_of(const Partition& partition) {
  return "partition " + std::to_string(partition.index) + " of topic '" + partition.topic + "'";
}

const PartitionInfo* Producer::place_of(const Partition& partition) const {
  const TopicInfo* topic = cluster_.topic(partition.topic);
  const auto index = static_cast<std::size_t>(partition.index);
  return topic == nullptr || index >= topic->partitions.size() ? nullptr
                                                               : &topic->partitions[index];
}

bool Producer::can_send(const Partition& partition, std::int32_t node, env::Monotonic now) const {
  if (partition.sent == partition.batches.size() || partition.again || now < partition.send_at) {
    return false;
  }
  if (waits_elsewhere(partition, node)) {
    return false;
  }
  const PartitionInfo* place = place_of(partition);
  return place != nullptr && place->leader == node;
}

/// A leader before has not answered yet: nobody knows what it has taken.
bool Producer::waits_elsewhere(const Partition& partition, std::int32_t node) {
  return partition.sent > partition.answered && partition.node != node;
}

void Producer::step(env::Monotonic now) {
  if (failure_.has_value() || !known_) {
    return;
  }
  for (Partition& partition : partitions_) {
    if (partition.sent == partition.batches.size()) {
      continue;
    }
    const PartitionInfo* place = place_of(partition);
    if (place != nullptr && place->leader >= 0) {
      leaders_.try_emplace(place->leader, random_, cluster_.options());
      if (place->leader_epoch > partition.epoch) {
        partition.epoch = place->leader_epoch;
        partition.send_at = now;  // why another one did not take them does not matter
      }
    } else if (now >= partition.send_at) {
      trouble_ = Error{ErrorCode::kIo, name_of(partition) + " has no leader now"};
      partition.send_at = now + partition.backoff.failed();
      cluster_.refresh();
    }
  }
  for (auto& [node, leader] : leaders_) {
    const Status status = converse(node, leader, now);
    if (!status.has_value()) {
      lost(leader, status.error(), now);
    }
  }
}

Status Producer::converse(std::int32_t node, Leader& leader, env::Monotonic now) {
  if (leader.link == nullptr || (leader.link->stale(now) && leader.requests.empty())) {
    const bool wanted = std::any_of(
        partitions_.begin(), partitions_.end(),
        [&, n = node](const Partition& partition) { return can_send(partition, n, now); });
    if (!wanted || now < leader.open_at) {
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
  while (!leader.requests.empty()) {
    RHEON_ASSIGN(const std::optional<Response> answer, leader.link->next(now));
    if (!answer.has_value()) {
      break;
    }
    RHEON_TRY(take(leader, *answer, now));
  }
  send(node, leader, now);
  return leader.link->pump(now);
}

void Producer::send(std::int32_t node, Leader& leader, env::Monotonic now) {
  while (leader.requests.size() < options_.in_flight && now >= leader.quiet_until) {
    wire::ProduceRequest request;
    request.transactional_id = transactional_id_;
    request.acks = kAllReplicas;
    request.timeout_ms = static_cast<std::int32_t>(options_.timeout.count());
    Request made;
    std::size_t bytes = 0;
    for (std::size_t i = 0; i < partitions_.size(); ++i) {
      const std::size_t index = (first_ + i) % partitions_.size();
      Partition& partition = partitions_[index];
      if (!can_send(partition, node, now)) {
        continue;
      }
      Batch& batch = partition.batches[partition.sent];
      if (bytes > 0 && bytes + batch.bytes.size() > options_.request_bytes) {
        continue;
      }
      bytes += batch.bytes.size();
      seal(partition, batch);
      auto topic = std::find_if(request.topic_data.begin(), request.topic_data.end(),
                                [&](const auto& one) { return one.name == partition.topic; });
      if (topic == request.topic_data.end()) {
        topic = request.topic_data.insert(topic, {partition.topic, {}});
      }
      topic->partition_data.push_back({partition.index, batch.bytes});
      made.partitions.push_back(index);
      partition.node = node;
      ++partition.sent;
    }
    if (made.partitions.empty()) {
      return;
    }
    ++first_;
    made.ticket = leader.link->send<wire::Produce>(
        request, now,
        transactions_have_epochs_ ? wire::Produce::kSecondVersion : wire::Produce::kVersion);
    leader.requests.push_back(std::move(made));
  }
}

/// A batch keeps its sequence when it goes again: by that a leader knows it.
void Producer::seal(Partition& partition, Batch& batch) {
  if (batch.sequence >= 0) {
    return;
  }
  batch.sequence = partition.next_sequence;
  partition.next_sequence = after(batch.sequence, batch.records);
  wire::seal_batch(batch.bytes,
                   {identity_.id, identity_.epoch, batch.sequence, transactional_id_.has_value()});
}

Status Producer::take(Leader& leader, const Response& response, env::Monotonic now) {
  const auto told = wire::read_response<wire::Produce>(response.frame);
  if (!told.has_value() || response.ticket != leader.requests.front().ticket) {
    return fail(ErrorCode::kCorrupt,
                leader.link->address() + " does not say what became of records");
  }
  Request request = std::move(leader.requests.front());
  leader.requests.pop_front();
  leader.quiet_until = std::max(leader.quiet_until, now + throttled_for(told->throttle_time_ms));
  for (const auto& topic : told->responses) {
    for (const auto& partition : topic.partition_responses) {
      const auto at = std::find_if(request.partitions.begin(), request.partitions.end(),
                                   [&](std::size_t index) {
                                     return partitions_[index].topic == topic.name &&
                                            partitions_[index].index == partition.index;
                                   });
      if (at != request.partitions.end()) {
        Partition& of = partitions_[*at];
        request.partitions.erase(at);  // once
        take(of, partition, now);
      }
    }
  }
  if (!request.partitions.empty()) {
    for (const std::size_t index : request.partitions) {
      refused(partitions_[index], "no answer has come", now);
    }
    return fail(ErrorCode::kCorrupt,
                leader.link->address() + " does not say what became of all records");
  }
  leader.backoff.succeeded();
  return {};
}

void Producer::take(Partition& partition, const wire::ProduceResponse::Partition& told,
                    env::Monotonic now) {
  switch (told.error_code) {
    case kNoError:
    case kDuplicateSequenceNumber:  // it was there already
      accepted(partition);
      return;
    case kOutOfOrderSequenceNumber:
      if (partition.again) {  // because one before it was refused
        break;
      }
      [[fallthrough]];
    case kUnknownProducerId:
      fail_for_good(
          partition, ErrorCode::kIo,
          "no longer knows what this producer wrote: " + describe_error(told.error_code) + ".");
      return;
    case kInvalidProducerEpoch:
    case kProducerFenced:
    case kInvalidTxnState:
    case kInvalidProducerIdMapping:  // nothing was written for so long that it was forgotten
    case kTransactionAbortable:
      fail_for_good(partition, ErrorCode::kIo,
                    "takes no records of this process any more: another process of this job runs "
                    "or has run since, a transaction took too long, or the last one is a week "
                    "ago.");
      return;
    case kMessageTooLarge:
    case kRecordListTooLarge:
      fail_for_good(partition, ErrorCode::kRefused,
                    "does not take a batch of " +
                        std::to_string(partition.batches[partition.answered].bytes.size()) +
                        " bytes: raise max.message.bytes of the topic, or write smaller records.");
      return;
    case kTopicAuthorizationFailed:
    case kTransactionalIdAuthorizationFailed:
      fail_for_good(partition, ErrorCode::kRefused,
                    "takes no records: this user has no right to write. Grant it WRITE and "
                    "DESCRIBE on the topic.");
      return;
    case kInvalidTimestamp:
      fail_for_good(partition, ErrorCode::kRefused,
                    "refuses a record's time (its event time; of the job's own decisions this "
                    "machine's): it lies further from the broker's clock than the topic's "
                    "message.timestamp.before.max.ms and message.timestamp.after.max.ms allow (an "
                    "hour ahead, in Kafka 4, if nobody has said otherwise). Set the clock right, "
                    "or raise these settings.");
      return;
    case kInvalidRecord:
      fail_for_good(
          partition, ErrorCode::kRefused,
          "refuses a record: " +
              std::string(told.error_message.value_or("it does not fit the topic's settings")) +
              ".");
      return;
    case kConcurrentTransactions:
      partition.again = true;
      partition.send_at = now + kBetweenTransactions;
      settle(partition);
      return;
    default:
      break;
  }
  refused(partition,
          name_of(partition) + " cannot be written now: " + describe_error(told.error_code), now);
}

void Producer::accepted(Partition& partition) {
  partition.batches[partition.answered].accepted = true;
  partition.backoff.succeeded();
  trouble_.reset();
  settle(partition);
}

void Producer::refused(Partition& partition, const std::string& why, env::Monotonic now) {
  if (!std::exchange(partition.again, true)) {  // what comes behind it says nothing new
    trouble_ = Error{ErrorCode::kIo, why};
    partition.send_at = now + partition.backoff.failed();
  }
  cluster_.refresh();
  settle(partition);
}

void Producer::settle(Partition& partition) {
  ++partition.answered;
  while (partition.answered > 0 && partition.batches.front().accepted) {
    unanswered_bytes_ -= partition.batches.front().bytes.size();
    partition.batches.pop_front();
    --partition.answered;
    --partition.sent;
  }
  if (partition.again && partition.answered == partition.sent) {
    partition.again = false;
    partition.sent = 0;
    partition.answered = 0;
  }
}

void Producer::lost(Leader& leader, const Error& why, env::Monotonic now) {
  leader.link.reset();
  leader.open_at = now + leader.backoff.failed();
  trouble_ = why;
  cluster_.refresh();
  for (const Request& request : std::exchange(leader.requests, {})) {
    for (const std::size_t index : request.partitions) {
      refused(partitions_[index], why.message, now);  // who knows: it may be there already
    }
  }
}

void Producer::fail_for_good(const Partition& partition, ErrorCode code, const std::string& why) {
  failure_ = Error{code, name_of(partition) + " " + why};
}

/// The end of time: what comes from its leader says when.
env::Monotonic Producer::send_again_at(const Partition& partition) const {
  const PartitionInfo* place = place_of(partition);
  const auto at = place == nullptr ? leaders_.end() : leaders_.find(place->leader);
  if (at == leaders_.end()) {
    return partition.send_at;
  }
  const Leader& leader = at->second;
  if (waits_elsewhere(partition, at->first)) {
    return env::Monotonic::max();  // that link says when
  }
  if (leader.link == nullptr) {
    return std::max(partition.send_at, leader.open_at);
  }
  const bool full = !leader.link->ready() || leader.requests.size() == options_.in_flight;
  return full ? env::Monotonic::max() : std::max(partition.send_at, leader.quiet_until);
}

env::Monotonic Producer::deadline() const {
  if (!known_ || failure_.has_value()) {
    return env::Monotonic::max();
  }
  env::Monotonic at = env::Monotonic::max();
  for (const auto& [node, leader] : leaders_) {
    if (leader.link != nullptr) {
      at = std::min(at, leader.link->deadline());
    }
  }
  for (const Partition& partition : partitions_) {
    if (partition.sent < partition.batches.size() && !partition.again) {
      at = std::min(at, send_again_at(partition));
    }
  }
  return at;
}

}  // namespace rheon::kafka
