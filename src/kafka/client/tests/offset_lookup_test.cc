#include "kafka/client/offset_lookup.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>

#include "kafka/client/error_codes.h"
#include "kafka/client/tests/scripted_topic.h"
#include "kafka/client/tests/two_brokers.h"

namespace rheon::kafka {
namespace {

using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class OffsetLookupTest : public testing::TwoBrokers {
 protected:
  OffsetLookupTest() {
    for (auto& [node, broker] : brokers_) {
      topic_.stand_on(node, broker, no_topics());
    }
    cluster_.watch(std::set<std::string, std::less<>>{"words"});
    topic_.logs[0].start = 3;
    topic_.logs[0].values = {{"k", "a", 10}, {"k", "b", 20}};
    topic_.logs[1].values = {{"k", "x", 20}};
  }
  void step() override {
    TwoBrokers::step();
    if (lookup_.has_value()) {
      lookup_->step(now_);
    }
  }
  /// Of both partitions.
  void ask(std::int64_t time) {
    lookup_.emplace(cluster_, random_,
                    std::vector<OffsetQuestion>{{"words", 0, time}, {"words", 1, time}});
    go(seconds{1});
  }

  testing::ScriptedTopic topic_{"words", {1, 2}};
  std::optional<OffsetLookup> lookup_;
};

TEST_F(OffsetLookupTest, FindsWherePartitionsBeginAndEnd) {
  ask(OffsetQuestion::kEarliest);
  ASSERT_TRUE(lookup_->done());
  EXPECT_THAT(lookup_->offsets(), ElementsAre(3, 0));
  ask(OffsetQuestion::kLatest);
  ASSERT_TRUE(lookup_->done());
  EXPECT_THAT(lookup_->offsets(), ElementsAre(5, 1));
}

TEST_F(OffsetLookupTest, FindsTheFirstRecordThatIsNotOlder) {
  ask(15);
  EXPECT_THAT(lookup_->offsets(), ElementsAre(4, 0));
  ask(21);
  EXPECT_TRUE(lookup_->done());
  EXPECT_THAT(lookup_->offsets(), ElementsAre(-1, -1));
}

TEST_F(OffsetLookupTest, FollowsALeaderThatHasChanged) {
  go(seconds{1});  // the cluster is known
  topic_.leaders[0] = 2;
  ++topic_.epoch;
  ask(OffsetQuestion::kLatest);
  ASSERT_TRUE(lookup_->done());
  EXPECT_THAT(lookup_->offsets(), ElementsAre(5, 1));
}

TEST_F(OffsetLookupTest, WaitsForALeader) {
  topic_.leaders[1] = -1;
  ask(OffsetQuestion::kLatest);
  EXPECT_FALSE(lookup_->done());
  EXPECT_THAT(lookup_->trouble()->message, HasSubstr("partition 1 of topic 'words' has no leader"));
  topic_.leaders[1] = 1;
  ++topic_.epoch;
  go(seconds{1});
  ASSERT_TRUE(lookup_->done());
  EXPECT_THAT(lookup_->offsets(), ElementsAre(5, 1));
}

TEST_F(OffsetLookupTest, GoesOnWhenBrokersComeBack) {
  go(seconds{1});
  hang_up();
  ask(OffsetQuestion::kLatest);
  EXPECT_FALSE(lookup_->done());
  EXPECT_THAT(lookup_->trouble()->message, HasSubstr("cannot connect"));
  listen();
  go(seconds{15});
  EXPECT_TRUE(lookup_->done());
}

TEST_F(OffsetLookupTest, WithoutRightsFails) {
  topic_.offsets_error = kTopicAuthorizationFailed;
  ask(OffsetQuestion::kLatest);
  ASSERT_TRUE(lookup_->failure().has_value());
  EXPECT_EQ(lookup_->failure()->code, ErrorCode::kRefused);
  EXPECT_THAT(lookup_->failure()->message, HasSubstr("Grant it READ and DESCRIBE"));
}

}  // namespace
}  // namespace rheon::kafka
