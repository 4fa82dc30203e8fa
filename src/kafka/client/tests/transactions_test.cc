#include "kafka/client/transactions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "kafka/client/error_codes.h"
#include "kafka/client/tests/two_brokers.h"

namespace rheon::kafka {
namespace {

using fake::Asked;
using fake::ScriptedBroker;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Ended = Transactions::Ended;

class TransactionsTest : public testing::TwoBrokers {
 protected:
  TransactionsTest() : TwoBrokers({{"one", 9092}}) {
    on<wire::Metadata>([](const Asked&) { return no_topics(); });
    for (auto& [node, broker] : brokers_) {
      broker.on<wire::ApiVersions>([this](const Asked&) {
        auto response = fake::speaks_all();
        response.finalized_features = {{"transaction.version", protocol_, protocol_}};
        return response;
      });
      broker.on<wire::FindCoordinator>([this](const Asked&) {
        wire::FindCoordinatorResponse response;
        response.coordinators.push_back({"job", coordinator_, "", 0, 0, {}});
        return response;
      });
      broker.on_key(wire::InitProducerId::kKey, [this, n = node](const Asked& asked) {
        requests_.push_back("identify at " + std::to_string(n));
        const auto request = wire::read_message<wire::InitProducerIdRequest>(asked.body);
        wire::InitProducerIdResponse response;
        if (std::exchange(hang_up_at_identify_, false)) {
          hang_up();
          listen();
          return std::string();
        }
        response.error_code = next_error();
        response.producer_id = 7;
        response.producer_epoch = static_cast<std::int16_t>(request->producer_epoch + 1);
        return ScriptedBroker::encode<wire::InitProducerId>(response);
      });
      broker.on<wire::AddPartitionsToTxn>([this](const Asked& asked) {
        const auto request = wire::read_message<wire::AddPartitionsToTxnRequest>(asked.body);
        const std::int16_t error = next_error();
        wire::AddPartitionsToTxnResponse response;
        for (const auto& topic : request->topics) {
          response.results_by_topic.push_back({topic.name, {}});
          for (const std::int32_t partition : topic.partitions) {
            if (std::exchange(forget_one_, false)) {
              continue;
            }
            requests_.push_back("add " + std::string(topic.name) + std::to_string(partition));
            response.results_by_topic.back().results_by_partition.push_back({partition, error});
          }
        }
        return response;
      });
      broker.on_key(wire::EndTxn::kKey, [this](const Asked& asked) { return end(asked); });
    }
  }
  std::string end(const Asked& asked) {
    const auto request = wire::read_message<wire::EndTxnRequest>(asked.body);
    requests_.emplace_back(request->committed ? "commit" : "abort");
    if (hang_up_at_end_) {
      hang_up_at_end_ = false;
      hang_up();
      listen();
      return "";
    }
    if (asked.version == wire::EndTxn::kVersion) {
      wire::EndTxnResponse response;
      response.error_code = next_error();
      response.producer_id = request->producer_id;
      response.producer_epoch = static_cast<std::int16_t>(request->producer_epoch + 1);
      return ScriptedBroker::encode<wire::EndTxn>(response);
    }
    wire::EndTxnResponse4 response;
    response.error_code = next_error();
    return ScriptedBroker::encode<wire::EndTxn1>(response);
  }
  std::int16_t next_error() {
    if (errors_.empty()) {
      return 0;
    }
    const std::int16_t error = errors_.front();
    errors_.erase(errors_.begin());
    return error;
  }
  void step() override {
    TwoBrokers::step();
    transactions_.step(now_);
  }
  void identify() {
    transactions_.identify();
    go();
    ASSERT_TRUE(transactions_.idle());
    ASSERT_FALSE(transactions_.failure().has_value()) << transactions_.failure()->message;
    requests_.clear();
  }

  std::int16_t protocol_ = 1;
  std::int32_t coordinator_ = 2;
  std::vector<std::int16_t> errors_;  // of the next answers
  bool hang_up_at_end_ = false;
  bool hang_up_at_identify_ = false;
  bool forget_one_ = false;  // partition that is to be added
  std::vector<std::string> requests_;

  Transactions transactions_{cluster_, random_, "job", seconds{60}};
};

TEST_F(TransactionsTest, AreCommitted) {
  transactions_.identify();
  EXPECT_FALSE(transactions_.idle());
  go();
  ASSERT_TRUE(transactions_.idle());
  EXPECT_THAT(requests_, ElementsAre("identify at 2"));
  EXPECT_EQ(transactions_.identity(), (ProducerIdentity{7, 0}));
  transactions_.add({{"words", 1}, {"counts", 0}, {"words", 0}});
  go();
  ASSERT_TRUE(transactions_.idle());
  transactions_.end(/*commit=*/true);
  EXPECT_EQ(transactions_.ended(), std::nullopt);
  go();
  EXPECT_EQ(transactions_.ended(), Ended::kCommitted);
  EXPECT_THAT(requests_,
              ElementsAre("identify at 2", "add counts0", "add words0", "add words1", "commit"));
}

TEST_F(TransactionsTest, AConnectionThatEndsMeanwhileIsMadeAgainBeforeTheEndIsSaid) {
  identify();
  transactions_.add({{"words", 1}});
  go();
  ASSERT_TRUE(transactions_.idle());
  hang_up();
  listen();
  go();  // records are written
  requests_.clear();
  transactions_.end(/*commit=*/true);
  go();
  EXPECT_EQ(transactions_.ended(), Ended::kCommitted);
  EXPECT_THAT(requests_, ElementsAre("commit"));
}

TEST_F(TransactionsTest, HaveEpochsOfTheirOwnInTheSecondProtocol) {
  protocol_ = 2;
  identify();
  EXPECT_TRUE(transactions_.transactions_have_epochs());
  transactions_.add({{"words", 1}});
  EXPECT_TRUE(transactions_.idle()) << "partitions join by being written to";
  transactions_.end(/*commit=*/false);
  go();
  EXPECT_EQ(transactions_.ended(), Ended::kAborted);
  EXPECT_EQ(transactions_.identity(), (ProducerIdentity{7, 1}));
}

TEST_F(TransactionsTest, AnAnswerThatIsLostLeavesTheEndUnknown) {
  identify();
  hang_up_at_end_ = true;
  transactions_.end(/*commit=*/true);
  go(seconds{10});
  EXPECT_EQ(transactions_.ended(), Ended::kUnknown);
  EXPECT_THAT(requests_, ElementsAre("commit")) << "it is not said again";
  transactions_.identify(transactions_.identity());
  go(seconds{10});
  EXPECT_TRUE(transactions_.idle());
  EXPECT_EQ(transactions_.identity(), (ProducerIdentity{7, 1})) << "the epoch is raised";
}

TEST_F(TransactionsTest, AnAnswerThatIsLostIsAskedForAgainInTheSecondProtocol) {
  protocol_ = 2;
  identify();
  hang_up_at_end_ = true;
  transactions_.end(/*commit=*/true);
  go(seconds{10});
  EXPECT_EQ(transactions_.ended(), Ended::kCommitted);
  EXPECT_THAT(requests_, ElementsAre("commit", "commit"));
}

TEST_F(TransactionsTest, WaitForTheOneBefore) {
  errors_ = {kConcurrentTransactions, kCoordinatorLoadInProgress};
  transactions_.identify();
  go(seconds{5});
  EXPECT_TRUE(transactions_.idle());
  EXPECT_FALSE(transactions_.failure().has_value());
  EXPECT_FALSE(transactions_.trouble().has_value());
  EXPECT_EQ(requests_.size(), 3u);
}

TEST_F(TransactionsTest, FollowTheCoordinator) {
  identify();
  errors_ = {kNotCoordinator};
  coordinator_ = 1;
  transactions_.identify(transactions_.identity());
  go(seconds{5});
  EXPECT_THAT(requests_, ElementsAre("identify at 2", "identify at 1"));
}

TEST_F(TransactionsTest, FollowSoonOnTheOneBefore) {
  identify();
  errors_ = {kConcurrentTransactions, kConcurrentTransactions, kConcurrentTransactions};
  transactions_.add({{"words", 0}});
  go(milliseconds{60});
  EXPECT_TRUE(transactions_.idle());
  EXPECT_EQ(requests_.size(), 4u);
}

TEST_F(TransactionsTest, BeginOnlyWithAllTheirPartitions) {
  identify();
  forget_one_ = true;
  transactions_.add({{"words", 0}, {"words", 1}});
  go(seconds{5});
  EXPECT_TRUE(transactions_.idle());
  EXPECT_THAT(requests_, ElementsAre("add words1", "add words0", "add words1"));
}

TEST_F(TransactionsTest, WaitForATopicThatWasMadeAMomentAgo) {
  identify();
  errors_ = {kUnknownTopicOrPartition};
  transactions_.add({{"words", 0}});
  go(seconds{5});
  EXPECT_TRUE(transactions_.idle());
  EXPECT_FALSE(transactions_.failure().has_value());
}

TEST_F(TransactionsTest, OfWhichTheCoordinatorKnowsNothingAnyMoreHaveAnUnknownEnd) {
  for (const std::int16_t error :
       {kProducerFenced, kInvalidProducerEpoch, kInvalidProducerIdMapping, kInvalidTxnState}) {
    identify();
    errors_ = {error};
    transactions_.end(/*commit=*/true);
    go();
    EXPECT_TRUE(transactions_.idle());
    ASSERT_TRUE(transactions_.failure().has_value());
    EXPECT_EQ(transactions_.failure()->code, ErrorCode::kIo);
    EXPECT_THAT(transactions_.failure()->message, HasSubstr("took longer than 60000 ms"));
    EXPECT_EQ(transactions_.ended(), Ended::kUnknown);
    transactions_.identify();  // the way on
    go();
    EXPECT_FALSE(transactions_.failure().has_value());
  }
}

TEST_F(TransactionsTest, DoNotGoOnWhenSomebodyElseHasTakenTheId) {
  identify();
  errors_ = {kProducerFenced};
  transactions_.identify(transactions_.identity());
  go();
  EXPECT_TRUE(transactions_.idle());
  ASSERT_TRUE(transactions_.failure().has_value());
  EXPECT_EQ(transactions_.failure()->code, ErrorCode::kRefused);
  EXPECT_THAT(transactions_.failure()->message, HasSubstr("somebody else has taken"));
}

TEST_F(TransactionsTest, DoNotTakeTheirOwnLostRequestForSomebodyElse) {
  identify();
  const ProducerIdentity current = transactions_.identity();
  transactions_.identify(current);
  hang_up_at_identify_ = true;
  errors_ = {kProducerFenced};  // of a coordinator that does not know the epoch before
  go(seconds{10});
  EXPECT_TRUE(transactions_.idle());
  ASSERT_TRUE(transactions_.failure().has_value());
  EXPECT_EQ(transactions_.failure()->code, ErrorCode::kIo);
  errors_ = {kProducerFenced};
  transactions_.identify(current);
  go();
  ASSERT_TRUE(transactions_.failure().has_value());
  EXPECT_EQ(transactions_.failure()->code, ErrorCode::kRefused) << "nothing was lost this time";
}

TEST_F(TransactionsTest, SayWhatToDoWithoutRightsAndWithALongTimeout) {
  for (const auto& [error, advice] :
       {std::pair(kInvalidTransactionTimeout, "transaction.max.timeout.ms"),
        std::pair(kTransactionalIdAuthorizationFailed, "Grant it WRITE and DESCRIBE")}) {
    errors_ = {error};
    transactions_.identify();
    go();
    ASSERT_TRUE(transactions_.failure().has_value());
    EXPECT_THAT(transactions_.failure()->message, HasSubstr(advice));
  }
}

}  // namespace
}  // namespace rheon::kafka
