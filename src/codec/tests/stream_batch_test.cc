#include "codec/stream_batch.h"

#include <gtest/gtest.h>

#include <random>

namespace rheon::codec {
namespace {

const std::string kType = stream_type("text", "u64");
const std::uint32_t kTypeId = stream_type_id(kType);

std::string hex(std::string_view bytes) {
  std::string out;
  for (const char c : bytes) {
    constexpr char kDigits[] = "0123456789abcdef";
    out += kDigits[static_cast<unsigned char>(c) >> 4];
    out += kDigits[static_cast<unsigned char>(c) & 15];
  }
  return out;
}

TEST(StreamBatch, HasTheBytesOfItsPage) {
  StreamBatchWriter writer(kTypeId, /*keyed=*/true);
  std::string& first = writer.begin(EventTime{1000});
  put_bytes(first, "be");
  put_varint(first, 1);
  std::string& second = writer.begin(EventTime{998});
  put_bytes(second, "to");
  put_varint(second, 300);
  EXPECT_EQ(writer.max_time(), EventTime{1000});
  EXPECT_EQ(hex(writer.take({1, 2, EventTime{900}, false})),
            "01"
            "09"
            "b51d8f06"
            "02"
            "01"
            "02"
            "8403000000000000"
            "e803000000000000"
            "03"
            "02626501"
            "02746fac02");
}

TEST(StreamBatch, GivesBackWhatWasWritten) {
  std::mt19937_64 random(1);
  StreamBatchWriter writer(kTypeId, true);  // nothing of a batch is left for the next one
  for (int round = 0; round < 300; ++round) {
    struct Record {
      EventTime time;
      std::string key;
      std::uint64_t value;
    };
    std::vector<Record> records(random() % (round % 2 == 0 ? 50 : 300));
    std::vector<StreamTrace> traces;
    const bool same_time = random() % 2 == 0;
    for (Record& record : records) {
      record.time = same_time ? EventTime{5} : EventTime{static_cast<std::int64_t>(random())};
      record.key = std::string(random() % 5, 'k');
      record.value = random();
      std::string& body = writer.begin(record.time);
      put_bytes(body, record.key);
      put_varint(body, record.value);
      if (random() % 10 == 0) {
        traces.push_back({writer.records() - 1, random(), random(), random()});
        writer.trace(traces.back().trace_high, traces.back().trace_low, traces.back().span);
      }
    }
    const StreamMarks marks{static_cast<std::uint32_t>(random() % 3), 3,
                            EventTime{static_cast<std::int64_t>(random())}, random() % 2 == 0};
    const std::string bytes = writer.take(marks);
    EXPECT_EQ(writer.records(), 0u);
    auto reader = StreamBatchReader::open(bytes, kTypeId);
    ASSERT_TRUE(reader) << reader.error().message;
    EXPECT_EQ(reader->marks(), marks);
    EXPECT_EQ(reader->traces(), traces);
    ASSERT_EQ(reader->records(), records.size());
    EventTime time;
    for (const Record& record : records) {
      ASSERT_TRUE(reader->next(time));
      EXPECT_EQ(time, record.time);
      EXPECT_EQ(reader->body().bytes(), record.key);
      EXPECT_EQ(reader->body().varint(), record.value);
    }
    EXPECT_FALSE(reader->next(time));
    EXPECT_TRUE(reader->complete());

    // Broken anywhere: refused or read to some end, never beyond it.
    std::string broken = bytes.substr(0, random() % bytes.size());
    if (!broken.empty()) {
      broken[random() % broken.size()] = static_cast<char>(random());
    }
    auto again = StreamBatchReader::open(broken, kTypeId);
    while (again && !again->body().failed() && again->next(time)) {
      static_cast<void>(again->body().bytes());
      static_cast<void>(again->body().varint());
    }
  }
}

TEST(StreamBatch, OfAnotherTypeOrVersionIsRefused) {
  std::string bytes = StreamBatchWriter(kTypeId, true).take({});
  EXPECT_FALSE(StreamBatchReader::open(bytes, kTypeId + 1));
  bytes[0] = 2;
  const auto newer = StreamBatchReader::open(bytes, kTypeId);
  ASSERT_FALSE(newer);
  EXPECT_EQ(newer.error().code, ErrorCode::kRefused);
  EXPECT_FALSE(StreamBatchReader::open("", kTypeId));
}

TEST(StreamBatch, ThatContradictsItselfIsRefused) {
  StreamBatchWriter writer(kTypeId, false);
  put_varint(writer.begin(EventTime{5}), 7);
  const std::string bytes = writer.take({.writer = 2, .writers = 3});
  const auto reader = StreamBatchReader::open(bytes, kTypeId);
  ASSERT_TRUE(reader.has_value());
  StreamMarks other = reader->marks();
  EXPECT_EQ(other, reader->marks());
  other.idle = true;
  EXPECT_NE(other, reader->marks());
  EXPECT_NE((StreamTrace{1, 2, 3, 4}), (StreamTrace{1, 2, 3, 5}));
  const auto marks_at = bytes.find(std::string("\x01\x02\x03", 3));  // records, writer, writers
  ASSERT_NE(marks_at, std::string::npos);
  std::string third = bytes;
  third[marks_at + 1] = 3;  // the fourth of three writers
  EXPECT_FALSE(StreamBatchReader::open(third, kTypeId));
  std::string many = bytes.substr(0, marks_at);
  put_varint(many, std::uint64_t{1} << 32);  // records
  EXPECT_FALSE(StreamBatchReader::open(many + bytes.substr(marks_at + 1), kTypeId));
}

TEST(StreamBatch, IsCompleteWhenItsRecordsAreAllThatItHolds) {
  StreamBatchWriter writer(kTypeId, false);
  put_varint(writer.begin(EventTime{5}), 300);
  const std::string bytes = writer.take({});
  const auto complete = [](std::string_view text) {
    auto reader = StreamBatchReader::open(text, kTypeId);
    EventTime time;
    EXPECT_TRUE(reader.has_value() && reader->next(time));
    static_cast<void>(reader->body().varint());
    EXPECT_FALSE(reader->next(time));
    return reader->complete();
  };
  EXPECT_TRUE(complete(bytes));
  EXPECT_FALSE(complete(bytes + "x"));
  EXPECT_FALSE(complete(std::string_view(bytes).substr(0, bytes.size() - 1)));
}

TEST(StreamBatch, FollowsARecordOnce) {
  StreamBatchWriter writer(kTypeId, /*keyed=*/false);
  for (int i = 0; i < 2; ++i) {
    put_varint(writer.begin(EventTime{1}), 7);
    writer.trace(1, 2, 3);
    writer.trace(4, 5, 6);
  }
  const std::string bytes = writer.take({});
  const auto reader = StreamBatchReader::open(bytes, kTypeId);
  ASSERT_TRUE(reader.has_value()) << reader.error().message;
  EXPECT_EQ(reader->traces(), (std::vector<StreamTrace>{{0, 1, 2, 3}, {1, 1, 2, 3}}));
}

TEST(StreamType, HasAKeyOrNot) {
  EXPECT_EQ(parse_stream_type(kType).key, "text");
  EXPECT_EQ(parse_stream_type(kType).value, "u64");
  EXPECT_EQ(parse_stream_type(stream_type("u64")).key, "");
}

}  // namespace
}  // namespace rheon::codec
