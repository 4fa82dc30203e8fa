#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "connect/kafka/in.h"
#include "connect/tests/connector_driver.h"
#include "env/fake/waiting_env.h"
#include "kafka/fake/fake_cluster.h"

namespace rheon::connect::kafka {
namespace {

using engine::Poll;
using rheon::kafka::fake::FakeCluster;
using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

class TopicPatternTest : public ::testing::Test {
 protected:
  TopicPatternTest() {
    for (const char* topic : {"orders-eu", "orders-us", "visits", "__orders-own"}) {
      cluster_.make_topic(topic, 2);
      cluster_.put(topic, 1, topic);
    }
    environment_.env = &env_;
    environment_.waker = &waker_;
  }
  void start() {
    const auto found = source_.connector->discover(environment_, known_);
    ASSERT_TRUE(found.has_value()) << found.error().message;
    known_ = *found;
    reader_ = source_.connector->make_any_reader(environment_);
    for (const auto& partition : known_) {
      reader_->assign(partition);
    }
  }
  std::vector<std::string> ids() {
    std::vector<std::string> ids;
    for (const auto& partition : known_) {
      ids.push_back(partition.id);
    }
    return ids;
  }
  std::vector<std::string> read(seconds time = seconds{1}) {
    TextOutput output;
    for (milliseconds passed{0}; passed < time; passed += milliseconds{10}) {
      output.in_poll = 0;
      const Result<Poll> polled = reader_->poll_any(output);
      EXPECT_TRUE(polled.has_value()) << polled.error().message;
      ended_ = polled.has_value() && *polled == Poll::kEnded;
      env_.clock().advance(milliseconds{10});
    }
    return output.values();
  }
  void commit() {
    for (std::size_t i = 0; i < known_.size(); ++i) {
      known_[i].position = reader_->position(i);
    }
  }
  std::string refusal() {
    const auto found = source_.connector->discover(environment_, known_);
    return found.has_value() ? "" : found.error().message;
  }

  env::fake::WaitingEnv env_;
  env::fake::FakeParker waker_;
  FakeCluster cluster_{env_.network(), 2};
  Source<std::string_view> source_ =
      rheon::kafka::values("kafka://127.0.0.1:1,127.0.0.1:2/orders-*");
  engine::SourceEnvironment environment_;
  std::vector<engine::SourcePartition> known_;
  std::unique_ptr<engine::AnySourceReader> reader_;
  bool ended_ = false;
};

TEST_F(TopicPatternTest, ReadsEveryTopicThatMatches) {
  start();
  EXPECT_THAT(ids(),
              UnorderedElementsAre("orders-eu/0", "orders-eu/1", "orders-us/0", "orders-us/1"));
  EXPECT_THAT(known_[1].label, HasSubstr("partition 1 of topic 'orders-eu' at 127.0.0.1:1"));
  EXPECT_THAT(read(), UnorderedElementsAre("orders-eu", "orders-us"));
  commit();
  cluster_.put("orders-us", 0, "later");
  start();
  EXPECT_THAT(read(), ElementsAre("later"));
}

TEST_F(TopicPatternTest, FindsANewTopicAndReadsItFromItsFirstRecord) {
  start();
  read();
  cluster_.make_topic("orders-asia", 1);
  cluster_.put("orders-asia", 0, "first");
  environment_.running = true;
  env_.clock().advance(seconds{31});
  const auto found = source_.connector->discover(environment_, known_);
  ASSERT_TRUE(found.has_value()) << found.error().message;
  for (const auto& partition : *found) {
    if (partition.id == "orders-asia/0") {
      reader_->assign(partition);
    }
  }
  EXPECT_EQ(found->size(), 5u);
  EXPECT_THAT(read(seconds{3}), ElementsAre("first")) << "without waiting for old metadata";
}

TEST_F(TopicPatternTest, EndsWhereAllOfThemEndedAtTheStart) {
  environment_.stop_at_end = true;
  start();
  cluster_.put("orders-us", 0, "later");
  EXPECT_THAT(read(), UnorderedElementsAre("orders-eu", "orders-us"));
  EXPECT_TRUE(ended_);
}

TEST_F(TopicPatternTest, NamesTheTopicThatIsGone) {
  start();
  cluster_.remove_topic("orders-eu");
  EXPECT_THAT(refusal(), AllOf(HasSubstr("topic 'orders-eu' at"), HasSubstr("is gone")));
  cluster_.make_topic("orders-eu", 2);
  EXPECT_THAT(refusal(), AllOf(HasSubstr("topic 'orders-eu' at"), HasSubstr("created again")));
}

TEST_F(TopicPatternTest, WhileItRunsGoesOnWithoutATopicThatIsGone) {
  start();
  read();
  cluster_.remove_topic("orders-eu");
  cluster_.make_topic("orders-asia", 1);
  environment_.running = true;
  env_.clock().advance(seconds{31});
  const auto found = source_.connector->discover(environment_, known_);
  ASSERT_TRUE(found.has_value()) << found.error().message;
  EXPECT_TRUE(std::any_of(found->begin(), found->end(),
                          [](const auto& one) { return one.id == "orders-asia/0"; }));
  cluster_.hang_up();  // asks again
  cluster_.listen();
  read(seconds{40});
  EXPECT_THAT(reader_->trouble(), HasSubstr("topic 'orders-eu' is not there now"));
  EXPECT_FALSE(reader_->at_end(0)) << "who knows";
}

TEST_F(TopicPatternTest, NeverMatchesWhatTheJobItselfKeepsThere) {
  cluster_.make_topic("counter.commit", 1);
  cluster_.make_topic("others.commit", 1);
  environment_.job = "counter";
  source_ = rheon::kafka::values("kafka://127.0.0.1:1/*.commit");
  start();
  EXPECT_THAT(ids(), ElementsAre("others.commit/0"));
}

TEST_F(TopicPatternTest, ThatMatchesNoneYetIsWaitedFor) {
  for (const char* topic : {"orders-eu", "orders-us"}) {
    cluster_.remove_topic(topic);
  }
  start();
  EXPECT_THAT(known_, IsEmpty());
  EXPECT_EQ(environment_.found_nothing, "None of them exists yet.");
  environment_.stop_at_end = true;
  EXPECT_THAT(refusal(), HasSubstr("topics 'orders-*' at 127.0.0.1:1,127.0.0.1:2 do not exist"));
}

}  // namespace
}  // namespace rheon::connect::kafka
