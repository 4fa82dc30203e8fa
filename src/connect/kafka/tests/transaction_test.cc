#include "connect/kafka/transaction.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "connect/kafka/decision_record.h"
#include "env/fake/waiting_env.h"
#include "kafka/client/error_codes.h"
#include "kafka/fake/fake_cluster.h"
#include "kafka/wire/calls.h"

namespace rheon::connect::kafka {
namespace {

using engine::Decision;
using rheon::kafka::fake::FakeCluster;
using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Fault = FakeCluster::Fault;
namespace wire = rheon::kafka::wire;

constexpr log::Id kUid{1, 1};
constexpr log::Id kLineage{2, 2};
constexpr const char* kDecisions = "wordcount.commit";

Decision decision_of(std::uint64_t epoch) { return {kUid, kLineage, Epoch{epoch}, 1000 + epoch}; }

std::vector<engine::Outgoing> words(const std::vector<std::string>& values) {
  std::vector<engine::Outgoing> result;
  std::uint32_t partition = 0;
  for (const std::string& value : values) {
    std::string bytes;
    wire::RecordBatchWriter writer(bytes, 0);
    writer.begin(0, "k", value);
    writer.finish({});
    result.push_back({"words", partition++ % 2, 1, std::move(bytes)});
  }
  return result;
}

/// Both protocols of transactions: `GetParam()`: the second one.
class TransactionTest : public ::testing::TestWithParam<bool> {
 protected:
  TransactionTest() {
    cluster_.second_protocol = GetParam();
    cluster_.make_topic("words", 2);
  }
  /// Another process of the job.
  std::unique_ptr<Transaction> process() {
    return std::make_unique<Transaction>(engine::DeciderEnvironment{&env_, &waker_},
                                         ClusterPlace{{{"127.0.0.1", 1}, {"127.0.0.1", 2}}, {}});
  }
  Result<std::optional<Decision>> recover(Transaction& who, const log::Id& lineage = kLineage,
                                          const std::vector<log::Id>& ancestors = {}) {
    return who.recover({"wordcount", kUid, lineage, 256}, ancestors);
  }
  std::string complaint(Transaction& who) {
    const auto found = recover(who);
    return found.has_value() ? "" : found.error().message;
  }
  /// One that may write.
  std::unique_ptr<Transaction> ready() {
    auto who = process();
    const auto found = recover(*who);
    EXPECT_TRUE(found.has_value()) << found.error().message;
    return who;
  }
  /// Whether the epoch counts in time; an error is the answer as well.
  Result<bool> await(Transaction& who, milliseconds within = seconds{5}) {
    for (auto passed = milliseconds{0}; passed < within; passed += milliseconds{10}) {
      auto counts = who.step(env_.clock().monotonic());
      if (!counts.has_value() || *counts) {
        return counts;
      }
      env_.clock().advance(milliseconds{10});
    }
    return false;
  }
  Result<bool> commit(Transaction& who, std::uint64_t epoch,
                      const std::vector<std::string>& values) {
    who.begin(decision_of(epoch), words(values));
    who.decide();
    return await(who);
  }
  void expect_committed(Transaction& who, std::uint64_t epoch,
                        const std::vector<std::string>& values) {
    const auto counts = commit(who, epoch, values);
    ASSERT_TRUE(counts.has_value()) << counts.error().message;
    ASSERT_TRUE(*counts) << who.trouble();
  }
  /// What the next process finds.
  std::optional<Decision> found() {
    auto who = process();
    const auto last = recover(*who);
    EXPECT_TRUE(last.has_value()) << last.error().message;
    return last.value_or(std::nullopt);
  }
  /// The next request of this key suffers it.
  void once(std::int16_t key, Fault fault) {
    cluster_.fault = [this, key, fault](std::int16_t asked) {
      if (asked != key) {
        return Fault::kNothing;
      }
      const Fault lost = fault;  // this function goes with the next line
      cluster_.fault = nullptr;
      return lost;
    };
  }

  env::fake::WaitingEnv env_;
  env::fake::FakeParker waker_;
  FakeCluster cluster_{env_.network(), 2};
};

INSTANTIATE_TEST_SUITE_P(Protocols, TransactionTest, ::testing::Bool(),
                         [](const auto& param) { return param.param ? "Second" : "First"; });

TEST_P(TransactionTest, CommitsRecordsAndTheirDecisionTogether) {
  auto who = process();
  EXPECT_THAT(*recover(*who), std::nullopt);
  for (std::uint64_t epoch = 1; epoch <= 3; ++epoch) {
    expect_committed(*who, epoch, {"a" + std::to_string(epoch), "b" + std::to_string(epoch)});
  }
  EXPECT_THAT(cluster_.committed("words", 0), ElementsAre("k=a1", "k=a2", "k=a3"));
  EXPECT_THAT(cluster_.committed("words", 1), ElementsAre("k=b1", "k=b2", "k=b3"));
  EXPECT_EQ(cluster_.committed(kDecisions, 0).back(),
            to_string(kLineage) + "=" + decision_text(decision_of(3)));
  EXPECT_FALSE(cluster_.has_open_transaction());
  EXPECT_EQ(found(), decision_of(3));
}

TEST_P(TransactionTest, IsNotDecidedBeforeTheLogHoldsTheEpoch) {
  auto who = ready();
  who->begin(decision_of(1), words({"a"}));
  EXPECT_FALSE(*await(*who));
  EXPECT_TRUE(cluster_.has_open_transaction());
  EXPECT_THAT(cluster_.committed("words", 0), IsEmpty());
  who->decide();
  EXPECT_TRUE(*await(*who));
  EXPECT_THAT(cluster_.committed("words", 0), ElementsAre("k=a"));
}

TEST_P(TransactionTest, EndsWhatAnEarlierProcessHasLeftOpen) {
  auto first = ready();
  expect_committed(*first, 1, {"a"});
  first->begin(decision_of(2), words({"lost"}));
  EXPECT_FALSE(*await(*first));
  EXPECT_EQ(found(), decision_of(1));
  EXPECT_FALSE(cluster_.has_open_transaction());
  first->decide();
  const auto late = await(*first);
  ASSERT_FALSE(late.has_value()) << "it was fenced";
  EXPECT_EQ(late.error().code, ErrorCode::kIo);
  auto second = ready();
  expect_committed(*second, 2, {"b"});
  EXPECT_THAT(cluster_.committed("words", 0), ElementsAre("k=a", "k=b"));
}

TEST_P(TransactionTest, EndsWhatAnAncestorHasLeftOpen) {
  auto first = ready();
  first->begin(decision_of(1), words({"lost"}));
  EXPECT_FALSE(*await(*first));
  auto adopted = process();
  EXPECT_TRUE(recover(*adopted, {3, 3}, {kLineage}).has_value());
  EXPECT_FALSE(cluster_.has_open_transaction());
}

TEST_P(TransactionTest, RefusesWhenAnotherProcessHasRecoveredSince) {
  auto first = ready();
  auto second = ready();
  const auto counts = commit(*first, 1, {"a"});
  ASSERT_FALSE(counts.has_value());
  EXPECT_EQ(counts.error().code, ErrorCode::kRefused);
  EXPECT_THAT(counts.error().message, HasSubstr("another process of this job"));
  expect_committed(*second, 1, {"b"});
}

TEST_P(TransactionTest, GoesBackToTheLogWhenItsEpochWasRaisedAndTheBrokersForgotByWhom) {
  auto who = ready();
  cluster_.forgets_epochs = true;
  once(wire::InitProducerId::kKey, Fault::kAnswer);
  const auto counts = commit(*who, 1, {"a"});
  ASSERT_FALSE(counts.has_value());
  EXPECT_EQ(counts.error().code, ErrorCode::kIo) << counts.error().message;
  who = ready();
  expect_committed(*who, 1, {"a"});
}

TEST_P(TransactionTest, KnowsAfterAnyLostAnswerOrRequestWhetherTheEpochCounts) {
  auto who = ready();
  expect_committed(*who, 1, {"first"});
  std::vector<std::string> expected{"k=first"};
  std::uint64_t epoch = 1;
  for (const std::int16_t key :
       {wire::InitProducerId::kKey, wire::AddPartitionsToTxn::kKey, wire::Produce::kKey,
        wire::EndTxn::kKey, wire::FindCoordinator::kKey}) {
    for (const Fault fault : {Fault::kRequest, Fault::kAnswer}) {
      ++epoch;
      const std::string value = std::to_string(key) + (fault == Fault::kAnswer ? "a" : "r");
      who = ready();
      once(key, fault);
      const auto counts = commit(*who, epoch, {value});
      const bool wrote = found() == decision_of(epoch);
      if (counts.has_value()) {
        EXPECT_TRUE(*counts && wrote) << value << " " << who->trouble();
      } else {
        EXPECT_EQ(counts.error().code, ErrorCode::kIo) << counts.error().message;
      }
      if (wrote) {
        expected.push_back("k=" + value);
      }
      EXPECT_EQ(cluster_.committed("words", 0), expected);
      EXPECT_FALSE(cluster_.has_open_transaction());
    }
  }
  EXPECT_GT(expected.size(), 6u) << "most of them are mended without anybody noticing";
}

TEST_P(TransactionTest, SaysThatTheBrokersHaveEndedIt) {
  auto who = ready();
  who->begin(decision_of(1), words({"a"}));
  EXPECT_FALSE(*await(*who));
  cluster_.time_out_all();
  who->decide();
  const auto counts = await(*who);
  ASSERT_FALSE(counts.has_value());
  EXPECT_EQ(counts.error().code, ErrorCode::kIo) << "the job tries again";
  EXPECT_EQ(found(), std::nullopt);
}

TEST_P(TransactionTest, WaitsForBrokersThatAreGone) {
  auto who = ready();
  cluster_.hang_up();
  who->begin(decision_of(1), words({"a"}));
  who->decide();
  EXPECT_FALSE(*await(*who));
  EXPECT_THAT(who->trouble(), HasSubstr("127.0.0.1"));
  cluster_.listen();
  EXPECT_TRUE(*await(*who, seconds{30}));
  EXPECT_EQ(who->trouble(), "");
}

TEST_P(TransactionTest, DoesNotWaitLongForATransactionThatIsBeingEnded) {
  auto who = ready();
  expect_committed(*who, 1, {"a"});
  const std::int16_t key = GetParam() ? wire::Produce::kKey : wire::AddPartitionsToTxn::kKey;
  cluster_.errors[key] = {rheon::kafka::kConcurrentTransactions};
  who->begin(decision_of(2), words({"b"}));
  who->decide();
  EXPECT_TRUE(*await(*who, milliseconds{50}));
}

TEST_P(TransactionTest, MakesATopicThatKeepsTheLastDecision) {
  ready();
  EXPECT_TRUE(cluster_.has_topic(kDecisions));
  auto again = process();
  EXPECT_EQ(complaint(*again), "") << "its settings are looked at when it is there already";
}

TEST_P(TransactionTest, MakesItsTopicOnceTheControllerCan) {
  cluster_.errors[wire::CreateTopics::kKey] = {rheon::kafka::kNotController,
                                               rheon::kafka::kThrottlingQuotaExceeded,
                                               rheon::kafka::kInvalidReplicationFactor};
  once(wire::CreateTopics::kKey, Fault::kRequest);
  const env::Monotonic before = env_.clock().monotonic();
  ready();
  EXPECT_TRUE(cluster_.has_topic(kDecisions));
  EXPECT_LT(env_.clock().monotonic() - before, seconds{10});
}

TEST_P(TransactionTest, RefusesATopicThatMayLoseTheLastDecision) {
  cluster_.make_topic(kDecisions, 1);
  const auto says = [&] {
    auto who = process();
    return complaint(*who);
  };
  EXPECT_THAT(says(), HasSubstr("Set cleanup.policy=compact on it"));
  cluster_.set(kDecisions, "retention.ms", "-1");
  EXPECT_EQ(says(), "");
  cluster_.set(kDecisions, "retention.bytes", "1000000");
  EXPECT_THAT(says(), HasSubstr("let brokers remove the last one"));
  cluster_.errors[wire::DescribeConfigs::kKey] = {rheon::kafka::kTopicAuthorizationFailed};
  EXPECT_EQ(says(), "") << "without the right to look";
}

TEST_P(TransactionTest, WaitsForATransactionOfALineageThatNobodyKnows) {
  auto first = process();
  EXPECT_TRUE(recover(*first, {3, 3}).has_value());
  first->begin(decision_of(1), words({"lost"}));
  EXPECT_FALSE(*await(*first));
  const env::Monotonic before = env_.clock().monotonic();
  auto reset = process();
  EXPECT_THAT(complaint(*reset), HasSubstr("behind a transaction that is open"));
  EXPECT_GE(env_.clock().monotonic() - before, seconds{70}) << "the brokers end it by then";
  cluster_.time_out_all();
  reset = process();
  EXPECT_EQ(complaint(*reset), "");
}

TEST_P(TransactionTest, EndsWhatTheLineageBeforeAResetHasLeftOpen) {
  auto first = ready();
  expect_committed(*first, 1, {"a"});
  first->begin(decision_of(2), words({"lost"}));
  EXPECT_FALSE(*await(*first));
  auto reset = process();
  const auto last = recover(*reset, {3, 3});
  ASSERT_TRUE(last.has_value()) << last.error().message;
  EXPECT_EQ(*last, decision_of(1));
  EXPECT_FALSE(cluster_.has_open_transaction());
}

TEST_P(TransactionTest, TriesAgainWhenItsIdWasForgotten) {
  auto who = ready();
  expect_committed(*who, 1, {"a"});
  const std::int16_t key = GetParam() ? wire::Produce::kKey : wire::AddPartitionsToTxn::kKey;
  cluster_.errors[key] = {rheon::kafka::kInvalidProducerIdMapping};
  const auto counts = commit(*who, 2, {"b"});
  ASSERT_FALSE(counts.has_value());
  EXPECT_EQ(counts.error().code, ErrorCode::kIo) << "the job is opened anew";
  who = ready();
  expect_committed(*who, 2, {"b"});
}

TEST_P(TransactionTest, SaysWhyItsTopicCannotBeMade) {
  cluster_.errors[wire::CreateTopics::kKey] = {rheon::kafka::kTopicAuthorizationFailed};
  auto who = process();
  EXPECT_THAT(complaint(*who), AllOf(HasSubstr(kDecisions), HasSubstr("Make it by hand")));
}

TEST_P(TransactionTest, SaysAfterHalfAMinuteThatTooFewBrokersAreThereForItsTopic) {
  cluster_.errors[wire::CreateTopics::kKey].assign(1000, rheon::kafka::kInvalidReplicationFactor);
  const env::Monotonic before = env_.clock().monotonic();
  auto who = process();
  EXPECT_THAT(complaint(*who), AllOf(HasSubstr("fewer brokers are there"), HasSubstr("by hand")));
  EXPECT_GE(env_.clock().monotonic() - before, seconds{30});
  EXPECT_FALSE(cluster_.has_topic(kDecisions));
}

TEST_P(TransactionTest, RefusesATopicWithSomethingElse) {
  cluster_.make_topic(kDecisions, 1);
  cluster_.set(kDecisions, "cleanup.policy", "compact");
  cluster_.put(kDecisions, 0, "hello");
  auto who = process();
  EXPECT_THAT(complaint(*who), AllOf(HasSubstr("offset 0"), HasSubstr("no decision")));
}

TEST_P(TransactionTest, FindsADecisionBehindManyThatWereAborted) {
  auto who = ready();
  expect_committed(*who, 1, {"a"});
  for (int i = 0; i < 80; ++i) {
    who = ready();
    who->begin(decision_of(2), words({"lost"}));
    EXPECT_FALSE(*await(*who, milliseconds{100}));
  }
  EXPECT_EQ(found(), decision_of(1));
}

TEST_P(TransactionTest, RefusesAJobWhoseNameMakesNoTopic) {
  auto who = process();
  const auto last = who->recover({"word count", kUid, kLineage, 256}, {});
  ASSERT_FALSE(last.has_value());
  EXPECT_THAT(last.error().message, HasSubstr("Give the job another name"));
}

TEST_P(TransactionTest, SaysThatNoBrokerIsThere) {
  cluster_.hang_up();
  auto who = process();
  EXPECT_THAT(complaint(*who), HasSubstr("Is a broker of Kafka"));
}

}  // namespace
}  // namespace rheon::connect::kafka
