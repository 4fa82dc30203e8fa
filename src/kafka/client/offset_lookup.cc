#include "kafka/client/offset_lookup.h"

#include <algorithm>
#include <utility>

#include "kafka/client/error_codes.h"
#include "kafka/client/find_in_turn.h"

namespace rheon::kafka {

namespace {

std::string name_of(const OffsetQuestion& question) {
  return "partition " + std::to_string(question.partition) + " of topic '" + question.topic + "'";
}

}  // namespace

OffsetLookup::OffsetLookup(Cluster& cluster, env::Random& random,
                           std::vector<OffsetQuestion> questions, bool read_committed)
    : cluster_(cluster),
      random_(random),
      questions_(std::move(questions)),
      read_committed_(read_committed),
      offsets_(questions_.size()),
      unanswered_(questions_.size()) {}

const PartitionInfo* OffsetLookup::place_of(const OffsetQuestion& question) const {
  const TopicInfo* topic = cluster_.topic(question.topic);
  const auto index = static_cast<std::size_t>(question.partition);
  return topic == nullptr || index >= topic->partitions.size() ? nullptr
                                                               : &topic->partitions[index];
}

std::vector<std::size_t> OffsetLookup::questions_to(std::int32_t node) const {
  std::vector<std::size_t> result;
  for (std::size_t i = 0; i < questions_.size(); ++i) {
    const PartitionInfo* place = offsets_[i].has_value() ? nullptr : place_of(questions_[i]);
    if (place != nullptr && place->leader == node) {
      result.push_back(i);
    }
  }
  return result;
}

void OffsetLookup::step(env::Monotonic now) {
  if (done()) {
    return;
  }
  for (std::size_t i = 0; i < questions_.size(); ++i) {
    const PartitionInfo* place = offsets_[i].has_value() ? nullptr : place_of(questions_[i]);
    if (place != nullptr && place->leader >= 0) {
      leaders_.try_emplace(place->leader, random_, cluster_.options());
    } else if (!offsets_[i].has_value()) {
      trouble_ = Error{ErrorCode::kIo, name_of(questions_[i]) + " has no leader now"};
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

Status OffsetLookup::converse(std::int32_t node, Leader& leader, env::Monotonic now) {
  if (leader.asked.empty() && (now < leader.ask_at || questions_to(node).empty())) {
    return {};
  }
  if (leader.link == nullptr) {
    leader.link = cluster_.open(node, now);
    if (leader.link == nullptr) {
      return fail(ErrorCode::kIo, "broker " + std::to_string(node) + " is not known");
    }
  }
  RHEON_TRY(leader.link->pump(now));
  if (!leader.link->ready()) {
    return {};
  }
  if (leader.asked.empty()) {
    ask(leader, questions_to(node), now);
    RHEON_TRY(leader.link->pump(now));
  }
  RHEON_ASSIGN(const std::optional<Response> answer, leader.link->next(now));
  return answer.has_value() ? take(leader, *answer, now) : Status();
}

void OffsetLookup::ask(Leader& leader, std::vector<std::size_t> questions, env::Monotonic now) {
  wire::ListOffsetsRequest request;
  request.replica_id = -1;  // no broker
  request.isolation_level = read_committed_ ? 1 : 0;
  for (const std::size_t index : questions) {
    const OffsetQuestion& question = questions_[index];
    if (request.topics.empty() || request.topics.back().name != question.topic) {
      request.topics.push_back({question.topic, {}});
    }
    request.topics.back().partitions.push_back(
        {question.partition, place_of(question)->leader_epoch, question.time});
  }
  leader.asked = std::move(questions);
  leader.link->send<wire::ListOffsets>(request, now);
}

Status OffsetLookup::take(Leader& leader, const Response& response, env::Monotonic now) {
  const auto told = wire::read_response<wire::ListOffsets>(response.frame);
  if (!told.has_value()) {
    return fail(ErrorCode::kCorrupt,
                leader.link->address() + " answers a question for offsets with something else");
  }
  const std::vector<std::size_t> asked = std::exchange(leader.asked, {});
  const std::size_t before = unanswered_;
  std::size_t turn = 0;
  for (const auto& topic : told->topics) {
    for (const auto& partition : topic.partitions) {
      const auto at = find_in_turn(asked, turn, [&](std::size_t index) {
        return questions_[index].topic == topic.name &&
               questions_[index].partition == partition.partition_index;
      });
      if (at != asked.end() && !offsets_[*at].has_value()) {
        take(*at, partition);
      }
    }
  }
  if (unanswered_ == before) {
    leader.ask_at = now + leader.backoff.failed();
  } else {
    leader.backoff.succeeded();
  }
  return {};
}

void OffsetLookup::take(std::size_t question, const wire::ListOffsetsResponse::Partition& told) {
  const std::string name = name_of(questions_[question]);
  if (told.error_code == kTopicAuthorizationFailed) {
    failure_ = Error{ErrorCode::kRefused, name + " cannot be read: this user has no right to. " +
                                              "Grant it READ and DESCRIBE on the topic."};
    return;
  }
  if (told.error_code != kNoError) {
    trouble_ = Error{ErrorCode::kIo, name + ": " + describe_error(told.error_code)};
    cluster_.refresh();
    return;
  }
  offsets_[question] = told.offset;
  --unanswered_;
}

void OffsetLookup::lost(Leader& leader, const Error& why, env::Monotonic now) {
  leader.link.reset();
  leader.asked.clear();
  leader.ask_at = now + leader.backoff.failed();
  trouble_ = why;
  cluster_.refresh();
}

env::Monotonic OffsetLookup::deadline() const {
  env::Monotonic at = env::Monotonic::max();
  for (const auto& [node, leader] : leaders_) {
    if (!questions_to(node).empty()) {
      const bool talking =
          leader.link != nullptr && !(leader.link->ready() && leader.asked.empty());
      at = std::min(at, talking ? leader.link->deadline() : leader.ask_at);
    }
  }
  return at;
}

}  // namespace rheon::kafka
