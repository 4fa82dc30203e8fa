#include "kafka/client/fetcher.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "kafka/client/committed_records.h"
#include "kafka/client/error_codes.h"
#include "kafka/client/tests/scripted_topic.h"
#include "kafka/client/tests/two_brokers.h"

namespace rheon::kafka {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr std::int16_t kNotLeader = 6;

class FetcherTest : public testing::TwoBrokers {
 protected:
  FetcherTest() {
    for (auto& [node, broker] : brokers_) {
      topic_.stand_on(node, broker, no_topics());
    }
    cluster_.watch(std::set<std::string, std::less<>>{"words"});
    topic_.logs[0].values = {"a", "b", "c", "d", "e"};
    topic_.logs[1].values = {"x", "y", "z"};
  }
  /// Takes what comes.
  void step() override {
    TwoBrokers::step();
    fetcher_.step(now_);
    if (takes_) {
      take();
    }
  }
  /// All that has come.
  void take() {
    while (take_one()) {
    }
  }
  /// The next piece; the partition that it was of, if there was one.
  std::optional<std::size_t> take_one() {
    const auto piece = fetcher_.next(now_);
    if (!piece.has_value()) {
      failures_.push_back(piece.error().message);
      return SIZE_MAX;
    }
    if (!piece->has_value()) {
      return std::nullopt;
    }
    CommittedRecords records((*piece)->records, (*piece)->from, (*piece)->aborted);
    std::array<wire::Record, 2> some;
    for (auto taken = records.take(some); taken.value_or(0) > 0; taken = records.take(some)) {
      for (std::size_t i = 0; i < *taken; ++i) {
        got_[(*piece)->partition].push_back(std::string(*some[i].value));
      }
    }
    return (*piece)->partition;
  }

  testing::ScriptedTopic topic_{"words", {1, 2}};
  bool takes_ = true;

  std::map<std::size_t, std::vector<std::string>> got_;
  std::vector<std::string> failures_;

  Fetcher fetcher_{cluster_, random_};
};

TEST_F(FetcherTest, ReadsPartitionsFromTheirLeaders) {
  fetcher_.add("words", 0, {0});
  fetcher_.add("words", 1, {1});
  go(seconds{1});
  EXPECT_THAT(got_[0], ElementsAre("a", "b", "c", "d", "e"));
  EXPECT_THAT(got_[1], ElementsAre("y", "z"));
  EXPECT_TRUE(fetcher_.at_end(0));
  topic_.logs[0].values.push_back("f");
  go(seconds{1});
  EXPECT_THAT(got_[0], ElementsAre("a", "b", "c", "d", "e", "f"));
  EXPECT_THAT(failures_, IsEmpty());
}

TEST_F(FetcherTest, ReadsAlsoWhenLittleIsCarriedAtATime) {
  network_.most_bytes = 7;
  fetcher_.add("words", 0, {0});
  go(seconds{10});
  EXPECT_THAT(got_[0], ElementsAre("a", "b", "c", "d", "e"));
}

TEST_F(FetcherTest, ReadsAheadButNotWithoutEnd) {
  takes_ = false;
  topic_.logs[0].values.assign(100, "w");
  fetcher_.add("words", 0, {0});
  go(minutes{2});
  EXPECT_EQ(topic_.fetches, 2) << "two answers wait";
  takes_ = true;
  go(seconds{2});
  EXPECT_EQ(got_[0].size(), 100u);
  EXPECT_THAT(failures_, IsEmpty());
}

TEST_F(FetcherTest, AsksForNothingWhileABrokerHoldsItToItsQuota) {
  topic_.throttle_ms = 2'000;
  fetcher_.add("words", 0, {0});
  go(seconds{1});
  EXPECT_EQ(topic_.fetches, 1);
  EXPECT_EQ(got_[0].size(), 0u);
  EXPECT_GT(fetcher_.deadline(), now_ + milliseconds{900});
  EXPECT_LE(fetcher_.deadline(), now_ + milliseconds{1'100}) << "nobody else calls it";
  go(seconds{2});
  EXPECT_EQ(got_[0].size(), 5u);
  EXPECT_GT(fetcher_.deadline(), now_);
}

TEST_F(FetcherTest, AsksLessAndLessOftenForWhatIsRefused) {
  topic_.logs[0].error = kNotLeader;
  fetcher_.add("words", 0, {0});
  go(seconds{10});
  EXPECT_GE(topic_.fetches, 8);
  EXPECT_LE(topic_.fetches, 16) << "a hundred, ten times a second";
  topic_.logs[0].error = 0;
  go(seconds{2});
  EXPECT_EQ(got_[0].size(), 5u);
}

TEST_F(FetcherTest, ANewLeaderIsAskedAtOnce) {
  topic_.logs[0].error = kNotLeader;
  fetcher_.add("words", 0, {0});
  go(seconds{10});
  topic_.logs[0].error = 0;
  topic_.leaders[0] = 2;
  ++topic_.epoch;
  cluster_.refresh();
  go(milliseconds{300});
  EXPECT_EQ(got_[0].size(), 5u) << "it is not a second that the one before had still to wait";
}

TEST_F(FetcherTest, FollowsTheLeader) {
  fetcher_.add("words", 0, {0});
  go(seconds{1});
  topic_.leaders[0] = 2;
  ++topic_.epoch;
  topic_.logs[0].values.push_back("f");
  go(seconds{2});
  EXPECT_THAT(got_[0], ElementsAre("a", "b", "c", "d", "e", "f"));
  EXPECT_FALSE(fetcher_.trouble(0).has_value());
}

TEST_F(FetcherTest, AsksANewLeaderWhetherItHasWhatWasRead) {
  topic_.logs[0].written_by = 1;
  fetcher_.add("words", 0, {0});
  go(seconds{1});
  EXPECT_EQ(topic_.checks, 0) << "who has written it knows it";
  topic_.leaders[0] = 2;
  ++topic_.epoch;
  topic_.logs[0].values.push_back("f");
  go(seconds{2});
  EXPECT_EQ(topic_.checks, 1);
  EXPECT_THAT(got_[0], ElementsAre("a", "b", "c", "d", "e", "f"));
  EXPECT_THAT(failures_, IsEmpty());
}

TEST_F(FetcherTest, ANewLeaderThatHasLessEndsIt) {
  topic_.logs[0].written_by = 1;
  fetcher_.add("words", 0, {0});
  go(seconds{1});
  topic_.leaders[0] = 2;
  ++topic_.epoch;
  topic_.logs[0].cut_at = 3;
  topic_.logs[0].values = {"a", "b", "c", "other", "records", "stand", "there"};
  go(seconds{2});
  EXPECT_EQ(got_[0].size(), 5u);
  ASSERT_THAT(failures_, ElementsAre(HasSubstr("was cut back to offset 3")));
  EXPECT_THAT(failures_[0], HasSubstr("up to 5"));
  fetcher_.add("words", 1, {0});
  go(seconds{2});
  EXPECT_EQ(got_[1].size(), 3u) << "the others are read";
}

TEST_F(FetcherTest, ALeaderThatCannotSayYetIsAskedAgain) {
  topic_.epoch = 2;
  topic_.logs[0].written_by = 1;
  topic_.logs[0].check_error = kFencedLeaderEpoch;
  fetcher_.add("words", 0, {3, 1});
  go(seconds{2});
  EXPECT_EQ(topic_.checks, 2);
  EXPECT_THAT(got_[0], ElementsAre("d", "e"));
  EXPECT_THAT(failures_, IsEmpty());
  EXPECT_FALSE(fetcher_.trouble(0).has_value());
}

TEST_F(FetcherTest, ABrokerThatLagsBehindIsNotAskedWhetherItHasWhatWasRead) {
  topic_.epoch = 1;
  topic_.logs[0].cut_at = 0;
  fetcher_.add("words", 0, {3, 2});
  go(seconds{2});
  EXPECT_EQ(topic_.checks, 0);
  EXPECT_THAT(fetcher_.trouble(0)->message, HasSubstr("lags behind"));
  topic_.epoch = 2;
  go(seconds{5});
  EXPECT_THAT(got_[0], ElementsAre("d", "e"));
  EXPECT_THAT(failures_, IsEmpty());
}

TEST_F(FetcherTest, ALeaderThatHasNeverHeardOfTheEpochIsAskedAgain) {
  topic_.epoch = 2;
  topic_.logs[0].cut_at = -1;
  fetcher_.add("words", 0, {3, 1});
  go(seconds{2});
  EXPECT_THAT(failures_, IsEmpty());
  EXPECT_THAT(fetcher_.trouble(0)->message, HasSubstr("knows nothing of the epoch"));
  EXPECT_LT(topic_.checks, 30) << "not at the pace of the network";
  topic_.logs[0].cut_at.reset();
  go(seconds{2});
  EXPECT_THAT(got_[0], ElementsAre("d", "e"));
}

TEST_F(FetcherTest, AsksBeforeItGoesOnFromAPositionThatWasKept) {
  topic_.epoch = 2;
  topic_.logs[0].cut_at = 2;
  fetcher_.add("words", 0, {3, 1});
  go(seconds{2});
  EXPECT_EQ(topic_.fetches, 0);
  EXPECT_THAT(failures_, ElementsAre(HasSubstr("was cut back to offset 2")));
}

TEST_F(FetcherTest, WaitsForALeaderAndGoesOn) {
  fetcher_.add("words", 0, {0});
  topic_.leaders[0] = -1;
  go(seconds{5});
  ASSERT_TRUE(fetcher_.trouble(0).has_value());
  EXPECT_THAT(fetcher_.trouble(0)->message,
              HasSubstr("partition 0 of topic 'words' has no leader"));
  topic_.leaders[0] = 1;
  ++topic_.epoch;
  go(seconds{5});
  EXPECT_EQ(got_[0].size(), 5u);
  EXPECT_FALSE(fetcher_.trouble(0).has_value());
}

TEST_F(FetcherTest, WaitsForABrokerThatIsGoneAndGoesOn) {
  fetcher_.add("words", 0, {0});
  fetcher_.add("words", 1, {0});
  go(seconds{1});
  network_.hang_up("one", 9092);
  topic_.logs[0].values.push_back("f");
  topic_.logs[1].values.push_back("!");
  go(minutes{1});
  EXPECT_EQ(got_[1].size(), 4u) << "the other one goes on";
  EXPECT_EQ(got_[0].size(), 5u);
  ASSERT_TRUE(fetcher_.trouble(0).has_value());
  EXPECT_THAT(fetcher_.trouble(0)->message, HasSubstr("one:9092"));
  brokers_[1].listen(network_, "one", 9092);
  go(seconds{30});
  EXPECT_THAT(got_[0], ElementsAre("a", "b", "c", "d", "e", "f")) << "nothing is read twice";
}

TEST_F(FetcherTest, StopsWhereRecordsAreGone) {
  topic_.logs[0].start = 3;
  fetcher_.add("words", 0, {1});
  fetcher_.add("words", 1, {0});
  go(seconds{1});
  ASSERT_EQ(failures_.size(), 1u);
  EXPECT_THAT(failures_[0], HasSubstr("partition 0 of topic 'words' has no offset 1"));
  EXPECT_EQ(got_[1].size(), 3u);
}

TEST_F(FetcherTest, StopsWhenTheTopicIsAnotherOne) {
  fetcher_.add("words", 0, {0});
  go(seconds{1});
  topic_.id = {9, 9};
  cluster_.refresh();
  go(seconds{1});
  ASSERT_EQ(failures_.size(), 1u);
  EXPECT_THAT(failures_[0], HasSubstr("deleted and created again"));
}

TEST_F(FetcherTest, StopsWithoutTheRightToRead) {
  topic_.error = kTopicAuthorizationFailed;
  fetcher_.add("words", 0, {0});
  go(seconds{1});
  ASSERT_EQ(failures_.size(), 1u);
  EXPECT_THAT(failures_[0], HasSubstr("Grant it READ"));
}

TEST_F(FetcherTest, WaitsForATopicThatIsNotThereYet) {
  topic_.error = 3;
  fetcher_.add("words", 0, {0});
  go(seconds{5});
  ASSERT_TRUE(fetcher_.trouble(0).has_value());
  topic_.error = 0;
  go(seconds{5});
  EXPECT_EQ(got_[0].size(), 5u);
}

TEST_F(FetcherTest, TriesAgainWhenABrokerHasAProblem) {
  topic_.logs[0].error = 56;
  fetcher_.add("words", 0, {0});
  go(seconds{10});
  EXPECT_THAT(fetcher_.trouble(0)->message,
              HasSubstr("the broker's disk has a problem (error 56)"));
  EXPECT_LE(topic_.fetches, 110) << "ten times a second at most";
  topic_.logs[0].error = 0;
  go(seconds{1});
  EXPECT_EQ(got_[0].size(), 5u);
}

TEST_F(FetcherTest, WhatANewLeaderGivesComesBehindWhatTheOldOneHasGiven) {
  fetcher_.add("words", 1, {0});
  takes_ = false;
  go(seconds{1});  // two answers of node 2 wait
  topic_.leaders[1] = 1;
  ++topic_.epoch;
  topic_.logs[1].values.emplace_back("!");
  cluster_.refresh();
  go(seconds{1});
  takes_ = true;  // node 1 has its turn first
  go(seconds{1});
  EXPECT_THAT(got_[0], ElementsAre("x", "y", "z", "!"));
}

TEST_F(FetcherTest, NoLeaderWaitsUntilAnotherOneHasNothingLeft) {
  topic_.logs[0].values.assign(1000, "w");
  topic_.logs[1].values.assign(1000, "w");
  fetcher_.add("words", 0, {0});
  fetcher_.add("words", 1, {0});
  takes_ = false;
  go(seconds{1});
  for (int i = 0; i < 20; ++i) {
    take_one();
  }
  EXPECT_EQ(got_[0].size(), 20u);
  EXPECT_EQ(got_[1].size(), 20u);
}

TEST_F(FetcherTest, APartitionWithAnOpenTransactionIsNotAtItsEnd) {
  topic_.logs[0].in_transaction = 2;
  fetcher_.add("words", 0, {0});
  go(seconds{1});
  EXPECT_FALSE(fetcher_.at_end(0));
  topic_.logs[0].in_transaction = 0;
  go(seconds{1});
  EXPECT_TRUE(fetcher_.at_end(0));
}

TEST_F(FetcherTest, APartitionWhoseLeaderSaysNothingIsNotAtItsEnd) {
  fetcher_.add("words", 0, {0});
  go(seconds{1});
  ASSERT_TRUE(fetcher_.at_end(0));
  brokers_[1].on_key(wire::Fetch::kKey, [](const fake::Asked&) { return std::string(); });
  go(seconds{5});
  EXPECT_FALSE(fetcher_.at_end(0)) << "long before the request is given up";
}

TEST_F(FetcherTest, APartitionThatCannotBeReadIsNotAtItsEnd) {
  fetcher_.add("words", 0, {0});
  go(seconds{1});
  ASSERT_TRUE(fetcher_.at_end(0));
  hang_up();
  go(seconds{1});
  EXPECT_FALSE(fetcher_.at_end(0));
  EXPECT_THAT(fetcher_.trouble(0)->message, HasSubstr("cannot connect to 'one:9092'"));
  listen();
  go(seconds{5});
  EXPECT_TRUE(fetcher_.at_end(0));
  EXPECT_FALSE(fetcher_.trouble(0).has_value());
  topic_.leaders[0] = -1;
  ++topic_.epoch;
  cluster_.refresh();
  go(seconds{1});
  EXPECT_FALSE(fetcher_.at_end(0));
}

}  // namespace
}  // namespace rheon::kafka
