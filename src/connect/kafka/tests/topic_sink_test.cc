#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "connect/kafka/out.h"
#include "connect/kafka/tests/on_two_brokers.h"
#include "connect/kafka/topic_output.h"
#include "engine/sink.h"
#include "kafka/client/error_codes.h"
#include "kafka/partitioner.h"

namespace rheon::connect::kafka {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using Counted = engine::Batch<std::string_view, std::uint64_t>;

class TopicSinkTest : public OnTwoBrokers {
 protected:
  TopicSinkTest() {
    for (auto& [node, broker] : brokers_) {
      broker.on<rheon::kafka::wire::InitProducerId>([this](const rheon::kafka::fake::Asked&) {
        rheon::kafka::wire::InitProducerIdResponse response;
        response.error_code = identity_error_;
        response.producer_id = ++last_producer_;
        return response;
      });
    }
    environment_.env = &env_;
    environment_.waker = &waker_;
    environment_.sink = "kafka";
  }
  /// "": it may run.
  std::string recover() {
    engine::SinkRecovery done;
    const Status status = connector_->make_committer()->recover(environment_, {}, done);
    return status.has_value() ? "" : status.error().message;
  }
  template <class K, class T>
  void start(const rheon::kafka::SinkOptions& options = {}) {
    connector_ = rheon::kafka::out(url_, options).bind<K, T>();
    ASSERT_EQ(recover(), "");
    writer_ = connector_->make_participant(environment_, {});
  }
  void write(const std::vector<std::pair<std::string_view, std::uint64_t>>& records) {
    Counted batch;
    for (const auto& [word, n] : records) {
      batch.slots.push_back({word, n, EventTime{7'000'000}, 0});
    }
    writer_->write_batch(batch);
  }
  /// Whether it is prepared within a second; an error is the answer as well.
  Result<bool> prepared(std::chrono::milliseconds within = std::chrono::seconds{1}) {
    engine::SinkFactChanges facts;
    std::vector<log::StreamAppend> appends;
    for (auto passed = std::chrono::milliseconds{0}; passed < within;
         passed += std::chrono::milliseconds{10}) {
      auto done = writer_->prepared(facts, appends);
      if (!done.has_value() || *done) {
        return done;
      }
      env_.clock().advance(std::chrono::milliseconds{10});
    }
    return false;
  }
  /// "key=value" of all records, by partition.
  std::vector<std::string> stored(std::int32_t partition) {
    std::vector<std::string> result;
    for (const auto& one : topic_.logs[partition].values) {
      result.push_back(one.key.value_or("-") + "=" + one.value.value_or("-"));
    }
    return result;
  }

  engine::SinkEnvironment environment_;
  std::shared_ptr<const engine::AnySinkConnector> connector_;
  std::unique_ptr<engine::SinkParticipant> writer_;
  std::int16_t identity_error_ = 0;
  std::int64_t last_producer_ = 0;
};

TEST_F(TopicSinkTest, WritesKeysAndValuesWhereKafkasOwnProducersWould) {
  start<std::string_view, std::uint64_t>();
  EXPECT_EQ(connector_->traits().decider, "Kafka at 127.0.0.1:1,127.0.0.1:2");
  write({{"the", 1}, {"a", 1}, {"the", 2}});
  EXPECT_GT(writer_->uncommitted_bytes(), 0u);
  writer_->prepare(Epoch{1});
  ASSERT_TRUE(*prepared());
  EXPECT_EQ(writer_->uncommitted_bytes(), 0u);
  const std::int32_t the = rheon::kafka::partition_of_key("the", 2);
  const std::int32_t other = rheon::kafka::partition_of_key("a", 2);
  ASSERT_NE(the, other) << "or this shows nothing";
  EXPECT_THAT(stored(the), ElementsAre("the=1", "the=2"));
  EXPECT_THAT(stored(other), ElementsAre("a=1"));
  EXPECT_EQ(topic_.logs[the].values[0].timestamp, 7'000);
}

TEST_F(TopicSinkTest, GivesAnEpochsRecordsToWhoDecidesAboutThem) {
  environment_.decided_outside = true;
  start<std::string_view, std::uint64_t>();
  write({{"the", 1}, {"a", 1}, {"the", 2}});
  EXPECT_GT(writer_->uncommitted_bytes(), 0u);
  writer_->prepare(Epoch{1});
  ASSERT_TRUE(*prepared());
  std::vector<engine::Outgoing> outgoing;
  writer_->take_outgoing(outgoing);
  EXPECT_EQ(writer_->uncommitted_bytes(), 0u);
  ASSERT_THAT(outgoing, SizeIs(2));
  std::uint32_t records = 0;
  for (const engine::Outgoing& batch : outgoing) {
    EXPECT_EQ(batch.place, "words");
    records += batch.records;
  }
  EXPECT_EQ(records, 3u);
  EXPECT_THAT(topic_.produced, IsEmpty()) << "the writer writes nothing itself";
}

TEST_F(TopicSinkTest, SpreadsRecordsWithoutAKey) {
  start<engine::NoKey, std::string_view>();
  for (int epoch = 1; epoch <= 4; ++epoch) {
    engine::Batch<engine::NoKey, std::string_view> batch;
    batch.slots.push_back({{}, "v", EventTime{0}});
    writer_->write_batch(batch);
    writer_->prepare(Epoch{static_cast<std::uint64_t>(epoch)});
    ASSERT_TRUE(*prepared());
  }
  EXPECT_THAT(stored(0), SizeIs(2));
  EXPECT_THAT(stored(1), SizeIs(2));
}

TEST_F(TopicSinkTest, IsPreparedWithoutRecordsToo) {
  start<std::string_view, std::uint64_t>();
  writer_->prepare(Epoch{1});
  EXPECT_TRUE(*prepared());
  EXPECT_THAT(topic_.produced, IsEmpty());
}

TEST_F(TopicSinkTest, SendsWhatIsMuchBeforeTheBarrier) {
  start<std::string_view, std::uint64_t>();
  const std::string word(1000, 'w');
  for (int i = 0; i < 600; ++i) {
    write({{word, 1}});
  }
  for (int i = 0; i < 20; ++i) {
    EXPECT_FALSE(*writer_->blocked());
    env_.clock().advance(std::chrono::milliseconds{10});
  }
  EXPECT_THAT(topic_.produced, SizeIs(1));
}

TEST_F(TopicSinkTest, TakesNoMoreWhileBrokersAreGoneAndGoesOnWhenTheyComeBack) {
  start<std::string_view, std::uint64_t>();
  hang_up();
  const std::string word(100'000, 'w');
  for (int i = 0; i < 400; ++i) {
    write({{word, 1}});
  }
  EXPECT_TRUE(*writer_->blocked());
  writer_->prepare(Epoch{1});
  EXPECT_FALSE(*prepared());
  listen();
  EXPECT_TRUE(*prepared(std::chrono::seconds{20}));
  EXPECT_FALSE(*writer_->blocked());
  EXPECT_THAT(stored(rheon::kafka::partition_of_key(word, 2)), SizeIs(400));
}

TEST_F(TopicSinkTest, SaysWhatIsWrongBeforeItRuns) {
  const auto says = [this](const std::string& url) {
    connector_ = rheon::kafka::out(url).bind<std::string_view, std::uint64_t>();
    return recover();
  };
  EXPECT_EQ(says(url_), "");
  EXPECT_THAT(says("kafka://nothing"), HasSubstr("it names no topic"));
  EXPECT_EQ(connector_->traits().decider, "") << "nobody is asked there before this is said";
  environment_.identity.job = "words";
  EXPECT_THAT(says("kafka://127.0.0.1:1/words.commit"), HasSubstr("keeps its decisions"));
  EXPECT_THAT(says("kafka://kafka.example/words"), HasSubstr("allow_plaintext"));
  topic_.error = rheon::kafka::kUnknownTopicOrPartition;
  EXPECT_THAT(says(url_), HasSubstr("does not exist: create it first"));
  hang_up();
  EXPECT_THAT(says(url_), HasSubstr("cannot connect"));
}

TEST_F(TopicSinkTest, DoesNotGoOnInAnotherTopicOfTheSameName) {
  connector_ = rheon::kafka::out(url_).bind<std::string_view, std::uint64_t>();
  engine::SinkFacts facts;
  const auto start_again = [&] {
    engine::SinkRecovery done;
    const Status status = connector_->make_committer()->recover(environment_, facts, done);
    for (const log::FactChange& change : done.changes) {
      change.value.has_value() ? static_cast<void>(facts[change.key] = *change.value)
                               : static_cast<void>(facts.erase(change.key));
    }
    return status.has_value() ? "" : status.error().message;
  };
  EXPECT_EQ(start_again(), "");
  EXPECT_THAT(facts, SizeIs(1));
  EXPECT_EQ(start_again(), "");
  topic_.id.low += 1;
  EXPECT_THAT(start_again(), HasSubstr("was deleted and created again since this job has run"));
  facts = {{"topic/other", "of before"}, {"file/out/a.csv", "of a sink of files"}};
  EXPECT_EQ(start_again(), "") << "a topic of another name is what somebody has asked for";
  EXPECT_EQ(facts.count("topic/other"), 0u);
  EXPECT_EQ(facts.count("file/out/a.csv"), 1u) << "it is not ours";
}

TEST_F(TopicSinkTest, EndsTheEpochWhenALeaderRefusesForGood) {
  start<std::string_view, std::uint64_t>();
  topic_.logs[0].produce_errors = {rheon::kafka::kMessageTooLarge};
  topic_.logs[1].produce_errors = {rheon::kafka::kMessageTooLarge};
  write({{"the", 1}});
  writer_->prepare(Epoch{1});
  const auto done = prepared();
  ASSERT_FALSE(done.has_value());
  EXPECT_THAT(done.error().message, HasSubstr("raise max.message.bytes"));
}

}  // namespace
}  // namespace rheon::connect::kafka
