#include "connect/kafka/topic_batches.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "kafka/wire/record_batch.h"

namespace rheon::connect::kafka {
namespace {

namespace wire = rheon::kafka::wire;
using rheon::kafka::Header;
using ::testing::ElementsAre;

/// "key=value header=value", of everything that was put.
std::vector<std::string> written(TopicBatches& batches) {
  batches.finish();
  std::vector<std::string> texts;
  for (const TopicBatches::Finished& finished : batches.take()) {
    wire::RecordBatches all(finished.bytes);
    const auto batch = all.next();
    EXPECT_TRUE(batch.has_value() && batch->has_value());
    wire::RecordReader reader(**batch, (*batch)->payload);
    for (wire::Record record; reader.next(record);) {
      std::string& text = texts.emplace_back(std::string(record.key.value_or("-")) + "=" +
                                             std::string(record.value.value_or("-")));
      wire::HeaderReader headers(record);
      for (wire::RecordHeader header; headers.next(header);) {
        text += " " + std::string(header.key) + "=" + std::string(header.value.value_or("-"));
      }
      EXPECT_FALSE(headers.failed());
    }
    EXPECT_FALSE(reader.failed());
  }
  return texts;
}

template <class K, class T>
void put(TopicBatches& batches, std::vector<engine::Slot<K, T>> slots,
         const std::vector<engine::TraceMark>& traces = {}) {
  engine::Batch<K, T> batch;
  batch.slots = std::move(slots);
  batch.traces = traces;
  put_records<K, T>(batches, batch);
}

TEST(TopicBatchesTest, HoldKeysAndValues) {
  TopicBatches batches(1, wire::Compression::kNone);
  put<engine::NoKey, std::string_view>(batches, {{{}, "a", EventTime{0}}});
  put<std::string_view, std::uint64_t>(batches, {{"word", 7, EventTime{0}, 0}});
  EXPECT_THAT(written(batches), ElementsAre("-=a", "word=7"));
}

TEST(TopicBatchesTest, ARecordGoesOnWithItsHeaders) {
  TopicBatches batches(1, wire::Compression::kNone);
  rheon::kafka::Record record;
  record.key = "k";
  record.headers = {{"shop", "7"}, {"empty", std::nullopt}};
  put<engine::NoKey, rheon::kafka::Record>(batches, {{{}, record, EventTime{0}}});
  EXPECT_THAT(written(batches), ElementsAre("k=- shop=7 empty=-")) << "a value may be missing";
}

TEST(TopicBatchesTest, OnlyARecordOfItsOwnMakesABatchLonger) {
  TopicBatches batches(1, wire::Compression::kNone);
  const std::string nearly_full(511 << 10, 'x');
  const std::string long_one(600 << 10, 'y');
  for (const std::string& text : {nearly_full, long_one, std::string("z")}) {
    put<engine::NoKey, std::string_view>(batches, {{{}, text, EventTime{0}}});
  }
  batches.finish();
  std::vector<std::size_t> sizes;
  for (const TopicBatches::Finished& finished : batches.take()) {
    sizes.push_back(finished.bytes.size());
    EXPECT_EQ(finished.records, 1);
  }
  ASSERT_EQ(sizes.size(), 3u);
  EXPECT_LT(sizes[0], TopicBatches::kBatchBytes);
  EXPECT_LT(sizes[1], long_one.size() + 200);
}

TEST(TopicBatchesTest, RecordsWithoutAKeyGoOnToTheNextPartitionWithEachBatch) {
  TopicBatches batches(3, wire::Compression::kNone);
  const std::string text(1000, 'x');
  for (int i = 0; i < 2'500; ++i) {
    put<engine::NoKey, std::string_view>(batches, {{{}, text, EventTime{0}}});
  }
  batches.finish();
  std::vector<std::int32_t> partitions;
  for (const TopicBatches::Finished& finished : batches.take()) {
    EXPECT_LE(finished.bytes.size(), TopicBatches::kBatchBytes);
    partitions.push_back(finished.partition);
  }
  EXPECT_THAT(partitions, ElementsAre(0, 1, 2, 0, 1));
}

TEST(TopicBatchesTest, WhatIsFollowedSaysSo) {
  TopicBatches batches(1, wire::Compression::kNone);
  put<engine::NoKey, std::string_view>(
      batches, {{{}, "a", EventTime{0}}, {{}, "b", EventTime{0}}, {{}, "c", EventTime{0}}},
      {{1, {1, 2, 3}}});
  rheon::kafka::Record record;
  record.headers = {{"traceparent", "of who wrote it"}, {"shop", "7"}};
  put<engine::NoKey, rheon::kafka::Record>(
      batches, {{{}, record, EventTime{0}}, {{}, record, EventTime{0}}}, {{0, {1, 2, 4}}});
  const std::string trace = "traceparent=00-00000000000000010000000000000002-000000000000000";
  EXPECT_THAT(written(batches),
              ElementsAre("-=a", "-=b " + trace + "3-01", "-=c", "-=- shop=7 " + trace + "4-01",
                          "-=- traceparent=of who wrote it shop=7"));
}

}  // namespace
}  // namespace rheon::connect::kafka
