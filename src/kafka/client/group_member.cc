#include "kafka/client/group_member.h"

#include <algorithm>

#include "base/assert.h"
#include "kafka/client/error_codes.h"

namespace rheon::kafka {

GroupMember::GroupMember(Cluster& cluster, env::Random& random, GroupMemberOptions options,
                         Assign assign)
    : options_(std::move(options)),
      assign_(std::move(assign)),
      coordinator_(cluster, random, Coordinator::Of::kGroup, options_.group) {
  if (!options_.instance.empty()) {
    membership_.instance = options_.instance;
  }
}

void GroupMember::join(std::string metadata) {
  RHEON_ASSERT(state_ != State::kLeaving, "it leaves");
  ++joins_;
  metadata_ = std::move(metadata);
  state_ = State::kJoining;
  joined_ = false;
  called_ = false;
  leads_ = false;
  share_.clear();
  shares_.clear();
  failure_.reset();
}

void GroupMember::leave() {
  RHEON_ASSERT(state_ == State::kMember, "only a member leaves");
  state_ = State::kLeaving;
  share_.clear();
}

void GroupMember::step(env::Monotonic now) {
  evict_if_unheard(now);  // first: an answer that has waited here says nothing of today
  const Status status = converse(now);
  if (!status.has_value()) {
    coordinator_.lost(status.error(), now);
  }
  evict_if_unheard(now);
}

void GroupMember::evict_if_unheard(env::Monotonic now) {
  if (state_ == State::kMember && now - heard_at_ >= options_.session_timeout) {
    evict();
  }
}

Status GroupMember::converse(env::Monotonic now) {
  return coordinator_.converse(
      now, wanted() && now >= ask_at(), [&] { ask(now); },
      [&](const Response& answer) { return take(answer, now); },
      [&](std::int16_t error) { return judge(error, now); });
}

env::Monotonic GroupMember::ask_at() const {
  return state_ == State::kMember ? heard_at_ + options_.heartbeat_interval : env::Monotonic{0};
}

void GroupMember::ask(env::Monotonic now) {
  asked_in_ = joins_;
  asked_at_ = now;
  switch (state_) {
    case State::kOut:
    case State::kEvicted:
      return;
    case State::kJoining:
      joined_ ? ask_for_share(now) : ask_to_join(now);
      return;
    case State::kMember: {
      asked_ = Asked::kHeartbeat;
      coordinator_.send<wire::Heartbeat>(
          {options_.group, membership_.generation, membership_.member_id, membership_.instance},
          now);
      return;
    }
    case State::kLeaving: {
      asked_ = Asked::kLeave;
      wire::LeaveGroupRequest request;
      request.group_id = options_.group;
      request.members.push_back(
          {membership_.member_id, membership_.instance, std::string_view("it was stopped")});
      coordinator_.send<wire::LeaveGroup>(request, now);
      return;
    }
  }
}

void GroupMember::ask_to_join(env::Monotonic now) {
  asked_ = Asked::kJoin;
  wire::JoinGroupRequest request;
  request.group_id = options_.group;
  request.session_timeout_ms = static_cast<std::int32_t>(options_.session_timeout.count());
  request.rebalance_timeout_ms = static_cast<std::int32_t>(options_.rebalance_timeout.count());
  request.member_id = membership_.member_id;
  request.group_instance_id = membership_.instance;
  request.protocol_type = options_.protocol_type;
  request.protocols.push_back({options_.protocol, metadata_});
  coordinator_.send<wire::JoinGroup>(request, now);
}

void GroupMember::ask_for_share(env::Monotonic now) {
  asked_ = Asked::kSync;
  wire::SyncGroupRequest request;
  request.group_id = options_.group;
  request.generation_id = membership_.generation;
  request.member_id = membership_.member_id;
  request.group_instance_id = membership_.instance;
  request.protocol_type = options_.protocol_type;
  request.protocol_name = options_.protocol;
  for (const auto& [member, share] : shares_) {
    request.assignments.push_back({member, share});
  }
  coordinator_.send<wire::SyncGroup>(request, now);
}

Status GroupMember::take(const Response& response, env::Monotonic now) {
  switch (asked_) {
    case Asked::kJoin:
      return take_joined(response, now);
    case Asked::kSync:
      return take_share(response, now);
    case Asked::kHeartbeat:
      return take_heartbeat(response, now);
    case Asked::kLeave:
      return take_left(response, now);
  }
  return {};
}

bool GroupMember::is_late() const { return asked_in_ != joins_; }

Status GroupMember::take_joined(const Response& response, env::Monotonic now) {
  const auto told = wire::read_response<wire::JoinGroup>(response.frame);
  if (!told.has_value()) {
    return fail(ErrorCode::kCorrupt,
                coordinator_.address() + " does not say who is in group '" + options_.group + "'");
  }
  if (is_late() && told->error_code == kNoError) {
    membership_.member_id = told->member_id;
    return {};
  }
  if (told->error_code == kMemberIdRequired) {
    membership_.member_id = told->member_id;  // and comes back with it
    return {};
  }
  RHEON_ASSIGN(const bool good, judge(told->error_code, now));
  if (!good) {
    return {};
  }
  membership_.member_id = told->member_id;
  membership_.generation = told->generation_id;
  leads_ = told->leader == told->member_id;
  joined_ = true;
  shares_.clear();
  if (leads_ && !told->skip_assignment) {
    std::vector<Fellow> fellows;
    for (const auto& member : told->members) {
      fellows.push_back({std::string(member.member_id),
                         std::string(member.group_instance_id.value_or("")),
                         std::string(member.metadata)});
    }
    shares_ = assign_(fellows);
  }
  coordinator_.succeeded();
  return {};
}

Status GroupMember::take_share(const Response& response, env::Monotonic now) {
  const auto told = wire::read_response<wire::SyncGroup>(response.frame);
  if (!told.has_value()) {
    return fail(ErrorCode::kCorrupt, coordinator_.address() +
                                         " does not say what is this member's " +
                                         "share of group '" + options_.group + "'");
  }
  RHEON_ASSIGN(const bool good, judge(told->error_code, now));
  if (!good || is_late()) {
    return {};
  }
  share_ = told->assignment;
  state_ = State::kMember;
  heard_at_ = asked_at_;
  coordinator_.succeeded();
  return {};
}

Status GroupMember::take_heartbeat(const Response& response, env::Monotonic now) {
  const auto told = wire::read_response<wire::Heartbeat>(response.frame);
  if (!told.has_value()) {
    return fail(ErrorCode::kCorrupt, coordinator_.address() +
                                         " does not say whether this is still a member of group '" +
                                         options_.group + "'");
  }
  if (told->error_code == kRebalanceInProgress) {
    called_ = state_ == State::kMember;
    heard_at_ = asked_at_;
    return {};
  }
  RHEON_ASSIGN(const bool good, judge(told->error_code, now));
  if (good) {
    heard_at_ = asked_at_;
    coordinator_.succeeded();
  }
  return {};
}

Status GroupMember::take_left(const Response& response, env::Monotonic now) {
  const auto told = wire::read_response<wire::LeaveGroup>(response.frame);
  if (!told.has_value()) {
    return fail(ErrorCode::kCorrupt, coordinator_.address() +
                                         " does not say whether this has left group '" +
                                         options_.group + "'");
  }
  std::int16_t error = told->error_code;
  for (const auto& member : told->members) {
    error = error == kNoError ? member.error_code : error;
  }
  RHEON_ASSIGN(const bool good, judge(error, now));
  if (good) {
    be_out();
    coordinator_.succeeded();
  }
  return {};
}

Result<bool> GroupMember::judge(std::int16_t error, env::Monotonic now) {
  RHEON_ASSIGN(const std::optional<bool> of_any, coordinator_.judge(error, now));
  if (of_any.has_value()) {
    return *of_any;
  }
  const std::string of_group = "group '" + options_.group + "': ";
  switch (error) {
    case kRebalanceInProgress:  // somebody has come meanwhile: joins again
      joined_ = false;
      return false;
    case kIllegalGeneration:
    case kUnknownMemberId:
      if (state_ == State::kLeaving && error == kUnknownMemberId) {
        be_out();
        return false;
      }
      if (error == kUnknownMemberId) {
        membership_.member_id.clear();
      }
      if (state_ == State::kMember) {
        evict();
      }
      joined_ = false;
      return false;
    case kFencedInstanceId:
      if (state_ == State::kLeaving) {
        be_out();
        return false;
      }
      fail_for_good(ErrorCode::kRefused,
                    of_group + "another process runs as its member '" + options_.instance +
                        "', or has run since. Stop one of them, or give it another name.");
      return false;
    case kInconsistentGroupProtocol:
      fail_for_good(ErrorCode::kRefused,
                    of_group + "others are in it who are not of this job: it belongs to another " +
                        "program. Take another name.");
      return false;
    case kGroupAuthorizationFailed:
      fail_for_good(ErrorCode::kRefused, "this user has no right to group '" + options_.group +
                                             "'. Grant it READ on the group.");
      return false;
    case kInvalidSessionTimeout:
      fail_for_good(ErrorCode::kRefused, of_group +
                                             "the brokers do not take a session timeout of " +
                                             std::to_string(options_.session_timeout.count()) +
                                             " ms: see their group.min.session.timeout.ms and "
                                             "group.max.session.timeout.ms.");
      return false;
    case kGroupMaxSizeReached:
      fail_for_good(ErrorCode::kRefused,
                    of_group + "it is full: raise the brokers' group.max.size.");
      return false;
    case kInvalidGroupId:
      fail_for_good(ErrorCode::kInvalidInput, of_group + describe_error(error) + ".");
      return false;
    default:
      fail_for_good(ErrorCode::kInternal, of_group + describe_error(error) + ".");
      return false;
  }
}

void GroupMember::be_out() {
  state_ = State::kOut;
  membership_.member_id.clear();
  membership_.generation = -1;
}

void GroupMember::evict() {
  state_ = State::kEvicted;
  called_ = false;
  share_.clear();
}

void GroupMember::fail_for_good(ErrorCode code, std::string sentence) {
  failure_ = Error{code, std::move(sentence)};
  state_ = State::kOut;
  share_.clear();
}

env::Monotonic GroupMember::deadline() const {
  if (!wanted()) {
    return coordinator_.deadline(false);
  }
  env::Monotonic at = state_ == State::kMember
                          ? std::min(std::max(ask_at(), coordinator_.deadline(true)),
                                     heard_at_ + options_.session_timeout)
                          : coordinator_.deadline(true);
  return std::min(at, coordinator_.deadline(false));
}

}  // namespace rheon::kafka
