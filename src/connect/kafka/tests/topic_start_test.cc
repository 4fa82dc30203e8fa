// Where a job's first start begins to read when it takes over from a consumer group.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "connect/kafka/in.h"
#include "connect/kafka/tests/on_two_brokers.h"
#include "connect/tests/connector_driver.h"
#include "kafka/client/error_codes.h"

namespace rheon::connect::kafka {
namespace {

namespace wire = rheon::kafka::wire;
using rheon::kafka::fake::Asked;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class TopicStartTest : public OnTwoBrokers {
 protected:
  TopicStartTest() {
    topic_.logs[0].values = {"a", "b", "c"};
    topic_.logs[1].values = {"x", "y"};
    environment_.env = &env_;
    environment_.waker = &waker_;
    for (auto& [node, broker] : brokers_) {
      broker.on<wire::FindCoordinator>([](const Asked&) {
        wire::FindCoordinatorResponse response;
        response.coordinators.push_back({"others", 1, "", 0, 0, {}});
        return response;
      });
    }
    brokers_[1].on<wire::OffsetFetch>([this](const Asked& asked) {
      ++asked_;
      const auto request = wire::read_message<wire::OffsetFetchRequest>(asked.body);
      wire::OffsetFetchResponse response;
      response.groups.push_back({"others", {}, error_});
      if (error_ != rheon::kafka::kNoError) {
        return response;
      }
      for (const auto& topic : *request->groups.front().topics) {
        response.groups.front().topics.push_back({topic.name, {}});
        for (const std::int32_t partition : topic.partition_indexes) {
          wire::OffsetFetchResponse::Partition told;
          told.partition_index = partition;
          const auto at = committed_.find(partition);
          told.committed_offset = at == committed_.end() ? -1 : at->second;
          response.groups.front().topics.back().partitions.push_back(told);
        }
      }
      return response;
    });
  }
  Result<std::vector<engine::SourcePartition>> discover(
      const rheon::kafka::SourceOptions& options) {
    source_ = rheon::kafka::values(url_, options);
    return source_.connector->discover(environment_, known_);
  }
  /// What is read from there, of each partition.
  std::map<std::size_t, std::vector<std::string>> read(const rheon::kafka::SourceOptions& options) {
    auto found = discover(options);
    EXPECT_TRUE(found.has_value()) << found.error().message;
    known_ = std::move(*found);
    const auto reader = source_.connector->make_any_reader(environment_);
    for (const auto& partition : known_) {
      reader->assign(partition);
    }
    TextOutput output;
    for (int i = 0; i < 100; ++i) {
      output.in_poll = 0;
      EXPECT_TRUE(reader->poll_any(output).has_value());
      env_.clock().advance(std::chrono::milliseconds{10});
    }
    for (std::size_t i = 0; i < known_.size(); ++i) {
      known_[i].position = reader->position(i);
    }
    std::map<std::size_t, std::vector<std::string>> result;
    for (const auto& record : output.records) {
      result[record.partition].push_back(record.value);
    }
    return result;
  }

  engine::SourceEnvironment environment_;
  Source<std::string_view> source_;
  std::vector<engine::SourcePartition> known_;
  std::map<std::int32_t, std::int64_t> committed_;
  std::int16_t error_ = 0;
  int asked_ = 0;
};

TEST_F(TopicStartTest, IsWhereTheGroupHasCommittedToBe) {
  committed_ = {{0, 2}, {1, 0}};
  auto values = read({.start_of_group = "others"});
  EXPECT_THAT(values[0], ElementsAre("c"));
  EXPECT_THAT(values[1], ElementsAre("x", "y"));
}

TEST_F(TopicStartTest, OfWhichItHasCommittedNothingAsTheOptionsSay) {
  committed_ = {{0, 1}};
  auto values = read({.start = rheon::kafka::Start::kLatest, .start_of_group = "others"});
  EXPECT_THAT(values[0], ElementsAre("b", "c"));
  EXPECT_THAT(values[1], IsEmpty());
}

TEST_F(TopicStartTest, CountsAtTheFirstStartOnly) {
  committed_ = {{0, 3}, {1, 2}};
  EXPECT_THAT(read({.start_of_group = "others"}), IsEmpty());
  committed_ = {{0, 0}, {1, 0}};
  topic_.logs[0].values.emplace_back("d");
  auto values = read({.start_of_group = "others"});
  EXPECT_THAT(values[0], ElementsAre("d"));
  EXPECT_EQ(asked_, 1);
}

TEST_F(TopicStartTest, WhereTheTopicIsNotIsRefused) {
  topic_.logs[0].start = 5;
  for (const std::int64_t offset : {4, 9}) {
    committed_ = {{0, offset}};
    const auto found = discover({.start_of_group = "others"});
    ASSERT_FALSE(found.has_value());
    EXPECT_EQ(found.error().code, ErrorCode::kRefused);
    EXPECT_THAT(found.error().message,
                HasSubstr("group 'others' is at offset " + std::to_string(offset) +
                          " of partition 0 of topic 'words'"));
    EXPECT_THAT(found.error().message, HasSubstr("which has the offsets 5 to 8"));
  }
  for (const std::int64_t offset : {5, 8}) {
    committed_ = {{0, offset}};
    EXPECT_TRUE(discover({.start_of_group = "others"}).has_value());
  }
}

TEST_F(TopicStartTest, AGroupThatHasCommittedNothingIsRefused) {
  const auto found = discover({.start_of_group = "others"});
  ASSERT_FALSE(found.has_value());
  EXPECT_EQ(found.error().code, ErrorCode::kInvalidInput);
  EXPECT_THAT(found.error().message,
              HasSubstr("group 'others' has committed nothing of topic 'words'"));
}

TEST_F(TopicStartTest, AsIsOneThatThisUserMayNotSee) {
  error_ = rheon::kafka::kGroupAuthorizationFailed;
  const auto found = discover({.start_of_group = "others"});
  ASSERT_FALSE(found.has_value());
  EXPECT_EQ(found.error().code, ErrorCode::kRefused);
  EXPECT_THAT(found.error().message, HasSubstr("Grant it READ and DESCRIBE on the group"));
}

}  // namespace
}  // namespace rheon::connect::kafka
