#include "kafka/client/connection.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace rheon::kafka {
namespace {

using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// A response in its frame: any bytes behind the correlation.
std::string answer(Ticket ticket, std::string_view body) {
  std::string out;
  wire::Writer writer(out);
  writer.integer(static_cast<std::int32_t>(sizeof ticket + body.size()));
  writer.integer(ticket);
  writer.bytes(body);
  return out;
}

class ConnectionTest : public ::testing::Test {
 protected:
  Ticket ask(seconds deadline = seconds{30}) {
    return connection_.send<wire::Heartbeat>({}, deadline);
  }
  /// The bytes come, at most `most` at a time.
  Status receive(std::string_view bytes, std::size_t most = SIZE_MAX) {
    while (!bytes.empty()) {
      const std::span<std::byte> space = connection_.space();
      const std::size_t n = std::min({space.size(), bytes.size(), most});
      EXPECT_GT(n, 0u);
      std::memcpy(space.data(), bytes.data(), n);
      bytes.remove_prefix(n);
      RHEON_TRY(connection_.received(n));
    }
    return {};
  }
  /// All that can be taken, as "ticket:body".
  std::vector<std::string> answers() {
    std::vector<std::string> result;
    for (auto next = connection_.next(); next.has_value() && next->has_value();
         next = connection_.next()) {
      result.push_back(std::to_string((*next)->ticket) + ":" +
                       std::string((*next)->frame.substr(sizeof(Ticket))));
    }
    return result;
  }
  std::string refusal(std::string_view bytes) {
    ask();
    const Status status = receive(bytes);
    if (!status.has_value()) {
      return status.error().message;
    }
    const auto next = connection_.next();
    return next.has_value() ? "" : next.error().message;
  }

  Connection connection_{{.address = "kafka.example:9092", .max_response_bytes = 1 << 20}};
};

TEST_F(ConnectionTest, SendsRequestsOneBehindTheOther) {
  EXPECT_EQ(connection_.unsent(), "");
  EXPECT_EQ(ask(), 1);
  const std::string first(connection_.unsent());
  EXPECT_EQ(ask(), 2);
  EXPECT_EQ(connection_.unsent().substr(0, first.size()), first);
  connection_.sent(first.size() + 3);
  EXPECT_EQ(connection_.unsent().size(), first.size() - 3);
  connection_.sent(first.size() - 3);
  EXPECT_EQ(connection_.unsent(), "");
  EXPECT_EQ(connection_.unanswered(), 2u);
}

TEST_F(ConnectionTest, ForgetsWhatWasSentAlsoWhenMoreIsAlwaysWaiting) {
  wire::ProduceRequest large;
  const std::string records(700'000, 'r');
  large.topic_data = {{"topic", {{0, records}}}};
  for (int i = 0; i < 5; ++i) {
    connection_.send<wire::Produce>(large, seconds{30});
    const std::string waiting(connection_.unsent());
    connection_.sent(waiting.size() - 100);
    EXPECT_EQ(connection_.unsent(), waiting.substr(waiting.size() - 100));
  }
}

TEST_F(ConnectionTest, GivesAnswersInWhateverPiecesTheyCome) {
  for (const std::size_t most : {std::size_t{1}, std::size_t{7}, SIZE_MAX}) {
    const Ticket first = ask();
    const Ticket second = ask();
    ASSERT_TRUE(receive(answer(first, "one") + answer(second, ""), most).has_value());
    EXPECT_THAT(answers(),
                ElementsAre(std::to_string(first) + ":one", std::to_string(second) + ":"));
    EXPECT_EQ(connection_.unanswered(), 0u);
  }
}

TEST_F(ConnectionTest, TakesLargeAnswers) {
  for (const std::size_t size : {std::size_t{1} << 14, std::size_t{1'000'000}, std::size_t{20}}) {
    const Ticket ticket = ask();
    const std::string body(size, 'b');
    ASSERT_TRUE(receive(answer(ticket, body), 100'000).has_value());
    EXPECT_THAT(answers(), ElementsAre(std::to_string(ticket) + ":" + body));
  }
}

TEST_F(ConnectionTest, AnAnswerThatIsKeptStays) {
  const Ticket first = ask();
  const Ticket second = ask();
  ASSERT_TRUE(receive(answer(first, "kept") + answer(second, "behind")).has_value());
  const Response response = **connection_.next();
  FrameBuffer kept = connection_.keep();
  EXPECT_THAT(answers(), ElementsAre("2:behind"));
  const Ticket third = ask();
  ASSERT_TRUE(receive(answer(third, "later")).has_value());
  EXPECT_THAT(answers(), ElementsAre("3:later"));
  EXPECT_EQ(response.frame.substr(sizeof(Ticket)), "kept");
  connection_.give_back(std::move(kept));
}

TEST_F(ConnectionTest, KnowsWhenTheFirstAnswerIsLate) {
  EXPECT_EQ(connection_.deadline(), env::Monotonic::max());
  const Ticket slow = ask(seconds{50});
  ask(seconds{20});
  EXPECT_EQ(connection_.deadline(), seconds{20});
  ASSERT_TRUE(receive(answer(slow, "")).has_value());
  EXPECT_EQ(answers().size(), 1u);
  EXPECT_EQ(connection_.deadline(), seconds{20});
}

TEST_F(ConnectionTest, SaysWhenSomethingElseAnswers) {
  EXPECT_THAT(
      refusal("HTTP/1.1 400 Bad Request\r\n"),
      HasSubstr("kafka.example:9092 does not answer as a Kafka broker does: it says that its "
                "answer is 1213486160 bytes long. Is it the right host and port?"));
}

TEST_F(ConnectionTest, SaysWhenTlsIsSpokenThere) {
  EXPECT_THAT(refusal(std::string_view("\x15\x03\x03\x00\x02\x02\x50", 7)),
              HasSubstr("speaks TLS"));
}

TEST_F(ConnectionTest, TakesNoLengthThatCannotBe) {
  EXPECT_THAT(refusal(std::string_view("\0\0\0\3abc", 7)), HasSubstr("3 bytes long"));
}

TEST_F(ConnectionTest, LooksAtTheLengthOfEachAnswer) {
  const Ticket ticket = ask();
  ASSERT_TRUE(receive(answer(ticket, "good") + std::string("\xff\xff\xff\xff....", 8)).has_value());
  EXPECT_TRUE(connection_.next().has_value());
  EXPECT_THAT(connection_.next().error().message, HasSubstr("-1 bytes long"));
}

TEST_F(ConnectionTest, TakesNoAnswerToWhatItHasNotAsked) {
  EXPECT_THAT(refusal(answer(7, "")), HasSubstr("what it was not asked"));
}

}  // namespace
}  // namespace rheon::kafka
