#include "kafka/wire/record_batch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <optional>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/crc32c.h"
#include "kafka/tests/samples.h"
#include "kafka/wire/writer.h"

namespace rheon::kafka::wire {
namespace {

using ::testing::HasSubstr;
using testing::sample;

constexpr std::int64_t kTime = 1'700'000'000'000;
const std::string kLong(100, 'x');

/// The one batch of these bytes.
RecordBatch only_batch(std::string_view bytes) {
  RecordBatches batches(bytes);
  auto first = batches.next();
  EXPECT_TRUE(first && first->has_value());
  auto second = batches.next();
  EXPECT_TRUE(second && !second->has_value()) << "there is another one";
  return first && first->has_value() ? **first : RecordBatch{};
}

std::vector<Record> records_of(const RecordBatch& batch) {
  std::vector<Record> records;
  RecordReader reader(batch, batch.payload);
  for (Record record; reader.next(record);) {
    records.push_back(record);
  }
  EXPECT_FALSE(reader.failed());
  return records;
}

/// With the right checksum for what it holds now.
std::string sealed(std::string batch) {
  constexpr std::size_t kChecksumAt = 17;
  constexpr std::size_t kAttributesAt = 21;
  Writer::put_integer(batch.data() + kChecksumAt,
                      crc32c(std::string_view(batch).substr(kAttributesAt)));
  return batch;
}

TEST(RecordBatch, OfKafkasClassesIsRead) {
  const RecordBatch batch = only_batch(sample("batch"));
  EXPECT_EQ(batch.base_offset, 7);
  EXPECT_EQ(batch.last_offset(), 9);
  EXPECT_EQ(batch.leader_epoch, 9);
  EXPECT_EQ(batch.producer_id, RecordBatch::kNoProducer);
  EXPECT_EQ(batch.max_timestamp, kTime + 123);
  EXPECT_EQ(batch.compression(), 0);
  EXPECT_FALSE(batch.control() || batch.transactional() || batch.log_append_time());
  const std::vector<Record> records = records_of(batch);
  ASSERT_EQ(records.size(), 3u);
  EXPECT_EQ(records[0].offset, 7);
  EXPECT_EQ(records[0].timestamp, kTime);
  EXPECT_EQ(records[0].key, "key");
  EXPECT_EQ(records[0].value, "value");
  EXPECT_EQ(records[0].header_count, 0);
  EXPECT_EQ(records[1].key, std::nullopt);
  EXPECT_EQ(records[1].value, kLong);
  EXPECT_EQ(records[1].timestamp, kTime + 123);
  EXPECT_EQ(records[2].offset, 9);
  EXPECT_EQ(records[2].key, "");
  EXPECT_EQ(records[2].value, std::nullopt);
  EXPECT_EQ(records[2].timestamp, kTime - 1) << "before the first one";
  HeaderReader headers(records[1]);
  RecordHeader header;
  ASSERT_TRUE(headers.next(header));
  EXPECT_EQ(header.key, "traceparent");
  EXPECT_EQ(header.value, "00-ab");
  ASSERT_TRUE(headers.next(header));
  EXPECT_EQ(header.key, "none");
  EXPECT_EQ(header.value, std::nullopt);
  EXPECT_FALSE(headers.next(header));
}

TEST(RecordBatch, SaysWhoseTransactionItBelongsTo) {
  const RecordBatch batch = only_batch(sample("batch-of-transaction"));
  EXPECT_TRUE(batch.transactional());
  EXPECT_EQ(batch.producer_id, 42);
  EXPECT_EQ(batch.producer_epoch, 3);
  EXPECT_EQ(batch.base_sequence, 17);
}

TEST(RecordBatch, OfTheBrokersTimeGivesItToAllRecords) {
  const RecordBatch batch = only_batch(sample("batch-append-time"));
  EXPECT_TRUE(batch.log_append_time());
  for (const Record& record : records_of(batch)) {
    EXPECT_EQ(record.timestamp, kTime + 500);
  }
}

TEST(RecordBatch, SaysHowItIsCompressed) {
  EXPECT_EQ(only_batch(sample("batch-gzip")).compression(), 1);
  EXPECT_EQ(only_batch(sample("batch-snappy")).compression(), 2);
  EXPECT_EQ(only_batch(sample("batch-lz4")).compression(), 3);
  EXPECT_EQ(only_batch(sample("batch-zstd")).compression(), 4);
}

TEST(RecordBatch, OfControlIsNoData) {
  for (const char* name : {"control-commit", "control-abort"}) {
    const RecordBatch batch = only_batch(sample(name));
    EXPECT_TRUE(batch.control() && batch.transactional());
    EXPECT_EQ(batch.producer_id, 42);
    EXPECT_EQ(records_of(batch).size(), 1u);
  }
}

TEST(RecordBatch, IsWrittenAsKafkasClassesDo) {
  for (const bool transaction : {false, true}) {
    std::string bytes = "before";
    RecordBatchWriter writer(bytes, kTime);
    writer.begin(kTime, "key", "value");
    writer.begin(kTime + 123, std::nullopt, kLong, 2);
    writer.header("traceparent", "00-ab");
    writer.header("none", std::nullopt);
    writer.begin(kTime - 1, "", std::nullopt);
    EXPECT_EQ(writer.records(), 3);
    writer.finish(transaction ? RecordBatchWriter::Producer{42, 3, 17, true}
                              : RecordBatchWriter::Producer{});
    std::string expected = sample(transaction ? "batch-of-transaction" : "batch");
    Writer::put_integer<std::int64_t>(expected.data(), 0);        // the broker's offset
    Writer::put_integer<std::int32_t>(expected.data() + 12, -1);  // and leader epoch
    EXPECT_EQ(bytes, "before" + expected);
  }
}

TEST(RecordBatches, StandOneBehindTheOther) {
  const std::string& batch = sample("batch");
  const std::string three = batch + sample("control-commit") + batch;
  RecordBatches batches(three);
  for (const std::int64_t offset : {7, 11, 7}) {
    const auto next = batches.next();
    ASSERT_TRUE(next && next->has_value());
    EXPECT_EQ((*next)->base_offset, offset);
  }
  EXPECT_FALSE(batches.next()->has_value());
}

TEST(RecordBatches, EndBeforeABatchThatIsCutOff) {
  const std::string& batch = sample("batch");
  for (std::size_t size = 0; size < batch.size(); ++size) {
    const std::string bytes = batch + batch.substr(0, size);
    RecordBatches batches(bytes);
    ASSERT_TRUE(batches.next()->has_value());
    const auto second = batches.next();
    ASSERT_TRUE(second) << size;
    EXPECT_FALSE(second->has_value()) << size;
  }
}

TEST(RecordBatches, NoticeEachFlippedBit) {
  constexpr std::size_t kFirstCovered = 16;  // what stands before it only says where it is
  const std::string& batch = sample("batch");
  for (std::size_t bit = 8 * kFirstCovered; bit < 8 * batch.size(); ++bit) {
    std::string flipped = batch;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << (bit % 8)));
    RecordBatches batches(flipped);
    const auto next = batches.next();
    ASSERT_FALSE(next) << "bit " << bit;
    EXPECT_EQ(next.error().code, ErrorCode::kCorrupt);
    EXPECT_FALSE(batches.next()->has_value()) << "nothing is read behind it";
  }
}

TEST(RecordBatches, RefuseALengthThatIsNone) {
  for (const std::int32_t length : {-1, 0, 48}) {
    std::string batch = sample("batch");
    Writer::put_integer(batch.data() + 8, length);
    RecordBatches batches(batch);
    const auto next = batches.next();
    ASSERT_FALSE(next);
    EXPECT_THAT(next.error().message, HasSubstr("at offset 7 says that it is"));
  }
}

TEST(RecordReader, NoticesWhatItsHeaderDoesNotPromise) {
  const std::string& good = sample("batch");
  for (std::size_t at = RecordBatch::kHeaderBytes; at < good.size(); ++at) {
    for (const char byte : {'\x00', '\x01', '\x7f', '\x80', '\xff'}) {
      std::string bytes = good;
      bytes[at] = byte;
      bytes = sealed(bytes);
      const RecordBatch batch = only_batch(bytes);
      RecordReader reader(batch, batch.payload);
      int records = 0;
      for (Record record; reader.next(record); ++records) {
        RecordHeader header;
        for (HeaderReader headers(record); headers.next(header);) {
        }
      }
      EXPECT_EQ(reader.failed(), records < 3) << "byte " << at;
    }
  }
}

TEST(HeaderReader, FailsWhereTheBytesAreNotTheHeadersThatWerePromised) {
  const auto failed = [](std::int32_t count, std::string_view bytes) {
    Record record;
    record.header_count = count;
    record.headers = bytes;
    HeaderReader headers(record);
    for (RecordHeader header; headers.next(header);) {
    }
    return headers.failed();
  };
  const std::string_view one("\2a\2b", 4);  // "a": "b"
  EXPECT_FALSE(failed(0, ""));
  EXPECT_FALSE(failed(1, one));
  EXPECT_TRUE(failed(2, one)) << "one is missing";
  EXPECT_TRUE(failed(0, one)) << "one too many";
  EXPECT_TRUE(failed(1, one.substr(0, 3))) << "cut off";
}

TEST(RecordBatch, SumsThatOverflowAreDefined) {
  RecordBatch batch;
  batch.base_offset = INT64_MAX;
  batch.last_offset_delta = 1;
  EXPECT_EQ(batch.last_offset(), INT64_MIN);
}

/// Numbers of one byte to ten, in all places and any order, and however many are read at a time.
TEST(RecordReader, ReadsWhatWasWrittenWhateverItsSize) {
  const std::uint64_t seed = std::random_device()();
  std::mt19937_64 random(seed);
  const auto one_of = [&](auto... values) {
    const std::array all{static_cast<std::int64_t>(values)...};
    return all[random() % all.size()];
  };
  for (int round = 0; round < 50; ++round) {
    std::string bytes;
    RecordBatchWriter writer(bytes, kTime);
    std::vector<std::pair<std::int64_t, std::pair<std::optional<std::string>, std::string>>> truth;
    const std::int64_t count = one_of(1, 2, 70, 300);
    for (std::int64_t i = 0; i < count; ++i) {
      const std::int64_t time = kTime + one_of(0, 0, 0, -1, 63, 64, -8192, 1 << 20, 1LL << 40);
      const auto size = static_cast<std::size_t>(one_of(0, 1, 5, 5, 5, 60, 63, 64, 70, 9000));
      std::optional<std::string> key;
      if (one_of(0, 1) == 1) {
        key.emplace(static_cast<std::size_t>(one_of(0, 3, 63, 64)), 'k');
      }
      const std::string value(size, 'v');
      const bool header = one_of(0, 0, 0, 1) == 1;
      writer.begin(time, key, value, header ? 1 : 0);
      if (header) {
        writer.header("name", "text");
      }
      truth.push_back({time, {key, value}});
    }
    writer.finish({});
    const RecordBatch batch = only_batch(bytes);
    RecordReader reader(batch, batch.payload);
    std::array<Record, 64> some;
    std::size_t seen = 0;
    while (const std::size_t n =
               reader.read(std::span(some).first(static_cast<std::size_t>(one_of(1, 2, 64))))) {
      for (std::size_t i = 0; i < n; ++i, ++seen) {
        ASSERT_EQ(some[i].offset, static_cast<std::int64_t>(seen)) << "seed " << seed;
        ASSERT_EQ(some[i].timestamp, truth[seen].first) << "seed " << seed;
        ASSERT_EQ(some[i].key, truth[seen].second.first) << "seed " << seed;
        ASSERT_EQ(some[i].value, truth[seen].second.second) << "seed " << seed;
      }
    }
    EXPECT_FALSE(reader.failed());
    EXPECT_EQ(seen, truth.size()) << "seed " << seed;
  }
}

TEST(RecordReader, OfMoreRecordsThanThereAreFails) {
  std::string bytes = sample("batch");
  Writer::put_integer<std::int32_t>(bytes.data() + 57, 4);
  bytes = sealed(bytes);
  const RecordBatch batch = only_batch(bytes);
  RecordReader reader(batch, batch.payload);
  Record record;
  EXPECT_TRUE(reader.next(record) && reader.next(record) && reader.next(record));
  EXPECT_FALSE(reader.failed());
  EXPECT_FALSE(reader.next(record));
  EXPECT_TRUE(reader.failed());
}

}  // namespace
}  // namespace rheon::kafka::wire
