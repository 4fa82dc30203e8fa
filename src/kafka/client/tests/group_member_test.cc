#include "kafka/client/group_member.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "kafka/client/error_codes.h"
#include "kafka/client/tests/two_brokers.h"

namespace rheon::kafka {
namespace {

using fake::Asked;
using fake::ScriptedBroker;
using std::chrono::seconds;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::SizeIs;
using State = GroupMember::State;

/// Node 2 coordinates the group "job", in which there is another member.
class GroupMemberTest : public testing::TwoBrokers {
 protected:
  GroupMemberTest() {
    on<wire::Metadata>([](const Asked&) { return no_topics(); });
    on<wire::FindCoordinator>([](const Asked&) {
      wire::FindCoordinatorResponse response;
      response.coordinators.push_back({"job", 2, "", 0, 0, {}});
      return response;
    });
    ScriptedBroker& broker = brokers_[2];
    broker.on<wire::JoinGroup>([this](const Asked& asked) {
      return joined(*wire::read_message<wire::JoinGroupRequest>(asked.body));
    });
    broker.on<wire::SyncGroup>([this](const Asked& asked) {
      const auto request = wire::read_message<wire::SyncGroupRequest>(asked.body);
      said("sync", request->member_id, request->group_instance_id);
      handed_out_.clear();
      for (const auto& one : request->assignments) {
        handed_out_.emplace_back(one.member_id, one.assignment);
      }
      wire::SyncGroupResponse response;
      response.error_code = next_error(wire::SyncGroup::kKey);
      response.assignment = "0,1";
      return response;
    });
    broker.on_key(wire::Heartbeat::kKey, [this](const Asked& asked) {
      const auto request = wire::read_message<wire::HeartbeatRequest>(asked.body);
      said("heartbeat", request->member_id, request->group_instance_id);
      if (silent_) {
        return std::string();
      }
      wire::HeartbeatResponse response;
      response.error_code = next_error(wire::Heartbeat::kKey);
      return ScriptedBroker::encode<wire::Heartbeat>(response);
    });
    broker.on<wire::LeaveGroup>([this](const Asked& asked) {
      const auto request = wire::read_message<wire::LeaveGroupRequest>(asked.body);
      const auto& member = request->members.front();
      said("leave", member.member_id, member.group_instance_id);
      wire::LeaveGroupResponse response;
      response.members.push_back(
          {member.member_id, member.group_instance_id, next_error(wire::LeaveGroup::kKey)});
      return response;
    });
  }
  wire::JoinGroupResponse joined(const wire::JoinGroupRequest& request) {
    said("join", request.member_id, request.group_instance_id);
    EXPECT_EQ(request.protocol_type, "rheon");
    metadata_ = request.protocols.front().metadata;
    wire::JoinGroupResponse response;
    response.error_code = next_error(wire::JoinGroup::kKey);
    response.generation_id = ++generation_;
    response.protocol_type = request.protocol_type;
    response.protocol_name = request.protocols.front().name;
    response.member_id = "m1";
    response.leader = leader_;
    if (leader_ == "m1") {
      response.members = {{"m1", request.group_instance_id, metadata_}, {"m2", "b", "warm"}};
    }
    return response;
  }
  void said(std::string_view what, std::string_view member,
            std::optional<std::string_view> instance) {
    said_.push_back(std::string(what) + " " + std::string(member) + " " +
                    std::string(instance.value_or("-")));
  }
  std::int16_t next_error(std::int16_t key) {
    std::vector<std::int16_t>& of = errors_[key];
    if (of.empty()) {
      return kNoError;
    }
    const std::int16_t error = of.front();
    of.erase(of.begin());
    return error;
  }
  void step() override {
    TwoBrokers::step();
    member_.step(now_);
    nameless_.step(now_);
  }
  void become_member() {
    member_.join("cold");
    go();
    ASSERT_EQ(member_.state(), State::kMember);
    said_.clear();
  }
  static GroupMemberOptions options(std::string instance = "a") {
    GroupMemberOptions options;
    options.group = "job";
    options.instance = std::move(instance);
    return options;
  }
  std::vector<std::pair<std::string, std::string>> assign(const std::vector<Fellow>& fellows) {
    fellows_ = fellows;
    std::vector<std::pair<std::string, std::string>> shares;
    for (const Fellow& fellow : fellows) {
      shares.emplace_back(fellow.member_id, "of " + fellow.metadata);
    }
    return shares;
  }

  std::string leader_ = "m2";
  std::int32_t generation_ = 0;
  std::map<std::int16_t, std::vector<std::int16_t>> errors_;  // of the next requests of a key
  bool silent_ = false;                                       // to heartbeats
  std::vector<std::string> said_;                             // request, member, instance
  std::string metadata_;
  std::vector<std::pair<std::string, std::string>> handed_out_;
  std::vector<Fellow> fellows_;
  GroupMember member_{cluster_, random_, options(),
                      [this](const std::vector<Fellow>& fellows) { return assign(fellows); }};
  GroupMember nameless_{cluster_, random_, options(""),
                        [this](const std::vector<Fellow>& fellows) { return assign(fellows); }};
};

TEST_F(GroupMemberTest, IsGivenItsShare) {
  EXPECT_EQ(member_.state(), State::kOut);
  member_.join("cold");
  EXPECT_EQ(member_.state(), State::kJoining);
  go();
  ASSERT_EQ(member_.state(), State::kMember);
  EXPECT_EQ(member_.share(), "0,1");
  EXPECT_FALSE(member_.leads());
  EXPECT_FALSE(member_.is_called());
  EXPECT_EQ(member_.membership().member_id, "m1");
  EXPECT_EQ(member_.membership().generation, 1);
  EXPECT_EQ(member_.membership().instance, "a");
  EXPECT_EQ(metadata_, "cold");
  EXPECT_THAT(said_, ElementsAre("join  a", "sync m1 a"));
  EXPECT_THAT(handed_out_, IsEmpty());
}

TEST_F(GroupMemberTest, AsLeaderHandsOutTheShares) {
  leader_ = "m1";
  become_member();
  EXPECT_TRUE(member_.leads());
  ASSERT_THAT(fellows_, SizeIs(2));
  EXPECT_EQ(fellows_[1].instance, "b");
  EXPECT_THAT(handed_out_, ElementsAre(Pair("m1", "of cold"), Pair("m2", "of warm")));
}

TEST_F(GroupMemberTest, ANewMemberComesBackWithTheIdItWasGiven) {
  errors_[wire::JoinGroup::kKey] = {kMemberIdRequired};
  nameless_.join("");
  go();
  EXPECT_EQ(nameless_.state(), State::kMember);
  EXPECT_THAT(said_, ElementsAre("join  -", "join m1 -", "sync m1 -"));
  EXPECT_EQ(nameless_.membership().instance, std::nullopt);
}

TEST_F(GroupMemberTest, SaysNowAndThenThatItIsAlive) {
  become_member();
  go(seconds{10});
  EXPECT_THAT(said_, ElementsAre("heartbeat m1 a", "heartbeat m1 a", "heartbeat m1 a"));
  EXPECT_EQ(member_.state(), State::kMember);
}

TEST_F(GroupMemberTest, IsCalledAndKeepsItsShareUntilItJoinsAgain) {
  become_member();
  errors_[wire::Heartbeat::kKey] = {kRebalanceInProgress, kRebalanceInProgress};
  go(seconds{8});
  EXPECT_TRUE(member_.is_called());
  EXPECT_EQ(member_.state(), State::kMember);
  EXPECT_EQ(member_.share(), "0,1");
  said_.clear();
  member_.join("warm");
  EXPECT_FALSE(member_.is_called());
  EXPECT_EQ(member_.share(), "");
  go();
  EXPECT_EQ(member_.state(), State::kMember);
  EXPECT_THAT(said_, ElementsAre("join m1 a", "sync m1 a"));
  EXPECT_EQ(metadata_, "warm");
  EXPECT_EQ(member_.membership().generation, 2);
}

TEST_F(GroupMemberTest, AGroupThatGathersAnewMeanwhileIsJoinedAgain) {
  errors_[wire::SyncGroup::kKey] = {kRebalanceInProgress, kIllegalGeneration, kUnknownMemberId};
  member_.join("cold");
  go();
  EXPECT_EQ(member_.state(), State::kMember);
  EXPECT_EQ(member_.membership().generation, 4);
  EXPECT_THAT(said_, ElementsAre("join  a", "sync m1 a", "join m1 a", "sync m1 a", "join m1 a",
                                 "sync m1 a", "join  a", "sync m1 a"));
}

TEST_F(GroupMemberTest, IsEvictedWhenTheGroupHasGoneOnWithoutIt) {
  for (const std::int16_t error : {kIllegalGeneration, kUnknownMemberId}) {
    become_member();
    errors_[wire::Heartbeat::kKey] = {error};
    go(seconds{4});
    EXPECT_EQ(member_.state(), State::kEvicted);
    EXPECT_EQ(member_.share(), "");
    EXPECT_FALSE(member_.failure().has_value());
    said_.clear();
    go(seconds{10});
    EXPECT_THAT(said_, IsEmpty()) << "whoever runs it says what comes now";
  }
  member_.join("cold");
  go();
  EXPECT_EQ(member_.state(), State::kMember);
  EXPECT_THAT(said_, ElementsAre("join  a", "sync m1 a")) << "the group did not know it";
}

TEST_F(GroupMemberTest, OfAnotherGenerationItKeepsItsId) {
  become_member();
  errors_[wire::Heartbeat::kKey] = {kIllegalGeneration};
  go(seconds{4});
  ASSERT_EQ(member_.state(), State::kEvicted);
  said_.clear();
  member_.join("cold");
  go();
  EXPECT_THAT(said_, ElementsAre("join m1 a", "sync m1 a"));
}

TEST_F(GroupMemberTest, WhatIsSaidLastCountsAlsoWhileItJoins) {
  for (int steps = 1; steps < 12; ++steps) {
    member_.join("cold");
    for (int i = 0; i < steps; ++i, now_ += std::chrono::milliseconds{10}) {
      step();
    }
    member_.join("warm");
    go();
    ASSERT_EQ(member_.state(), State::kMember);
    EXPECT_EQ(metadata_, "warm") << "after " << steps << " steps";
    EXPECT_EQ(member_.membership().generation, generation_);
  }
}

TEST_F(GroupMemberTest, AnAnswerThatHasWaitedHereSaysNothingOfToday) {
  become_member();
  go(seconds{2});
  said_.clear();
  while (said_.empty()) {  // up to a heartbeat
    now_ += std::chrono::milliseconds{10};
    step();
  }
  now_ += seconds{60};  // the process stood still, and the answer lies in its socket
  step();
  EXPECT_EQ(member_.state(), State::kEvicted);
}

TEST_F(GroupMemberTest, WhoHearsNothingForTheSessionTimeoutCountsAsEvicted) {
  become_member();
  silent_ = true;
  go(seconds{40});
  EXPECT_EQ(member_.state(), State::kMember);
  go(seconds{5});
  EXPECT_EQ(member_.state(), State::kEvicted);
}

TEST_F(GroupMemberTest, ALostConnectionIsMadeAgain) {
  become_member();
  go(seconds{1});
  hang_up();
  listen();
  go(seconds{4});
  EXPECT_THAT(said_, Contains("heartbeat m1 a"));
  EXPECT_EQ(member_.state(), State::kMember);
  EXPECT_FALSE(member_.trouble().has_value());
}

TEST_F(GroupMemberTest, WaitsForACoordinatorThatIsNotReady) {
  errors_[wire::JoinGroup::kKey] = {kCoordinatorLoadInProgress, kNotCoordinator};
  member_.join("cold");
  go(seconds{5});
  EXPECT_EQ(member_.state(), State::kMember);
}

TEST_F(GroupMemberTest, SaysWhyItMayNotBeAMember) {
  const std::vector<std::pair<std::int16_t, std::string>> refusals{
      {kFencedInstanceId, "another process runs as its member 'a'"},
      {kInconsistentGroupProtocol, "it belongs to another program"},
      {kGroupAuthorizationFailed, "Grant it READ on the group"},
      {kInvalidSessionTimeout, "a session timeout of 45000 ms"},
      {kGroupMaxSizeReached, "group.max.size"}};
  for (const auto& [error, sentence] : refusals) {
    errors_[wire::JoinGroup::kKey] = {error};
    member_.join("cold");
    go();
    EXPECT_EQ(member_.state(), State::kOut);
    ASSERT_TRUE(member_.failure().has_value()) << sentence;
    EXPECT_EQ(member_.failure()->code, ErrorCode::kRefused);
    EXPECT_THAT(member_.failure()->message, HasSubstr(sentence));
  }
  become_member();
  errors_[wire::Heartbeat::kKey] = {kFencedInstanceId};
  go(seconds{4});
  EXPECT_EQ(member_.state(), State::kOut);
  EXPECT_EQ(member_.failure()->code, ErrorCode::kRefused);
}

TEST_F(GroupMemberTest, Leaves) {
  become_member();
  member_.leave();
  EXPECT_EQ(member_.share(), "");
  go();
  EXPECT_EQ(member_.state(), State::kOut);
  EXPECT_FALSE(member_.failure().has_value());
  EXPECT_THAT(said_, ElementsAre("leave m1 a"));
  become_member();
  errors_[wire::LeaveGroup::kKey] = {kUnknownMemberId};  // out it is
  member_.leave();
  go();
  EXPECT_EQ(member_.state(), State::kOut);
  EXPECT_FALSE(member_.failure().has_value());
}

}  // namespace
}  // namespace rheon::kafka
