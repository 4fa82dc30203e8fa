#include "kafka/client/producer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "kafka/client/error_codes.h"
#include "kafka/client/tests/scripted_topic.h"
#include "kafka/client/tests/two_brokers.h"

namespace rheon::kafka {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

constexpr std::int16_t kNotLeader = 6;

class ProducerTest : public testing::TwoBrokers {
 protected:
  ProducerTest() {
    for (auto& [node, broker] : brokers_) {
      topic_.stand_on(node, broker, no_topics());
    }
    cluster_.watch(std::set<std::string, std::less<>>{"words"});
    producer_.become({7, 0});
    producer_.add("words", 0);
    producer_.add("words", 1);
  }
  void step() override {
    TwoBrokers::step();
    producer_.step(now_);
  }
  static std::string batch_of(const std::string& value) {
    std::string batch;
    wire::RecordBatchWriter writer(batch, 5);
    writer.begin(5, "k", value);
    writer.finish({});
    return batch;
  }
  void write(std::size_t partition, const std::string& value) {
    producer_.write(partition, batch_of(value), 1);
  }
  /// Of a producer whose one batch is answered with this.
  Error failure_of_a_batch(std::int16_t error, std::optional<std::string> transactional_id) {
    Producer producer(cluster_, random_);
    producer.become({8, 0}, std::move(transactional_id));
    producer.add("words", 1);
    topic_.logs[1].produce_errors = {error};
    producer.write(0, batch_of("v"), 1);
    for (int i = 0; i < 50; ++i, now_ += milliseconds{10}) {
      cluster_.step(now_);
      producer.step(now_);
    }
    EXPECT_TRUE(producer.failure().has_value()) << error;
    return producer.failure().value_or(Error{});
  }
  std::string stored(std::int32_t partition) {
    std::string all;
    for (const auto& one : topic_.logs[partition].values) {
      all += *one.value;
    }
    return all;
  }
  void expect_all_written() {
    EXPECT_TRUE(producer_.idle());
    EXPECT_FALSE(producer_.failure().has_value()) << producer_.failure()->message;
  }

  testing::ScriptedTopic topic_{"words", {1, 2}};
  Producer producer_{cluster_, random_};
};

TEST_F(ProducerTest, WritesBatchesInTheirOrderToTheirLeaders) {
  for (const char* value : {"a", "b", "c", "d", "e", "f", "g"}) {
    write(0, value);
  }
  write(1, "x");
  EXPECT_FALSE(producer_.idle());
  EXPECT_GT(producer_.unanswered_bytes(), 0u);
  go(seconds{1});
  expect_all_written();
  EXPECT_EQ(stored(0), "abcdefg");
  EXPECT_EQ(stored(1), "x");
  EXPECT_EQ(topic_.logs[0].values[0].timestamp, 5);
  EXPECT_THAT(topic_.produced, SizeIs(8));
}

TEST_F(ProducerTest, HasNoMoreOnTheirWayThanALeaderKeepsAccountOf) {
  go(seconds{1});
  topic_.swallow_produced = true;
  for (int i = 0; i < 9; ++i) {
    write(0, "w");
  }
  go(seconds{1});
  EXPECT_THAT(topic_.produced, SizeIs(5));
}

TEST_F(ProducerTest, SendsNothingWhileABrokerHoldsItToItsQuota) {
  go(seconds{1});
  topic_.throttle_ms = 2'000;
  write(0, "a");
  go(milliseconds{100});
  write(0, "b");
  go(seconds{1});
  EXPECT_EQ(stored(0), "a");
  EXPECT_GT(producer_.deadline(), now_ + milliseconds{700});
  EXPECT_LE(producer_.deadline(), now_ + milliseconds{1'000}) << "nobody else calls it";
  go(seconds{1});
  EXPECT_EQ(stored(0), "ab");
  expect_all_written();
}

TEST_F(ProducerTest, TriesLessAndLessOftenWhatIsRefused) {
  topic_.logs[0].produce_errors.assign(1'000, kNotLeader);
  write(0, "a");
  go(seconds{10});
  EXPECT_THAT(topic_.produced, SizeIs(::testing::AllOf(::testing::Ge(8u), ::testing::Le(16u))));
  topic_.logs[0].produce_errors.clear();
  go(seconds{2});
  EXPECT_EQ(stored(0), "a");
}

TEST_F(ProducerTest, ANewLeaderIsSentThemAtOnce) {
  topic_.logs[0].produce_errors.assign(1'000, kNotLeader);
  write(0, "a");
  go(seconds{10});
  topic_.logs[0].produce_errors.clear();
  topic_.leaders[0] = 2;
  ++topic_.epoch;
  cluster_.refresh();
  go(milliseconds{300});
  EXPECT_EQ(stored(0), "a");
}

TEST_F(ProducerTest, AsksNoOtherLeaderAsLongAsOneHasNotAnswered) {
  go(seconds{1});
  brokers_[1].on_key(wire::Produce::kKey, [](const fake::Asked&) { return std::string(); });
  write(0, "a");
  go(seconds{1});
  topic_.leaders[0] = 2;
  ++topic_.epoch;
  cluster_.refresh();
  go(seconds{1});
  write(0, "b");
  go(seconds{5});
  EXPECT_EQ(stored(0), "") << "nobody knows whether 'a' is there";
  go(seconds{40});
  expect_all_written();
  EXPECT_EQ(stored(0), "ab");
}

TEST_F(ProducerTest, ATimeThatTheTopicDoesNotTakeIsSaidAtOnce) {
  const Error failure = failure_of_a_batch(kInvalidTimestamp, std::nullopt);
  EXPECT_EQ(failure.code, ErrorCode::kRefused);
  EXPECT_THAT(failure.message,
              AllOf(HasSubstr("event time"), HasSubstr("message.timestamp.after.max.ms")));
}

TEST_F(ProducerTest, FollowsALeaderThatHasChanged) {
  write(0, "a");
  go(seconds{1});
  topic_.leaders[0] = 2;
  ++topic_.epoch;
  for (const char* value : {"b", "c", "d"}) {
    write(0, value);
  }
  go(seconds{1});
  expect_all_written();
  EXPECT_EQ(stored(0), "abcd");
}

TEST_F(ProducerTest, WritesAgainInOrderWhatWasRefusedAndWhatCameBehind) {
  topic_.logs[0].produce_errors = {0, 19};  // too few replicas are in sync
  for (const char* value : {"a", "b", "c", "d"}) {
    write(0, value);
  }
  go(milliseconds{50});
  EXPECT_THAT(producer_.trouble()->message,
              AllOf(HasSubstr("partition 0 of topic 'words'"), HasSubstr("too few replicas")));
  go(seconds{1});
  expect_all_written();
  EXPECT_EQ(stored(0), "abcd");
  EXPECT_THAT(topic_.produced, ElementsAre("0:a", "0:b", "0:c", "0:d", "0:b", "0:c", "0:d"));
  EXPECT_FALSE(producer_.trouble().has_value());
}

TEST_F(ProducerTest, DoublesNothingWhenTheAnswerIsLost) {
  go(seconds{1});
  topic_.swallow_produced = true;
  for (const char* value : {"a", "b", "c"}) {
    write(0, value);
  }
  go(milliseconds{50});
  EXPECT_FALSE(producer_.idle());
  topic_.swallow_produced = false;
  hang_up();
  listen();
  go(seconds{5});
  expect_all_written();
  EXPECT_EQ(stored(0), "abc");
  EXPECT_THAT(topic_.produced, SizeIs(6)) << "it was written twice, and stands there once";
}

TEST_F(ProducerTest, GoesOnWhenBrokersComeBack) {
  hang_up();
  write(0, "a");
  go(seconds{30});
  EXPECT_FALSE(producer_.idle());
  listen();
  go(seconds{5});
  expect_all_written();
  EXPECT_EQ(stored(0), "a");
}

TEST_F(ProducerTest, BeginsItsSequencesAnewWithAnotherIdentity) {
  write(0, "a");
  write(0, "b");
  go(seconds{1});
  producer_.become({7, 1}, "job");
  write(0, "c");
  go(seconds{1});
  expect_all_written();
  EXPECT_EQ(stored(0), "abc");
}

TEST_F(ProducerTest, FailsWhenALeaderHasForgottenWhatItWrote) {
  topic_.logs[0].produce_errors = {kOutOfOrderSequenceNumber};
  write(0, "a");
  go(seconds{1});
  ASSERT_TRUE(producer_.failure().has_value());
  EXPECT_EQ(producer_.failure()->code, ErrorCode::kIo);
  EXPECT_THAT(producer_.failure()->message, HasSubstr("no longer knows what this producer wrote"));
}

TEST_F(ProducerTest, FailsForGoodWhereNothingElseHelps) {
  struct Case {
    std::int16_t error;
    const char* sentence;
  };
  for (const Case& one : {Case{kMessageTooLarge, "raise max.message.bytes"},
                          Case{kTopicAuthorizationFailed, "Grant it WRITE and DESCRIBE"},
                          Case{kInvalidRecord, "refuses a record"}}) {
    const Error failure = failure_of_a_batch(one.error, std::nullopt);
    EXPECT_EQ(failure.code, ErrorCode::kRefused) << one.error;
    EXPECT_THAT(failure.message,
                AllOf(HasSubstr("partition 1 of topic 'words'"), HasSubstr(one.sentence)));
  }
}

TEST_F(ProducerTest, SaysThatItsTransactionHasEndedWithoutIt) {
  for (const std::int16_t error : {kInvalidProducerEpoch, kProducerFenced, kInvalidTxnState}) {
    const Error failure = failure_of_a_batch(error, "job");
    EXPECT_EQ(failure.code, ErrorCode::kIo) << error;
    EXPECT_THAT(failure.message, HasSubstr("a transaction took too long"));
  }
}

TEST_F(ProducerTest, WantsNothingBeforeItIsKnownWhoWrites) {
  Producer producer(cluster_, random_);
  producer.add("words", 0);
  producer.write(0, batch_of("a"), 1);
  go(seconds{1});
  producer.step(now_);
  EXPECT_EQ(producer.deadline(), env::Monotonic::max());
}

TEST_F(ProducerTest, DoesNotSpinWhileItWaits) {
  write(0, "a");
  topic_.logs[0].produce_errors = std::vector<std::int16_t>(3, kNotLeader);
  int at_once = 0;  // so often it wants to be called again at once
  for (int i = 0; i < 100; ++i, now_ += milliseconds{10}) {
    step();
    at_once += std::min(producer_.deadline(), cluster_.deadline()) <= now_ ? 1 : 0;
  }
  EXPECT_LE(at_once, 10);
  expect_all_written();
  EXPECT_THAT(topic_.produced, SizeIs(4));
}

}  // namespace
}  // namespace rheon::kafka
