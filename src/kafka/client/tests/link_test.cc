#include "kafka/client/link.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "env/fake/fake_threads.h"
#include "kafka/fake/scripted_broker.h"

namespace rheon::kafka {
namespace {

using fake::Asked;
using fake::ScriptedBroker;
using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::AllOf;
using ::testing::HasSubstr;

class LinkTest : public ::testing::Test {
 protected:
  LinkTest() { broker_.listen(network_, "kafka", 9092); }

  void open(std::unique_ptr<SaslExchange> sasl = nullptr) {
    LinkOptions options;
    options.host = "kafka";
    link_ = std::make_unique<Link>(options, network_.connect("kafka", 9092, parker_),
                                   std::move(sasl), now_);
  }
  /// Until nothing more happens. "": it is still good.
  std::string pump() {
    for (int i = 0; i < 10; ++i) {
      const Status status = link_->pump(now_);
      if (!status.has_value()) {
        return status.error().message;
      }
    }
    return "";
  }
  std::unique_ptr<SaslExchange> plain() {
    return make_sasl_exchange({SaslMechanism::kPlain, "ada", "pass"}, random_);
  }
  void handshake(std::int16_t error, const std::vector<std::string_view>& mechanisms) {
    broker_.on_key(wire::SaslHandshake::kKey, [error, mechanisms](const Asked&) {
      std::string out;
      wire::Writer writer(out);
      writer.integer(error);
      writer.integer(static_cast<std::int32_t>(mechanisms.size()));
      for (const std::string_view mechanism : mechanisms) {
        writer.integer(static_cast<std::int16_t>(mechanism.size()));
        writer.bytes(mechanism);
      }
      return out;
    });
  }

  fake::Counting random_;
  env::fake::FakeParker parker_;
  env::fake::FakeNetwork network_;
  ScriptedBroker broker_;
  env::Monotonic now_ = seconds{100};
  std::unique_ptr<Link> link_;
};

TEST_F(LinkTest, GreetsThenAsks) {
  open();
  EXPECT_EQ(pump(), "");
  ASSERT_TRUE(link_->ready());
  EXPECT_FALSE(link_->abilities().transactions_have_epochs());
  broker_.on<wire::Heartbeat>([](const Asked&) {
    wire::HeartbeatResponse response;
    response.error_code = 27;
    return response;
  });
  const Ticket ticket = link_->send<wire::Heartbeat>({}, now_);
  EXPECT_EQ(pump(), "");
  const auto answer = link_->next(now_);
  ASSERT_TRUE(answer.has_value());
  ASSERT_TRUE(answer->has_value());
  EXPECT_EQ((*answer)->ticket, ticket);
  EXPECT_EQ(wire::read_response<wire::Heartbeat>((*answer)->frame)->error_code, 27);
  EXPECT_EQ(link_->unanswered(), 0u);
  EXPECT_EQ(broker_.asked().size(), 2u);
}

TEST_F(LinkTest, KnowsTheSecondProtocolOfTransactions) {
  broker_.on<wire::ApiVersions>([](const Asked&) {
    auto response = fake::speaks_all();
    response.finalized_features = {{"transaction.version", 2, 2}};
    return response;
  });
  open();
  EXPECT_EQ(pump(), "");
  EXPECT_TRUE(link_->abilities().transactions_have_epochs());
}

TEST_F(LinkTest, RefusesABrokerThatIsTooOld) {
  broker_.on<wire::ApiVersions>([](const Asked&) { return fake::speaks_all(9); });
  open();
  EXPECT_THAT(pump(), AllOf(HasSubstr("kafka:9092"), HasSubstr("Produce"), HasSubstr("3.9")));
}

TEST_F(LinkTest, RefusesABrokerThatDoesNotEvenKnowTheGreeting) {
  broker_.on_key(wire::ApiVersions::kKey, [](const Asked&) {
    return std::string("\0\x23\0\0\0\0", 6);  // error 35, no versions: the oldest form
  });
  open();
  EXPECT_THAT(pump(), HasSubstr("older than Kafka 3.9"));
}

TEST_F(LinkTest, SaysThatNobodyListens) {
  network_.hang_up("kafka", 9092);
  open();
  EXPECT_THAT(pump(), HasSubstr("refused"));
}

TEST_F(LinkTest, SaysThatSomethingElseAnswers) {
  network_.listen("kafka", 9092, [] {
    return [](std::string_view) { return std::string("HTTP/1.1 400 Bad Request\r\n\r\n"); };
  });
  open();
  EXPECT_THAT(pump(), HasSubstr("not answer as a Kafka broker"));
}

TEST_F(LinkTest, DoesNotWaitForEverToBeLetIn) {
  broker_.on_key(wire::ApiVersions::kKey, [](const Asked&) { return ""; });
  open();
  EXPECT_EQ(pump(), "");
  EXPECT_EQ(link_->deadline(), now_ + seconds{10});
  now_ += seconds{10};
  EXPECT_THAT(pump(), HasSubstr("within 10 s"));
}

TEST_F(LinkTest, DoesNotWaitForEverForAnAnswer) {
  open();
  EXPECT_EQ(pump(), "");
  link_->send<wire::Heartbeat>({}, now_);
  now_ += seconds{29};
  EXPECT_EQ(pump(), "");
  EXPECT_FALSE(link_->next(now_)->has_value());
  now_ += seconds{1};
  const auto late = link_->next(now_);
  ASSERT_FALSE(late.has_value());
  EXPECT_THAT(late.error().message, HasSubstr("not answered for 30 s"));
}

TEST_F(LinkTest, FindsAnAnswerThatHasComeWhileNobodyLooked) {
  broker_.on<wire::Heartbeat>([](const Asked&) { return wire::HeartbeatResponse(); });
  open();
  EXPECT_EQ(pump(), "");
  link_->send<wire::Heartbeat>({}, now_);
  EXPECT_EQ(pump(), "");
  now_ += seconds{60};
  EXPECT_EQ(pump(), "");
  const auto answer = link_->next(now_);
  EXPECT_TRUE(answer.has_value() && answer->has_value());
}

TEST_F(LinkTest, SaysThatTheBrokerHasGone) {
  open();
  EXPECT_EQ(pump(), "");
  link_->send<wire::Heartbeat>({}, now_);
  network_.hang_up("kafka", 9092);
  EXPECT_THAT(pump(), HasSubstr("closed the connection"));
}

TEST_F(LinkTest, SaysWhoWeAre) {
  handshake(0, {"PLAIN"});
  broker_.on<wire::SaslAuthenticate>([](const Asked&) {
    wire::SaslAuthenticateResponse response;
    response.session_lifetime_ms = 100'000;
    return response;
  });
  open(plain());
  EXPECT_EQ(pump(), "");
  EXPECT_TRUE(link_->ready());
  EXPECT_THAT(broker_.asked().back().body, HasSubstr(std::string("\0ada\0pass", 9)));
  EXPECT_FALSE(link_->stale(now_ + seconds{79}));
  EXPECT_TRUE(link_->stale(now_ + seconds{80})) << "the broker forgets us after 100 s";
}

TEST_F(LinkTest, SaysThatThePasswordIsWrong) {
  handshake(0, {"PLAIN"});
  broker_.on<wire::SaslAuthenticate>([](const Asked&) {
    wire::SaslAuthenticateResponse response;
    response.error_code = 58;
    response.error_message = "Invalid username or password";
    return response;
  });
  open(plain());
  EXPECT_THAT(pump(), HasSubstr("Invalid username or password"));
}

TEST_F(LinkTest, SaysWhichMechanismsTheBrokerTakes) {
  handshake(33, {"SCRAM-SHA-256", "SCRAM-SHA-512"});
  open(plain());
  EXPECT_THAT(pump(), HasSubstr("does not take PLAIN, but SCRAM-SHA-256, SCRAM-SHA-512"));
}

TEST_F(LinkTest, SaysThatThePortDoesNotAsk) {
  handshake(34, {});
  open(plain());
  EXPECT_THAT(pump(), HasSubstr("does not ask who we are"));
}

}  // namespace
}  // namespace rheon::kafka
