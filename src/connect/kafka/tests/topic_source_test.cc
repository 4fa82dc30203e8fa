#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "connect/kafka/in.h"
#include "connect/kafka/position.h"
#include "connect/kafka/tests/on_two_brokers.h"
#include "connect/tests/connector_driver.h"
#include "kafka/client/error_codes.h"

namespace rheon::connect::kafka {
namespace {

using engine::Poll;
using rheon::kafka::Message;
using rheon::kafka::fake::ScriptedBroker;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

class TopicSourceTest : public OnTwoBrokers {
 protected:
  TopicSourceTest() {
    topic_.logs[0].start = 3;
    topic_.logs[0].values = {"a", "b", "c"};
    topic_.logs[1].values = {"x", "y"};
    environment_.env = &env_;
    environment_.waker = &waker_;
  }
  template <class T>
  void start(const Source<T>& source) {
    const auto found = source.connector->discover(environment_, known_);
    ASSERT_TRUE(found.has_value()) << found.error().message;
    known_ = *found;
    reader_ = source.connector->make_any_reader(environment_);
    for (const auto& partition : known_) {
      reader_->assign(partition);
    }
  }
  std::string refusal(const Source<std::string_view>& source) {
    const auto found = source.connector->discover(environment_, known_);
    return found.has_value() ? "" : found.error().message;
  }
  /// Polls for so long, in steps of 10 ms; what the last poll said.
  template <class O>
  Result<Poll> read(O& output, std::chrono::milliseconds time = std::chrono::seconds{1}) {
    Result<Poll> polled = Poll::kIdle;
    for (auto passed = std::chrono::milliseconds{0}; passed < time;
         passed += std::chrono::milliseconds{10}) {
      output.in_poll = 0;
      polled = reader_->poll_any(output);
      if (!polled.has_value()) {
        return polled;
      }
      env_.clock().advance(std::chrono::milliseconds{10});
    }
    return polled;
  }
  void commit() {
    for (std::size_t i = 0; i < known_.size(); ++i) {
      known_[i].position = reader_->position(i);
    }
  }

  engine::SourceEnvironment environment_;
  std::vector<engine::SourcePartition> known_;
  std::unique_ptr<engine::AnySourceReader> reader_;
};

TEST_F(TopicSourceTest, ReadsAllPartitionsFromTheirFirstRecords) {
  start(rheon::kafka::values(url_));
  EXPECT_EQ(known_[0].id, "words/0");
  EXPECT_THAT(known_[1].label, HasSubstr("partition 1 of topic 'words' at 127.0.0.1:1"));
  EXPECT_TRUE(known_[0].more && known_[1].more);
  TextOutput output;
  EXPECT_EQ(*read(output), Poll::kIdle);
  EXPECT_THAT(output.values(), UnorderedElementsAre("a", "b", "c", "x", "y"));
  EXPECT_TRUE(reader_->at_end(0) && reader_->at_end(1));
  EXPECT_EQ(reader_->offset(0), 6u);
  topic_.logs[1].values.emplace_back("z");
  read(output);
  EXPECT_THAT(output.records.back().value, "z");
  EXPECT_EQ(output.records.back().partition, 1u);
}

TEST_F(TopicSourceTest, GoesOnWhereItWas) {
  start(rheon::kafka::values(url_));
  TextOutput output;
  read(output);
  commit();
  topic_.logs[0].values.emplace_back("d");
  start(rheon::kafka::values(url_, {.start = rheon::kafka::Start::kLatest}));
  EXPECT_TRUE(known_[0].more);
  EXPECT_FALSE(known_[1].more);
  TextOutput rest;
  read(rest);
  EXPECT_THAT(rest.values(), ElementsAre("d"));
}

TEST_F(TopicSourceTest, StopsWhereOffsetsAreMissing) {
  topic_.logs[0].hole_at = 5;
  topic_.logs[0].values = {"a", "b", "gone", "d"};
  start(rheon::kafka::values(url_));
  TextOutput output;
  const auto polled = read(output);
  ASSERT_FALSE(polled.has_value());
  EXPECT_EQ(polled.error().code, ErrorCode::kRefused);
  EXPECT_THAT(polled.error().message,
              AllOf(HasSubstr("allow_gaps"), HasSubstr("partition 0 of topic 'words'"),
                    HasSubstr("offset 5: the offsets from there to 5 are missing")));
  EXPECT_THAT(output.values(), ::testing::IsSupersetOf({"a", "b"}));
}

TEST_F(TopicSourceTest, OfACompactedTopicTheyMayBe) {
  topic_.logs[0].hole_at = 5;
  topic_.logs[0].values = {"a", "b", "gone", "d"};
  for (const auto& policy :
       {std::optional<std::string>("compact"), std::optional<std::string>("compact,delete"),
        std::optional<std::string>()}) {
    topic_.cleanup_policy = policy;
    known_.clear();
    start(rheon::kafka::values(url_));
    TextOutput output;
    EXPECT_TRUE(read(output).has_value());
    EXPECT_THAT(output.values(), UnorderedElementsAre("a", "b", "d", "x", "y"));
  }
  topic_.cleanup_policy = "delete";
  known_.clear();
  start(rheon::kafka::values(url_, {.allow_gaps = true}));
  TextOutput output;
  EXPECT_TRUE(read(output).has_value());
  EXPECT_THAT(output.values(), UnorderedElementsAre("a", "b", "d", "x", "y"));
}

TEST_F(TopicSourceTest, KeepsWhoHasWrittenWhatItHasRead) {
  topic_.logs[0].written_by = 1;
  start(rheon::kafka::values(url_));
  TextOutput output;
  read(output);
  commit();
  topic_.epoch = 2;
  topic_.logs[0].cut_at = 5;
  start(rheon::kafka::values(url_));
  const auto polled = read(output);
  ASSERT_FALSE(polled.has_value());
  EXPECT_EQ(polled.error().code, ErrorCode::kRefused);
  EXPECT_THAT(polled.error().message, HasSubstr("was cut back to offset 5"));
}

TEST_F(TopicSourceTest, SaysWhichFileForTlsIsWrong) {
  EXPECT_THAT(refusal(rheon::kafka::values(
                  url_, {.security = {.tls = Tls{.authorities = "/no/such.pem"}}})),
              HasSubstr("'/no/such.pem'"));
}

TEST_F(TopicSourceTest, TakesNoMoreThanThereIsRoomFor) {
  start(rheon::kafka::values(url_));
  TextOutput output;
  output.full_after = 1;
  for (int i = 0; i < 4 && output.records.empty(); ++i) {
    output.in_poll = 0;
    ASSERT_TRUE(reader_->poll_any(output).has_value());
  }
  EXPECT_THAT(output.records, SizeIs(1));
  read(output);
  EXPECT_THAT(output.values(), UnorderedElementsAre("a", "b", "c", "x", "y"));
}

TEST_F(TopicSourceTest, MayBeginAtTheEnd) {
  start(rheon::kafka::values(url_, {.start = rheon::kafka::Start::kLatest}));
  TextOutput output;
  read(output);
  EXPECT_THAT(output.values(), IsEmpty());
  topic_.logs[0].values.emplace_back("d");
  read(output);
  EXPECT_THAT(output.values(), ElementsAre("d"));
}

TEST_F(TopicSourceTest, MayBeginAtATime) {
  topic_.logs[0].values = {{"k", "old", 1000}, {"k", "young", 2000}};
  topic_.logs[1].values = {{"k", "older", 500}};
  start(rheon::kafka::values(url_, {.start_at = EventTime{1'500'000}}));
  Output<std::string_view, std::string> output;
  read(output);
  EXPECT_THAT(output.values(), ElementsAre("young"));
  EXPECT_EQ(output.records[0].time, EventTime{2'000'000});
}

TEST_F(TopicSourceTest, EndsWhereItWasAtTheStartWhenAskedTo) {
  environment_.stop_at_end = true;
  start(rheon::kafka::values(url_));
  topic_.logs[0].values.emplace_back("d");
  topic_.logs[1].values.emplace_back("z");
  TextOutput output;
  EXPECT_EQ(*read(output), Poll::kEnded);
  EXPECT_THAT(output.values(), UnorderedElementsAre("a", "b", "c", "x", "y"));
  commit();
  environment_.stop_at_end = false;
  start(rheon::kafka::values(url_));
  TextOutput rest;
  EXPECT_EQ(*read(rest), Poll::kIdle);
  EXPECT_THAT(rest.values(), UnorderedElementsAre("d", "z"));
}

TEST_F(TopicSourceTest, OfAnEmptyTopicEndsAtOnceWhenAskedTo) {
  topic_.logs[0].values.clear();
  topic_.logs[1].values.clear();
  environment_.stop_at_end = true;
  start(rheon::kafka::values(url_));
  TextOutput output;
  EXPECT_EQ(*reader_->poll_any(output), Poll::kEnded);
  EXPECT_EQ(topic_.fetches, 0);
}

TEST_F(TopicSourceTest, GivesKeysToo) {
  topic_.logs[0].values = {{"k", "v", 7}, {"gone", std::nullopt, 8}};
  topic_.logs[1].values.clear();
  start(rheon::kafka::messages(url_));
  struct Kept {
    explicit Kept(const Message& message)
        : key(message.key.value_or("-")), value(message.value.value_or("-")) {}
    std::string key;
    std::string value;
  };
  Output<Message, Kept> output;
  read(output);
  ASSERT_THAT(output.records, SizeIs(2));
  EXPECT_EQ(output.records[0].value.key, "k");
  EXPECT_EQ(output.records[0].value.value, "v");
  EXPECT_EQ(output.records[0].time, EventTime{7'000});
  EXPECT_EQ(output.records[1].value.key, "gone");
  EXPECT_EQ(output.records[1].value.value, "-");
}

TEST_F(TopicSourceTest, WhatCannotBeARecordGoesToQuarantineWithItsPlace) {
  topic_.logs[0].values = {"a", {"gone", std::nullopt, 0}, "much too long", "b"};
  topic_.logs[1].values.clear();
  start(rheon::kafka::values(url_, {.max_record_bytes = 5}));
  TextOutput output;
  read(output);
  EXPECT_THAT(output.values(), ElementsAre("a", "b"));
  ASSERT_THAT(output.quarantined, SizeIs(2));
  EXPECT_EQ(output.quarantined[0].bytes, "gone");
  EXPECT_EQ(output.quarantined[0].reason, "it has no value");
  EXPECT_EQ(output.quarantined[1].bytes, "much too long");
  EXPECT_THAT(output.quarantined[1].place,
              AllOf(HasSubstr("partition 0 of topic 'words'"), HasSubstr("offset 5")));
}

TEST_F(TopicSourceTest, NewPartitionsAreReadFromTheirFirstRecord) {
  const auto source = rheon::kafka::values(url_, {.start = rheon::kafka::Start::kLatest});
  start(source);
  topic_.leaders[2] = 1;
  topic_.logs[2].values = {"new"};
  environment_.running = true;
  auto found = source.connector->discover(environment_, known_);
  ASSERT_THAT(*found, SizeIs(3));
  reader_->assign((*found)[2]);
  TextOutput output;
  read(output, std::chrono::minutes{6});  // its reader's metadata is five minutes old at the most
  EXPECT_THAT(output.values(), ElementsAre("new"));
  topic_.leaders[3] = 1;
  EXPECT_THAT(*source.connector->discover(environment_, *found), SizeIs(4));
  topic_.leaders[4] = 1;
  EXPECT_THAT(*source.connector->discover(environment_, *found), SizeIs(3))
      << "it does not ask all the time";
}

TEST_F(TopicSourceTest, ANewPartitionWithoutALeaderHoldsUpNoOther) {
  const auto source = rheon::kafka::values(url_);
  start(source);
  topic_.leaders[2] = -1;
  topic_.leaders[3] = 1;
  environment_.running = true;
  const auto ids = [&] {
    const auto found = source.connector->discover(environment_, known_);
    std::vector<std::string> all;
    for (const auto& partition : found.value()) {
      all.push_back(partition.id);
    }
    return all;
  };
  EXPECT_THAT(ids(), ElementsAre("words/0", "words/1", "words/3"));
  topic_.leaders[2] = 2;
  env_.clock().advance(std::chrono::seconds{31});
  EXPECT_THAT(ids(), ElementsAre("words/0", "words/1", "words/2", "words/3"));
  topic_.leaders[2] = -1;
  environment_.running = false;
  EXPECT_THAT(ids(), ElementsAre("words/0", "words/1", "words/3")) << "nor does it at a start";
  known_.clear();
  EXPECT_THAT(refusal(source), HasSubstr("has no leader now")) << "but at the first one";
}

TEST_F(TopicSourceTest, ThatIsNotThereIsWaitedFor) {
  topic_.error = rheon::kafka::kUnknownTopicOrPartition;
  const auto source = rheon::kafka::values(url_);
  const auto found = source.connector->discover(environment_, known_);
  ASSERT_TRUE(found.has_value());
  EXPECT_THAT(*found, IsEmpty());
  EXPECT_EQ(environment_.found_nothing, "It does not exist yet.");
  environment_.stop_at_end = true;
  EXPECT_THAT(refusal(source),
              HasSubstr("topic 'words' at 127.0.0.1:1,127.0.0.1:2 does not exist"));
}

TEST_F(TopicSourceTest, ThatHasBeenReadAndIsAnotherOneNowIsRefused) {
  const auto source = rheon::kafka::values(url_);
  start(source);
  topic_.id = {8, 8};
  EXPECT_THAT(refusal(source), HasSubstr("was deleted and created again"));
  topic_.id = {1, 2};
  topic_.leaders.erase(1);
  EXPECT_THAT(refusal(source), HasSubstr("has 1 partitions, and this job has read number 1"));
  environment_.running = true;
  EXPECT_EQ(refusal(source), "") << "one broker may lag behind";
  environment_.running = false;
  topic_.leaders[1] = 2;
  EXPECT_THAT(refusal(rheon::kafka::values("kafka://127.0.0.1:1/others")),
              HasSubstr("has read 'words/0' before, and cannot go on with topic 'others'"));
  known_[0].id = "others/0";
  EXPECT_THAT(refusal(source), AllOf(HasSubstr("has read 'others/0' before"), HasSubstr("reset")));
  known_[0].id = "words/0";
  topic_.error = rheon::kafka::kUnknownTopicOrPartition;
  EXPECT_THAT(refusal(source), HasSubstr("is gone"));
  environment_.running = true;
  env_.clock().advance(std::chrono::seconds{31});
  EXPECT_EQ(refusal(source), "") << "one broker may lag behind";
  environment_.running = false;
  topic_.error = rheon::kafka::kTopicAuthorizationFailed;
  EXPECT_THAT(refusal(source), HasSubstr("no right"));
}

TEST_F(TopicSourceTest, RecordsThatWereDeletedBeforeTheyWereReadStopTheJob) {
  start(rheon::kafka::values(url_));
  topic_.logs[0].start = 4;
  TextOutput output;
  const auto polled = read(output);
  ASSERT_FALSE(polled.has_value());
  EXPECT_EQ(polled.error().code, ErrorCode::kRefused);
  EXPECT_THAT(polled.error().message, HasSubstr("has no offset 3"));
}

TEST_F(TopicSourceTest, WithoutABrokerSaysSo) {
  hang_up();
  EXPECT_THAT(refusal(rheon::kafka::values(url_)),
              AllOf(HasSubstr("cannot connect to '127.0.0.1:"), HasSubstr("Is a broker of Kafka")));
}

TEST_F(TopicSourceTest, WaitsForBrokersThatGoWhileItReads) {
  const auto source = rheon::kafka::values(url_);
  start(source);
  hang_up();
  TextOutput output;
  EXPECT_EQ(*read(output), Poll::kWaiting);
  EXPECT_THAT(reader_->trouble(), HasSubstr("cannot connect to '127.0.0.1:"));
  environment_.running = true;
  EXPECT_THAT(*source.connector->discover(environment_, known_), SizeIs(2));
  listen();
  read(output, std::chrono::seconds{20});
  EXPECT_THAT(output.values(), UnorderedElementsAre("a", "b", "c", "x", "y"));
  EXPECT_EQ(reader_->trouble(), "");
}

TEST_F(TopicSourceTest, AsksBeforeItReadsOverANetworkAsItIs) {
  const auto far = rheon::kafka::values("kafka://kafka.example/words");
  EXPECT_THAT(refusal(far), HasSubstr("allow_plaintext"));
  EXPECT_THAT(refusal(rheon::kafka::values("kafka://nothing")), HasSubstr("it names no topic"));
  EXPECT_TRUE(rheon::kafka::is_url(url_));
  EXPECT_FALSE(rheon::kafka::is_url("/etc/*"));
}

TEST_F(TopicSourceTest, ThatGoesOnNeedsNoLeaderToBegin) {
  const auto source = rheon::kafka::values(url_);
  start(source);
  TextOutput output;
  read(output);
  commit();
  topic_.leaders[0] = -1;
  ++topic_.epoch;
  start(source);
  TextOutput rest;
  topic_.logs[1].values.emplace_back("z");
  EXPECT_EQ(*read(rest, std::chrono::seconds{5}), Poll::kWaiting);
  EXPECT_THAT(rest.values(), ElementsAre("z"));
  EXPECT_THAT(reader_->trouble(), HasSubstr("partition 0 of topic 'words' has no leader now"));
  EXPECT_FALSE(reader_->at_end(0));
  environment_.stop_at_end = true;
  EXPECT_THAT(refusal(source), HasSubstr("has no leader now"));
}

TEST_F(TopicSourceTest, OneSilentBrokerAmongThoseThatWereNamedDoesNotMatter) {
  env_.network().listen("127.0.0.1", 9,
                        [] { return [](std::string_view) { return std::string(); }; });
  for (int i = 0; i < 4; ++i) {  // whichever is asked first
    EXPECT_EQ(refusal(rheon::kafka::values("kafka://127.0.0.1:9,127.0.0.1:1/words")), "");
  }
}

TEST_F(TopicSourceTest, BrokersThatStandElsewhereAreRefusedToo) {
  rheon::kafka::wire::MetadataResponse elsewhere;
  elsewhere.brokers = {{1, "127.0.0.1", 1, {}}, {2, "kafka.example", 9092, {}}};
  for (auto& [node, broker] : brokers_) {
    topic_.stand_on(node, broker, elsewhere);
  }
  EXPECT_THAT(refusal(rheon::kafka::values(url_)),
              AllOf(HasSubstr("'kafka.example'"), HasSubstr("allow_plaintext")));
}

TEST_F(TopicSourceTest, BytesThatAreNoBatchStopTheJob) {
  brokers_[1].on_key(rheon::kafka::wire::Fetch::kKey, [this](const auto&) {
    rheon::kafka::wire::FetchResponse response;
    response.responses.push_back({topic_.id, {}});
    rheon::kafka::wire::FetchResponse::Partition told;
    told.records = "shorter than a batch";
    told.last_stable_offset = told.high_watermark = 9;
    response.responses.back().partitions.push_back(told);
    return ScriptedBroker::encode<rheon::kafka::wire::Fetch>(response);
  });
  start(rheon::kafka::values(url_));
  TextOutput output;
  const auto polled = read(output);
  ASSERT_FALSE(polled.has_value());
  EXPECT_EQ(polled.error().code, ErrorCode::kCorrupt);
  EXPECT_THAT(polled.error().message, HasSubstr("partition 0 of topic 'words'"));
}

}  // namespace
}  // namespace rheon::connect::kafka
