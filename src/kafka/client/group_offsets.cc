#include "kafka/client/group_offsets.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <string_view>
#include <tuple>

#include "base/assert.h"
#include "kafka/client/error_codes.h"

namespace rheon::kafka {

GroupOffsets::GroupOffsets(Cluster& cluster, env::Random& random, std::string group)
    : group_(std::move(group)), coordinator_(cluster, random, Coordinator::Of::kGroup, group_) {}

void GroupOffsets::begin(Todo todo) {
  RHEON_ASSERT(idle(), "a conversation is under way");
  todo_ = todo;
  failure_.reset();
}

void GroupOffsets::fetch(std::vector<std::pair<std::string, std::int32_t>> partitions) {
  begin(Todo::kFetch);
  offsets_.assign(partitions.size(), std::nullopt);
  place_.resize(partitions.size());
  std::iota(place_.begin(), place_.end(), std::size_t{0});
  std::sort(place_.begin(), place_.end(),
            [&](std::size_t a, std::size_t b) { return partitions[a] < partitions[b]; });
  partitions_.clear();
  for (const std::size_t at : place_) {
    partitions_.push_back(std::move(partitions[at]));
  }
  if (partitions_.empty()) {
    done();
  }
}

void GroupOffsets::commit(std::vector<GroupOffset> offsets, Membership as) {
  begin(Todo::kCommit);
  to_commit_ = std::move(offsets);
  as_ = std::move(as);
  std::sort(to_commit_.begin(), to_commit_.end(), [](const GroupOffset& a, const GroupOffset& b) {
    return std::tie(a.topic, a.partition) < std::tie(b.topic, b.partition);
  });
  if (to_commit_.empty()) {
    done();
  }
}

void GroupOffsets::step(env::Monotonic now) {
  const Status status = converse(now);
  if (!status.has_value()) {
    coordinator_.lost(status.error(), now);
  }
}

Status GroupOffsets::converse(env::Monotonic now) {
  return coordinator_.converse(
      now, !idle(), [&] { ask(now); },
      [&](const Response& answer) {
        return todo_ == Todo::kFetch ? take_fetched(answer, now) : take_committed(answer, now);
      },
      [&](std::int16_t error) { return judge(error, now); });
}

void GroupOffsets::ask(env::Monotonic now) {
  todo_ == Todo::kFetch ? ask_for_offsets(now) : ask_to_commit(now);
}

void GroupOffsets::ask_for_offsets(env::Monotonic now) {
  std::vector<wire::OffsetFetchRequest::Topic> topics;
  for (const auto& [topic, partition] : partitions_) {
    if (topics.empty() || topics.back().name != topic) {
      topics.push_back({topic, {}});
    }
    topics.back().partition_indexes.push_back(partition);
  }
  wire::OffsetFetchRequest request;
  request.groups.push_back({group_, std::nullopt, -1, std::move(topics)});
  request.require_stable = true;
  coordinator_.send<wire::OffsetFetch>(request, now);
}

void GroupOffsets::ask_to_commit(env::Monotonic now) {
  wire::OffsetCommitRequest request;
  request.group_id = group_;
  request.generation_id_or_member_epoch = as_.generation;
  request.member_id = as_.member_id;
  if (as_.instance.has_value()) {
    request.group_instance_id = *as_.instance;
  }
  for (const GroupOffset& offset : to_commit_) {
    if (request.topics.empty() || request.topics.back().name != offset.topic) {
      request.topics.push_back({offset.topic, {}});
    }
    request.topics.back().partitions.push_back(
        {offset.partition, offset.offset, -1, std::string_view()});
  }
  coordinator_.send<wire::OffsetCommit>(request, now);
}

Status GroupOffsets::take_fetched(const Response& response, env::Monotonic now) {
  const auto told = wire::read_response<wire::OffsetFetch>(response.frame);
  if (!told.has_value() || told->groups.size() != 1) {
    return fail(ErrorCode::kCorrupt,
                coordinator_.address() + " does not say what group '" + group_ + "' has committed");
  }
  RHEON_ASSIGN(const bool good, judge(told->groups.front().error_code, now));
  if (!good) {
    return {};
  }
  std::map<std::pair<std::string_view, std::int32_t>, std::int64_t> found;
  for (const auto& topic : told->groups.front().topics) {
    for (const auto& partition : topic.partitions) {
      if (partition.error_code != kUnknownTopicOrPartition) {  // of which nothing is committed
        RHEON_ASSIGN(const bool this_good, judge(partition.error_code, now));
        if (!this_good) {
          return {};
        }
      }
      const bool known = partition.error_code == kNoError;
      found[{topic.name, partition.partition_index}] = known ? partition.committed_offset : -1;
    }
  }
  for (std::size_t i = 0; i < partitions_.size(); ++i) {
    const auto at = found.find({partitions_[i].first, partitions_[i].second});
    if (at == found.end()) {
      return fail(
          ErrorCode::kCorrupt,
          fmt::format("{} does not say what group '{}' has committed of {}/{}",
                      coordinator_.address(), group_, partitions_[i].first, partitions_[i].second));
    }
    if (at->second >= 0) {
      offsets_[place_[i]] = at->second;
    }
  }
  done();
  return {};
}

Status GroupOffsets::take_committed(const Response& response, env::Monotonic now) {
  const auto told = wire::read_response<wire::OffsetCommit>(response.frame);
  if (!told.has_value()) {
    return fail(ErrorCode::kCorrupt, coordinator_.address() +
                                         " does not say whether offsets of group '" + group_ +
                                         "' are committed");
  }
  std::size_t committed = 0;
  for (const auto& topic : told->topics) {
    for (const auto& partition : topic.partitions) {
      RHEON_ASSIGN(const bool good, judge(partition.error_code, now));
      if (!good) {
        return {};  // all of them are said again, or none
      }
      ++committed;
    }
  }
  if (committed != to_commit_.size()) {
    return fail(ErrorCode::kCorrupt,
                fmt::format("{} was told {} offsets of group '{}', and answers for {}",
                            coordinator_.address(), to_commit_.size(), group_, committed));
  }
  done();
  return {};
}

Result<bool> GroupOffsets::judge(std::int16_t error, env::Monotonic now) {
  RHEON_ASSIGN(const std::optional<bool> of_any, coordinator_.judge(error, now));
  if (of_any.has_value()) {
    return *of_any;
  }
  const std::string of_group = "group '" + group_ + "': ";
  switch (error) {
    case kUnstableOffsetCommit:
      coordinator_.back_off({ErrorCode::kIo, of_group + describe_error(error)}, now);
      return false;
    case kIllegalGeneration:
    case kUnknownMemberId:
    case kRebalanceInProgress:
    case kFencedInstanceId:
      fail_for_good(ErrorCode::kIo, of_group + describe_error(error) +
                                        ". What this member has read since belongs to others.");
      return false;
    case kGroupAuthorizationFailed:
      fail_for_good(ErrorCode::kRefused, "this user has no right to group '" + group_ +
                                             "'. Grant it READ and DESCRIBE on the group.");
      return false;
    case kTopicAuthorizationFailed:
      fail_for_good(ErrorCode::kRefused, of_group +
                                             "this user has no right to a topic of it. Grant it "
                                             "READ and DESCRIBE on the topic.");
      return false;
    case kInvalidGroupId:
      fail_for_good(ErrorCode::kInvalidInput, of_group + describe_error(error) + ".");
      return false;
    default:
      fail_for_good(ErrorCode::kInternal, of_group + describe_error(error) + ".");
      return false;
  }
}

void GroupOffsets::done() {
  todo_ = Todo::kNothing;
  coordinator_.succeeded();
}

void GroupOffsets::fail_for_good(ErrorCode code, std::string sentence) {
  failure_ = Error{code, std::move(sentence)};
  todo_ = Todo::kNothing;
}

}  // namespace rheon::kafka
