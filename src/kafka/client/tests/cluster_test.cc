#include "kafka/client/cluster.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "kafka/client/tests/two_brokers.h"

namespace rheon::kafka {
namespace {

using fake::Asked;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Key;

/// One topic "words"; `leaders` and their epochs, by partition.
wire::MetadataResponse words_led_by(const std::vector<std::pair<int, int>>& leaders,
                                    std::uint64_t id = 7) {
  wire::MetadataResponse response;
  response.brokers = {{1, "one", 9092, {}}, {2, "two", 9092, {}}};
  wire::MetadataResponse::Topic topic;
  topic.name = "words";
  topic.topic_id = {0, id};
  for (std::size_t i = leaders.size(); i-- > 0;) {  // in whatever order
    wire::MetadataResponse::Partition partition;
    partition.partition_index = static_cast<std::int32_t>(i);
    partition.leader_id = leaders[i].first;
    partition.leader_epoch = leaders[i].second;
    topic.partitions.push_back(partition);
  }
  response.topics.push_back(topic);
  return response;
}

class ClusterTest : public testing::TwoBrokers {
 protected:
  ClusterTest() : TwoBrokers({{"one", 9092}, {"nobody", 9092}}) {
    on<wire::Metadata>([this](const Asked& asked) {
      last_asked_ = asked.body;
      return now_is;
    });
  }
  int asked() const { return static_cast<int>(cluster_.age()); }
  std::vector<std::int32_t> leaders() const {
    std::vector<std::int32_t> result;
    if (const TopicInfo* topic = cluster_.topic("words")) {
      for (const PartitionInfo& partition : topic->partitions) {
        result.push_back(partition.leader);
      }
    }
    return result;
  }

  wire::MetadataResponse now_is = words_led_by({{1, 1}, {2, 1}});
  std::string last_asked_;
};

TEST_F(ClusterTest, KnowsWhoLeads) {
  EXPECT_EQ(cluster_.age(), 0u);
  cluster_.watch(std::set<std::string, std::less<>>{"words"});
  go(milliseconds{50});
  EXPECT_EQ(asked(), 1);
  EXPECT_THAT(last_asked_, HasSubstr("words"));
  EXPECT_THAT(leaders(), ElementsAre(1, 2));
  EXPECT_THAT(cluster_.brokers(), ElementsAre(Key(1), Key(2)));
  EXPECT_EQ(cluster_.topic("other"), nullptr);
  EXPECT_EQ(cluster_.open(3, now_), nullptr);
  ASSERT_NE(cluster_.open(2, now_), nullptr);
  EXPECT_EQ(brokers_[2].connections(), 1);
}

TEST_F(ClusterTest, AsksAgainWhenItIsTold) {
  go(seconds{1});
  EXPECT_EQ(asked(), 1);
  now_is = words_led_by({{2, 2}, {2, 1}});
  cluster_.refresh();
  cluster_.refresh();
  go(seconds{1});
  EXPECT_EQ(asked(), 2);
  EXPECT_THAT(leaders(), ElementsAre(2, 2));
}

TEST_F(ClusterTest, DoesNotFloodABroker) {
  for (int i = 0; i < 100; ++i) {
    cluster_.refresh();
    go(milliseconds{10});
  }
  EXPECT_LE(asked(), 13);
  EXPECT_GE(asked(), 5);
}

TEST_F(ClusterTest, AsksNowAndThen) {
  go(minutes{11});
  EXPECT_EQ(asked(), 3);
}

TEST_F(ClusterTest, DoesNotBelieveABrokerThatLagsBehind) {
  now_is = words_led_by({{1, 5}, {2, 5}});
  go(seconds{1});
  now_is = words_led_by({{2, 4}, {1, 6}});
  cluster_.refresh();
  go(seconds{1});
  EXPECT_THAT(leaders(), ElementsAre(1, 1)) << "the first is of epoch 5 still";
  now_is = words_led_by({{2, 1}, {2, 1}}, /*id=*/8);
  cluster_.refresh();
  go(seconds{1});
  EXPECT_THAT(leaders(), ElementsAre(2, 2)) << "a topic that was made anew begins anew";
}

TEST_F(ClusterTest, GoesToAnotherBroker) {
  go(seconds{1});
  network_.hang_up("one", 9092);
  cluster_.refresh();
  go(seconds{5});
  EXPECT_EQ(asked(), 2);
  EXPECT_GT(brokers_[2].connections(), 0);
  EXPECT_FALSE(cluster_.trouble().has_value());
}

TEST_F(ClusterTest, WaitsLongerAndLongerForABrokerThatIsGone) {
  hang_up();
  int attempts = 0;
  network_.listen("one", 9092, [&attempts] {
    ++attempts;
    return env::fake::FakeNetwork::Peer();
  });
  go(seconds{1});
  const int first = attempts;
  EXPECT_GE(first, 1);
  go(minutes{1});
  ASSERT_TRUE(cluster_.trouble().has_value());
  EXPECT_THAT(cluster_.trouble()->message, HasSubstr("refused"));
  EXPECT_GE(attempts - first, 24) << "once a second, and every other time here";
  EXPECT_LE(attempts - first, 38);
  brokers_[1].listen(network_, "one", 9092);
  go(seconds{30});
  EXPECT_EQ(asked(), 1);
  EXPECT_FALSE(cluster_.trouble().has_value());
}

TEST_F(ClusterTest, SaysWhenItWantsToBeCalled) {
  EXPECT_LE(cluster_.deadline(), now_);
  go(milliseconds{50});
  EXPECT_GT(cluster_.deadline(), now_ + minutes{4});
  EXPECT_LE(cluster_.deadline(), now_ + minutes{5});
}

TEST_F(ClusterTest, DoesNotSpinWhenNobodyAnswersForLong) {
  go(std::chrono::seconds{1});
  ASSERT_GT(cluster_.age(), 0u);
  hang_up();
  int at_once = 0;  // so often it wants to be called again at once
  int steps = 0;
  for (const env::Monotonic end = now_ + minutes{20}; now_ < end; ++steps) {
    step();
    at_once += cluster_.deadline() <= now_ ? 1 : 0;
    now_ = std::max(now_ + std::chrono::milliseconds{1}, std::min(cluster_.deadline(), end));
  }
  EXPECT_LT(at_once, steps / 2);
  EXPECT_LT(steps, 10'000);
}

}  // namespace
}  // namespace rheon::kafka
