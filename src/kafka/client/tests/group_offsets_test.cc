#include "kafka/client/group_offsets.h"

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
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

/// Node coordinator_ keeps what the group "readers" has committed.
class GroupOffsetsTest : public testing::TwoBrokers {
 protected:
  GroupOffsetsTest() {
    on<wire::Metadata>([](const Asked&) { return no_topics(); });
    on<wire::FindCoordinator>([this](const Asked& asked) {
      const auto request = wire::read_message<wire::FindCoordinatorRequest>(asked.body);
      EXPECT_EQ(request->key_type, 0) << "a group";
      ++searches_;
      wire::FindCoordinatorResponse response;
      response.coordinators.push_back({"readers", coordinator_, "", 0, 0, {}});
      return response;
    });
    for (auto& [node, broker] : brokers_) {
      broker.on<wire::OffsetFetch>([this, n = node](const Asked& asked) {
        return fetched(n, *wire::read_message<wire::OffsetFetchRequest>(asked.body));
      });
      broker.on_key(wire::OffsetCommit::kKey, [this, n = node](const Asked& asked) {
        const auto request = wire::read_message<wire::OffsetCommitRequest>(asked.body);
        const auto response = committed(n, *request);
        if (std::exchange(lose_answer_, false)) {
          hang_up();
          listen();
          return std::string();
        }
        return ScriptedBroker::encode<wire::OffsetCommit>(response);
      });
    }
  }
  wire::OffsetFetchResponse fetched(std::int32_t node, const wire::OffsetFetchRequest& request) {
    EXPECT_TRUE(request.require_stable);
    wire::OffsetFetchResponse response;
    response.groups.push_back({"readers", {}, 0});
    for (const auto& topic : *request.groups.front().topics) {
      response.groups.front().topics.push_back({topic.name, {}});
      for (const std::int32_t partition : topic.partition_indexes) {
        wire::OffsetFetchResponse::Partition told;
        told.partition_index = partition;
        const auto at = stored_.find({std::string(topic.name), partition});
        told.committed_offset = at == stored_.end() ? -1 : at->second;
        told.error_code = next_error(node);
        response.groups.front().topics.back().partitions.push_back(told);
      }
    }
    return response;
  }
  wire::OffsetCommitResponse committed(std::int32_t node,
                                       const wire::OffsetCommitRequest& request) {
    generation_ = request.generation_id_or_member_epoch;
    member_ = request.member_id;
    wire::OffsetCommitResponse response;
    for (const auto& topic : request.topics) {
      response.topics.push_back({topic.name, {}});
      for (const auto& partition : topic.partitions) {
        const std::int16_t error = next_error(node);
        response.topics.back().partitions.push_back({partition.partition_index, error});
        if (error == kNoError) {
          stored_[{std::string(topic.name), partition.partition_index}] =
              partition.committed_offset;
        }
      }
    }
    return response;
  }
  std::int16_t next_error(std::int32_t node) {
    if (node != coordinator_) {
      return kNotCoordinator;
    }
    if (errors_.empty()) {
      return kNoError;
    }
    const std::int16_t error = errors_.front();
    errors_.erase(errors_.begin());
    return error;
  }
  void step() override {
    TwoBrokers::step();
    offsets_.step(now_);
  }
  [[nodiscard]] std::string failure() const {
    return offsets_.failure().has_value() ? offsets_.failure()->message : "";
  }

  std::int32_t coordinator_ = 2;
  int searches_ = 0;
  std::map<std::pair<std::string, std::int32_t>, std::int64_t> stored_{{{"words", 0}, 7},
                                                                       {{"words", 2}, 0}};
  std::vector<std::int16_t> errors_;  // of the next partitions that are asked about
  bool lose_answer_ = false;          // of the next commit
  std::int32_t generation_ = 0;
  std::string member_;
  GroupOffsets offsets_{cluster_, random_, "readers"};
};

TEST_F(GroupOffsetsTest, TellsOfEachPartitionInTheOrderOfTheQuestion) {
  offsets_.fetch({{"words", 2}, {"others", 0}, {"words", 1}, {"words", 0}});
  EXPECT_FALSE(offsets_.idle());
  go();
  ASSERT_TRUE(offsets_.idle());
  EXPECT_EQ(failure(), "");
  EXPECT_THAT(offsets_.offsets(), ElementsAre(0, std::nullopt, std::nullopt, 7));
}

TEST_F(GroupOffsetsTest, OfATopicThatIsNotThereNothingIsCommitted) {
  errors_ = {kUnknownTopicOrPartition};
  offsets_.fetch({{"gone", 0}, {"words", 0}});
  go();
  ASSERT_TRUE(offsets_.idle());
  EXPECT_THAT(offsets_.offsets(), ElementsAre(std::nullopt, 7));
}

TEST_F(GroupOffsetsTest, WaitsForATransactionThatCommitsThem) {
  errors_ = {kUnstableOffsetCommit, kUnstableOffsetCommit};
  offsets_.fetch({{"words", 0}});
  go(std::chrono::milliseconds{100});
  EXPECT_FALSE(offsets_.idle());
  EXPECT_THAT(offsets_.trouble()->message, HasSubstr("a transaction that commits these offsets"));
  go();
  ASSERT_TRUE(offsets_.idle());
  EXPECT_FALSE(offsets_.trouble().has_value());
  EXPECT_THAT(offsets_.offsets(), ElementsAre(7));
}

TEST_F(GroupOffsetsTest, FollowsTheCoordinator) {
  offsets_.fetch({{"words", 0}});
  go();
  ASSERT_TRUE(offsets_.idle());
  coordinator_ = 1;
  offsets_.commit({{"words", 0, 9}});
  go();
  ASSERT_TRUE(offsets_.idle());
  EXPECT_EQ(failure(), "");
  EXPECT_EQ(searches_, 2);
  EXPECT_EQ((stored_[{"words", 0}]), 9);
}

TEST_F(GroupOffsetsTest, CommitsAsAMemberOrAsNobody) {
  offsets_.commit({{"words", 1, 5}, {"counts", 0, 3}}, {4, "member-1", std::nullopt});
  go();
  ASSERT_TRUE(offsets_.idle());
  EXPECT_EQ(generation_, 4);
  EXPECT_EQ(member_, "member-1");
  offsets_.commit({{"words", 1, 6}});
  go();
  EXPECT_EQ(generation_, -1);
  EXPECT_EQ((stored_[{"words", 1}]), 6);
  EXPECT_EQ((stored_[{"counts", 0}]), 3);
}

TEST_F(GroupOffsetsTest, SaysACommitAgainWhoseAnswerWasLost) {
  lose_answer_ = true;
  offsets_.commit({{"words", 0, 8}});
  go();
  ASSERT_TRUE(offsets_.idle());
  EXPECT_EQ(failure(), "");
  EXPECT_EQ((stored_[{"words", 0}]), 8);
}

TEST_F(GroupOffsetsTest, OfAMemberThatTheGroupHasGoneOnWithoutNothingIsCommitted) {
  for (const std::int16_t error :
       {kIllegalGeneration, kUnknownMemberId, kRebalanceInProgress, kFencedInstanceId}) {
    errors_ = {error};
    offsets_.commit({{"words", 0, 100}}, {3, "old", "one"});
    go();
    ASSERT_TRUE(offsets_.idle());
    ASSERT_TRUE(offsets_.failure().has_value());
    EXPECT_EQ(offsets_.failure()->code, ErrorCode::kIo);
    EXPECT_THAT(failure(), HasSubstr("belongs to others"));
    EXPECT_EQ((stored_[{"words", 0}]), 7);
  }
}

TEST_F(GroupOffsetsTest, WithoutTheRightItSaysWhichIsMissing) {
  errors_ = {kGroupAuthorizationFailed};
  offsets_.fetch({{"words", 0}});
  go();
  EXPECT_EQ(offsets_.failure()->code, ErrorCode::kRefused);
  EXPECT_THAT(failure(), HasSubstr("Grant it READ and DESCRIBE on the group"));
}

TEST_F(GroupOffsetsTest, NothingIsAskedForNothing) {
  offsets_.fetch({});
  EXPECT_TRUE(offsets_.idle());
  offsets_.commit({});
  EXPECT_TRUE(offsets_.idle());
  go();
  EXPECT_EQ(searches_, 0);
  EXPECT_THAT(offsets_.offsets(), IsEmpty());
}

}  // namespace
}  // namespace rheon::kafka
