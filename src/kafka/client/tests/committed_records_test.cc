#include "kafka/client/committed_records.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <string>
#include <vector>

#include "kafka/fake/batches.h"
#include "kafka/wire/compression.h"
#include "kafka/wire/writer.h"

namespace rheon::kafka {
namespace {

using fake::marker;
using fake::place_batch;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Aborted = wire::FetchResponse::AbortedTransaction;

constexpr std::int64_t kAlice = 1;  // producers
constexpr std::int64_t kBob = 2;

/// A batch of these values, from this offset on.
std::string batch(std::int64_t offset, const std::vector<std::string>& values,
                  std::int64_t producer = wire::RecordBatch::kNoProducer) {
  std::string out;
  wire::RecordBatchWriter writer(out, 0);
  for (const std::string& value : values) {
    writer.begin(0, std::nullopt, value);
  }
  const bool transactional = producer != wire::RecordBatch::kNoProducer;
  writer.finish({producer, 0, 0, transactional});
  place_batch(out, offset);
  return out;
}

struct Read {
  std::vector<std::string> records;  // "offset:value"
  std::int64_t position = 0;
  std::int32_t leader_epoch = -1;
  std::string error;
};

Read read(const std::string& bytes, std::int64_t from = 0, std::vector<Aborted> aborted = {},
          Gaps gaps = Gaps::kRefused) {
  CommittedRecords records(bytes, from, std::move(aborted), gaps);
  Read result;
  std::array<wire::Record, 2> some;
  for (;;) {
    const auto taken = records.take(some);
    if (!taken.has_value()) {
      result.error = taken.error().message;
    }
    if (taken.value_or(0) == 0) {
      break;
    }
    for (std::size_t i = 0; i < *taken; ++i) {
      result.records.push_back(std::to_string(some[i].offset) + ":" + std::string(*some[i].value));
    }
  }
  result.position = records.position();
  result.leader_epoch = records.leader_epoch();
  return result;
}

TEST(CommittedRecords, ComeInTheirOrder) {
  const Read done = read(batch(0, {"a", "b"}) + batch(2, {"c"}));
  EXPECT_THAT(done.records, ElementsAre("0:a", "1:b", "2:c"));
  EXPECT_EQ(done.position, 3);
  EXPECT_THAT(read("").records, IsEmpty());
}

TEST(CommittedRecords, BeginAtThePosition) {
  const Read done = read(batch(0, {"a", "b"}) + batch(2, {"c", "d"}), 3);
  EXPECT_THAT(done.records, ElementsAre("3:d"));
  EXPECT_EQ(done.position, 4);
}

TEST(CommittedRecords, AreThoseOfCommittedTransactions) {
  const std::string bytes = batch(0, {"a0"}, kAlice) + batch(1, {"b1"}, kBob) + batch(2, {"x"}) +
                            marker(3, kAlice, false) + batch(4, {"a4"}, kAlice) +
                            marker(5, kBob, true) + marker(6, kAlice, true);
  const Read done = read(bytes, 0, {{kAlice, 0}});
  EXPECT_THAT(done.records, ElementsAre("1:b1", "2:x", "4:a4"));
  EXPECT_EQ(done.position, 7) << "behind the marker";
}

TEST(CommittedRecords, KnowSeveralTransactionsOfOneProducer) {
  const std::string bytes = batch(0, {"a0"}, kAlice) + marker(1, kAlice, false) +
                            batch(2, {"a2"}, kAlice) + marker(3, kAlice, false) +
                            batch(4, {"a4"}, kAlice) + marker(5, kAlice, true);
  EXPECT_THAT(read(bytes, 0, {{kAlice, 2}, {kAlice, 0}}).records, ElementsAre("4:a4"));
}

TEST(CommittedRecords, OfATransactionThatWasAbortedBeforeThePositionAreNotSeen) {
  const std::string bytes = batch(4, {"a4", "a5"}, kAlice) + marker(6, kAlice, false);
  const Read done = read(bytes, 5, {{kAlice, 2}});
  EXPECT_THAT(done.records, IsEmpty());
  EXPECT_EQ(done.position, 7);
}

TEST(CommittedRecords, SayWhatIsMissing) {
  const std::string bytes = batch(0, {"a"}) + batch(5, {"b"}) + marker(9, kAlice, true);
  const Read done = read(bytes);
  EXPECT_THAT(done.records, ElementsAre("0:a"));
  EXPECT_EQ(done.error, "the offsets from there to 4 are missing");
  EXPECT_EQ(done.position, 1);
  EXPECT_EQ(read(bytes, 5).error, "the offsets from there to 8 are missing") << "a marker counts";
  EXPECT_THAT(read(bytes, 0, {}, Gaps::kAllowed).records, ElementsAre("0:a", "5:b"));
}

TEST(CommittedRecords, SayWhatIsMissingInABatch) {
  std::string bytes = batch(0, {"a", "b", "c"});
  wire::Writer::put_integer(bytes.data() + 23, std::int32_t{5});  // its last offset
  place_batch(bytes, 0);
  EXPECT_EQ(read(bytes).error, "the batch from 0 to 5 holds only 3 records");
  const Read compacted = read(bytes, 0, {}, Gaps::kAllowed);
  EXPECT_THAT(compacted.records, ElementsAre("0:a", "1:b", "2:c"));
  EXPECT_EQ(compacted.position, 6);
}

TEST(CommittedRecords, SayWhichLeaderHasWrittenThem) {
  std::string second = batch(1, {"b"});
  wire::Writer::put_integer(second.data() + 12, std::int32_t{7});
  EXPECT_EQ(read(batch(0, {"a"}) + second).leader_epoch, 7);
}

TEST(CommittedRecords, EndWhereTheFetchWasCut) {
  const std::string second = batch(1, {"b"});
  const Read done = read(batch(0, {"a"}) + second.substr(0, second.size() - 1));
  EXPECT_THAT(done.records, ElementsAre("0:a"));
  EXPECT_EQ(done.error, "");
  EXPECT_EQ(done.position, 1);
}

TEST(CommittedRecords, EndWithASentenceAtBrokenBytes) {
  std::string broken = batch(1, {"b"});
  broken.back() = static_cast<char>(broken.back() ^ 1);
  const Read done = read(batch(0, {"a"}) + broken + batch(2, {"c"}));
  EXPECT_THAT(done.records, ElementsAre("0:a"));
  EXPECT_THAT(done.error, HasSubstr("checksum"));
  EXPECT_EQ(done.position, 1);
}

TEST(CommittedRecords, AreDecompressed) {
  const std::string plain = batch(3, {"a", "b"});
  for (const auto how : {wire::Compression::kGzip, wire::Compression::kSnappy,
                         wire::Compression::kLz4, wire::Compression::kZstd}) {
    std::string bytes = plain.substr(0, wire::RecordBatch::kHeaderBytes);
    wire::compress(how, std::string_view(plain).substr(bytes.size()), bytes);
    wire::Writer::put_integer(bytes.data() + 8, static_cast<std::int32_t>(bytes.size() - 12));
    place_batch(bytes, 3, static_cast<std::int16_t>(how));
    EXPECT_THAT(read(bytes, 3).records, ElementsAre("3:a", "4:b")) << static_cast<int>(how);
  }
}

}  // namespace
}  // namespace rheon::kafka
