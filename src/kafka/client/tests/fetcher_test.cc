#include "kafka/client/fetcher.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "base/crc32c.h"
#include "kafka/client/committed_records.h"
#include "kafka/client/error_codes.h"
#include "kafka/client/tests/two_brokers.h"
#include "kafka/wire/writer.h"

namespace rheon::kafka {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::Asked;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::ScriptedBroker;

constexpr wire::Uuid kWords{1, 2};

/// A partition as its leader keeps it.
struct Log {
  std::int64_t start = 0;
  std::vector<std::string> values;
  std::int16_t error = 0;  // that a fetch is answered with

  [[nodiscard]] std::int64_t end() const {
    return start + static_cast<std::int64_t>(values.size());
  }
};

/// Records [offset, offset + 2) of the log, in a batch.
std::string batch_at(const Log& log, std::int64_t offset) {
  if (offset >= log.end()) {
    return "";
  }
  std::string out;
  wire::RecordBatchWriter writer(out, 0);
  for (std::int64_t at = offset; at < std::min(offset + 2, log.end()); ++at) {
    writer.begin(0, std::nullopt, log.values[static_cast<std::size_t>(at - log.start)]);
  }
  writer.finish({});
  wire::Writer::put_integer(out.data(), offset);
  return out;
}

class FetcherTest : public testing::TwoBrokers {
 protected:
  FetcherTest() {
    on<wire::Metadata>([this](const Asked&) { return metadata(); });
    for (auto& [node, broker] : brokers_) {
      broker.on_key(wire::Fetch::kKey,
                    [this, n = node](const Asked& asked) { return fetch(n, asked); });
    }
    cluster_.watch(std::set<std::string, std::less<>>{"words"});
    logs_[0].values = {"a", "b", "c", "d", "e"};
    logs_[1].values = {"x", "y", "z"};
  }
  wire::MetadataResponse metadata() const {
    wire::MetadataResponse response = no_topics();
    wire::MetadataResponse::Topic topic;
    topic.name = "words";
    topic.topic_id = topic_id_;
    topic.error_code = topic_error_;
    for (const auto& [index, leader] : leaders_) {
      wire::MetadataResponse::Partition partition;
      partition.partition_index = index;
      partition.leader_id = leader;
      partition.leader_epoch = epoch_;
      topic.partitions.push_back(partition);
    }
    response.topics.push_back(topic);
    return response;
  }
  std::string fetch(std::int32_t node, const Asked& asked) {
    const auto request = wire::read_message<wire::FetchRequest>(asked.body);
    EXPECT_TRUE(request.has_value());
    ++fetches_;
    wire::FetchResponse response;
    std::deque<std::string> records;
    for (const auto& topic : request->topics) {
      response.responses.push_back({topic.topic_id, {}});
      for (const auto& wanted : topic.partitions) {
        const Log& log = logs_[wanted.partition];
        wire::FetchResponse::Partition told;
        told.partition_index = wanted.partition;
        told.high_watermark = log.end();
        told.last_stable_offset = log.end();
        told.log_start_offset = log.start;
        if (log.error != 0) {
          told.error_code = log.error;
        } else if (leaders_[wanted.partition] != node) {
          told.error_code = 6;  // not the leader
        } else if (wanted.fetch_offset < log.start || wanted.fetch_offset > log.end()) {
          told.error_code = kOffsetOutOfRange;
        } else {
          told.records = records.emplace_back(batch_at(log, wanted.fetch_offset));
        }
        response.responses.back().partitions.push_back(told);
      }
    }
    return ScriptedBroker::encode<wire::Fetch>(response);
  }

  /// Takes what comes.
  void step() override {
    TwoBrokers::step();
    fetcher_.step(now_);
    if (takes_) {
      take();
    }
  }
  void take() {
    for (;;) {
      const auto piece = fetcher_.next(now_);
      if (!piece.has_value()) {
        failures_.push_back(piece.error().message);
        continue;
      }
      if (!piece->has_value()) {
        return;
      }
      CommittedRecords records((*piece)->records, (*piece)->from, (*piece)->aborted);
      wire::Record record;
      for (auto next = records.next(record); next.has_value() && *next;
           next = records.next(record)) {
        got_[(*piece)->partition].push_back(std::string(*record.value));
      }
    }
  }

  wire::Uuid topic_id_ = kWords;
  std::int16_t topic_error_ = 0;
  std::int32_t epoch_ = 1;
  std::map<std::int32_t, std::int32_t> leaders_{{0, 1}, {1, 2}};
  std::map<std::int32_t, Log> logs_;
  int fetches_ = 0;
  bool takes_ = true;

  std::map<std::size_t, std::vector<std::string>> got_;
  std::vector<std::string> failures_;

  Fetcher fetcher_{cluster_, random_};
};

TEST_F(FetcherTest, ReadsPartitionsFromTheirLeaders) {
  fetcher_.add("words", 0, 0);
  fetcher_.add("words", 1, 1);
  go(seconds{1});
  EXPECT_THAT(got_[0], ElementsAre("a", "b", "c", "d", "e"));
  EXPECT_THAT(got_[1], ElementsAre("y", "z"));
  EXPECT_TRUE(fetcher_.at_end(0));
  logs_[0].values.push_back("f");
  go(seconds{1});
  EXPECT_THAT(got_[0], ElementsAre("a", "b", "c", "d", "e", "f"));
  EXPECT_THAT(failures_, IsEmpty());
}

TEST_F(FetcherTest, ReadsAlsoWhenLittleIsCarriedAtATime) {
  network_.most_bytes = 7;
  fetcher_.add("words", 0, 0);
  go(seconds{10});
  EXPECT_THAT(got_[0], ElementsAre("a", "b", "c", "d", "e"));
}

TEST_F(FetcherTest, ReadsAheadButNotWithoutEnd) {
  takes_ = false;
  logs_[0].values.assign(100, "w");
  fetcher_.add("words", 0, 0);
  go(minutes{2});
  EXPECT_EQ(fetches_, 2) << "two answers wait";
  takes_ = true;
  go(seconds{2});
  EXPECT_EQ(got_[0].size(), 100u);
  EXPECT_THAT(failures_, IsEmpty());
}

TEST_F(FetcherTest, FollowsTheLeader) {
  fetcher_.add("words", 0, 0);
  go(seconds{1});
  leaders_[0] = 2;
  ++epoch_;
  logs_[0].values.push_back("f");
  go(seconds{2});
  EXPECT_THAT(got_[0], ElementsAre("a", "b", "c", "d", "e", "f"));
  EXPECT_FALSE(fetcher_.trouble(0).has_value());
}

TEST_F(FetcherTest, WaitsForALeaderAndGoesOn) {
  fetcher_.add("words", 0, 0);
  leaders_[0] = -1;
  go(seconds{5});
  ASSERT_TRUE(fetcher_.trouble(0).has_value());
  EXPECT_THAT(fetcher_.trouble(0)->message,
              HasSubstr("partition 0 of topic 'words' has no leader"));
  leaders_[0] = 1;
  ++epoch_;
  go(seconds{5});
  EXPECT_EQ(got_[0].size(), 5u);
  EXPECT_FALSE(fetcher_.trouble(0).has_value());
}

TEST_F(FetcherTest, WaitsForABrokerThatIsGoneAndGoesOn) {
  fetcher_.add("words", 0, 0);
  fetcher_.add("words", 1, 0);
  go(seconds{1});
  network_.hang_up("one", 9092);
  logs_[0].values.push_back("f");
  logs_[1].values.push_back("!");
  go(minutes{1});
  EXPECT_EQ(got_[1].size(), 4u) << "the other one goes on";
  EXPECT_EQ(got_[0].size(), 5u);
  ASSERT_TRUE(fetcher_.trouble(0).has_value());
  EXPECT_THAT(fetcher_.trouble(0)->message, HasSubstr("one:9092"));
  brokers_[1].listen(network_, "one", 9092);
  go(seconds{30});
  EXPECT_THAT(got_[0], ElementsAre("a", "b", "c", "d", "e", "f")) << "nothing is read twice";
}

TEST_F(FetcherTest, StopsWhereRecordsAreGone) {
  logs_[0].start = 3;
  fetcher_.add("words", 0, 1);
  fetcher_.add("words", 1, 0);
  go(seconds{1});
  ASSERT_EQ(failures_.size(), 1u);
  EXPECT_THAT(failures_[0], HasSubstr("no longer has offset 1: it begins at 3"));
  EXPECT_EQ(got_[1].size(), 3u);
}

TEST_F(FetcherTest, StopsWhenTheTopicIsAnotherOne) {
  fetcher_.add("words", 0, 0);
  go(seconds{1});
  topic_id_ = {9, 9};
  cluster_.refresh();
  go(seconds{1});
  ASSERT_EQ(failures_.size(), 1u);
  EXPECT_THAT(failures_[0], HasSubstr("deleted and created again"));
}

TEST_F(FetcherTest, StopsWithoutTheRightToRead) {
  topic_error_ = kTopicAuthorizationFailed;
  fetcher_.add("words", 0, 0);
  go(seconds{1});
  ASSERT_EQ(failures_.size(), 1u);
  EXPECT_THAT(failures_[0], HasSubstr("Grant it READ"));
}

TEST_F(FetcherTest, WaitsForATopicThatIsNotThereYet) {
  topic_error_ = 3;
  fetcher_.add("words", 0, 0);
  go(seconds{5});
  ASSERT_TRUE(fetcher_.trouble(0).has_value());
  topic_error_ = 0;
  go(seconds{5});
  EXPECT_EQ(got_[0].size(), 5u);
}

TEST_F(FetcherTest, TriesAgainWhenABrokerHasAProblem) {
  logs_[0].error = 56;
  fetcher_.add("words", 0, 0);
  go(seconds{10});
  EXPECT_THAT(fetcher_.trouble(0)->message,
              HasSubstr("the broker's disk has a problem (error 56)"));
  EXPECT_LE(fetches_, 110) << "ten times a second at most";
  logs_[0].error = 0;
  go(seconds{1});
  EXPECT_EQ(got_[0].size(), 5u);
}

}  // namespace
}  // namespace rheon::kafka
