#include <gmock/gmock.h>
#include <gtest/gtest.h>

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

using rheon::kafka::Record;
using rheon::kafka::fake::FakeCluster;
using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::ElementsAre;

/// "topic/partition@offset key=value header=value"
struct Told {
  explicit Told(const Record& record)
      : text(std::string(record.topic) + "/" + std::to_string(record.partition) + "@" +
             std::to_string(record.offset) + " " + std::string(record.key.value_or("-")) + "=" +
             std::string(record.value.value_or("-"))) {
    for (const auto& header : record.headers) {
      text += " " + std::string(header.key) + "=" + std::string(header.value.value_or("-"));
    }
  }
  explicit Told(std::string_view value) : text(value) {}
  std::string text;
};

template <class T>
struct Followed : Output<T, Told> {
  void trace(const observe::TraceContext& context) override {
    this->records.back().value.text += " followed by " + std::to_string(context.span);
  }
  [[nodiscard]] std::vector<std::string> texts() const {
    std::vector<std::string> texts;
    for (const auto& record : this->records) {
      texts.push_back(record.value.text);
    }
    return texts;
  }
};

class TopicRecordsTest : public ::testing::Test {
 protected:
  TopicRecordsTest() {
    cluster_.make_topic("orders", 1);
    cluster_.put("orders", 0, "plain");
    cluster_.put("orders", 0, "traced", {{"traceparent", kTraceparent}, {"shop", std::nullopt}});
    cluster_.put("orders", 0, "no trace", {{"traceparent", "nonsense"}});
    cluster_.put("orders", 0, "last");
    environment_.env = &env_;
    environment_.waker = &waker_;
  }
  template <class T>
  void read(const Source<T>& source, Followed<T>& output) {
    const auto found = source.connector->discover(environment_, {});
    ASSERT_TRUE(found.has_value()) << found.error().message;
    const auto reader = source.connector->make_any_reader(environment_);
    reader->assign(found->front());
    for (milliseconds passed{0}; passed < seconds{1}; passed += milliseconds{10}) {
      output.in_poll = 0;
      ASSERT_TRUE(reader->poll_any(output).has_value());
      env_.clock().advance(milliseconds{10});
    }
  }

  static constexpr const char* kUrl = "kafka://127.0.0.1:1/orders";
  static constexpr const char* kTraceparent =
      "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000007-01";
  env::fake::WaitingEnv env_;
  env::fake::FakeParker waker_;
  FakeCluster cluster_{env_.network(), 1};
  engine::SourceEnvironment environment_;
};

TEST_F(TopicRecordsTest, TellWhereTheyStoodAndTheirHeaders) {
  Followed<Record> output;
  read(rheon::kafka::records(kUrl), output);
  EXPECT_THAT(output.texts(),
              ElementsAre("orders/0@0 -=plain",
                          "orders/0@1 -=traced traceparent=" + std::string(kTraceparent) +
                              " shop=- followed by 7",
                          "orders/0@2 -=no trace traceparent=nonsense", "orders/0@3 -=last"));
}

TEST_F(TopicRecordsTest, ValuesAreFollowedToo) {
  Followed<std::string_view> output;
  read(rheon::kafka::values(kUrl), output);
  EXPECT_THAT(output.texts(), ElementsAre("plain", "traced followed by 7", "no trace", "last"));
}

TEST_F(TopicRecordsTest, OfABatchThoseThatAreFollowedAndNoOthers) {
  cluster_.make_topic("batch", 1);
  const std::vector<rheon::kafka::wire::RecordHeader> traced{{"traceparent", kTraceparent}};
  cluster_.put_batch("batch", 0,
                     {{"a"}, {"b"}, {"c", traced}, {"d", traced}, {"e", {{"shop", "x"}}}, {"f"}});
  Followed<std::string_view> output;
  read(rheon::kafka::values("kafka://127.0.0.1:1/batch"), output);
  EXPECT_THAT(output.texts(),
              ElementsAre("a", "b", "c followed by 7", "d followed by 7", "e", "f"));
}

TEST_F(TopicRecordsTest, HeadersCountForTheLengthWhereTheyAreShown) {
  const rheon::kafka::SourceOptions options{.max_record_bytes = 40};
  Followed<std::string_view> values;
  read(rheon::kafka::values(kUrl, options), values);
  EXPECT_EQ(values.quarantined.size(), 0u);
  Followed<Record> records;
  read(rheon::kafka::records(kUrl, options), records);
  ASSERT_EQ(records.quarantined.size(), 1u);
  EXPECT_EQ(records.quarantined.front().place,
            "partition 0 of topic 'orders' at 127.0.0.1:1, offset 1");
}

}  // namespace
}  // namespace rheon::connect::kafka
