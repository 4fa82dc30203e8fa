#include "engine/packed_batch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace rheon::engine {
namespace {

using Texts = PackedBatch<std::string_view, std::string_view>;
using TextSlots = Batch<std::string_view, std::string_view>;

const TextSlots& laid_out(Texts& batch, std::unique_ptr<BatchBase>& room) {
  std::size_t from = 0;
  const BatchBase& out = batch.laid_out(from, room);
  EXPECT_EQ(from, batch.size());
  return static_cast<const TextSlots&>(out);
}

TEST(PackedBatch, IsLaidOutAsItWasFilled) {
  std::mt19937 random(5);
  Texts batch;
  std::unique_ptr<BatchBase> room;
  for (int round = 0; round < 20; ++round) {
    batch.limit = 1024;
    std::vector<std::string> keys;
    std::vector<std::string> values;
    std::vector<EventTime> times;
    const std::size_t records = random() % 700;
    for (std::size_t i = 0; i < records; ++i) {
      keys.emplace_back(random() % 20, static_cast<char>('a' + random() % 26));
      values.emplace_back(random() % 100 == 0 ? random() % 5000 : random() % 30, 'v');
      // Most batches have one time or a few, some one for each record, some none.
      times.push_back(round % 4 == 0   ? EventTime::none()
                      : round % 4 == 1 ? EventTime{static_cast<std::int64_t>(random())}
                                       : EventTime{static_cast<std::int64_t>(i / 300)});
      batch.append(keys[i], values[i], times[i], i * 0x9E3779B97F4A7C15u);
    }
    EXPECT_EQ(batch.size(), records);
    const std::vector<std::string> sent_keys = keys;
    keys.assign(records, "gone");  // the batch shows bytes of its own
    const TextSlots& out = laid_out(batch, room);
    ASSERT_EQ(out.slots.size(), records);
    for (std::size_t i = 0; i < records; ++i) {
      EXPECT_EQ(out.slots[i].key, sent_keys[i]);
      EXPECT_EQ(out.slots[i].value, values[i]);
      EXPECT_EQ(out.slots[i].time, times[i]);
      EXPECT_EQ(out.slots[i].hash, i * 0x9E3779B97F4A7C15u);
    }
    batch.clear();
    EXPECT_EQ(batch.size(), 0u);
  }
}

TEST(PackedBatch, TheRoomTellsNothingOfTheBatchBefore) {
  Texts first;
  first.append("a", "1", EventTime{1}, 1);
  first.append("b", "2", EventTime{2}, 2);
  first.mark(1, 2, {1, 2, 3});
  std::unique_ptr<BatchBase> room;
  EXPECT_EQ(laid_out(first, room).traces.size(), 1u);
  room->shared = true;
  static_cast<void>(room->arena.allocate(100));
  Texts second;
  second.append("c", "3", EventTime{3}, 3);
  const TextSlots& out = laid_out(second, room);
  EXPECT_EQ(&out, room.get());
  EXPECT_EQ(out.slots.size(), 1u);
  EXPECT_TRUE(out.traces.empty());
  EXPECT_FALSE(out.shared);
  EXPECT_EQ(out.arena.bytes_used(), 0u);
}

TEST(PackedBatch, IsLaidOutInPartsOfABatch) {
  PackedBatch<std::uint64_t, std::uint64_t> batch;
  batch.limit = batch.most();
  EXPECT_EQ(batch.limit, kPackedRecords);
  const std::vector<std::uint32_t> followed = {0, kBatchRecords - 1, kBatchRecords,
                                               3 * kBatchRecords - 1};
  const std::uint64_t last = 3 * kBatchRecords + 7;
  for (std::uint64_t i = 0; i <= last; ++i) {
    // The times begin to differ in the second part.
    batch.append(i, 2 * i, EventTime{i < 1500 ? 5 : static_cast<std::int64_t>(i)}, 3 * i);
  }
  for (const std::uint32_t i : followed) {
    batch.mark(i, i + 1, {i, 1, 1});
  }
  std::unique_ptr<BatchBase> room;
  for (int pass = 0; pass < 2; ++pass) {  // it may be begun again
    std::vector<std::size_t> parts;
    std::vector<std::uint32_t> marked;
    std::uint64_t i = 0;
    for (std::size_t from = 0; from < batch.size();) {
      const std::size_t base = from;
      const auto& out =
          static_cast<const Batch<std::uint64_t, std::uint64_t>&>(batch.laid_out(from, room));
      parts.push_back(out.size());
      ASSERT_EQ(from, base + out.size());
      for (const auto& slot : out.slots) {
        ASSERT_EQ(slot.key, i);
        ASSERT_EQ(slot.value, 2 * i);
        ASSERT_EQ(slot.hash, 3 * i);
        ASSERT_EQ(slot.time.micros, i < 1500 ? 5 : static_cast<std::int64_t>(i));
        ++i;
      }
      for (const TraceMark& mark : out.traces) {
        EXPECT_EQ(mark.context.trace_high, out.slots[mark.index].key);
        marked.push_back(static_cast<std::uint32_t>(base + mark.index));
      }
    }
    EXPECT_EQ(i, last + 1);
    EXPECT_EQ(parts, (std::vector<std::size_t>{kBatchRecords, kBatchRecords, kBatchRecords, 8}));
    EXPECT_EQ(marked, followed);
  }
}

TEST(PackedBatch, IsFullOfRecordsOrOfBytes) {
  Texts batch;
  batch.limit = 2;
  batch.append("a", "1", EventTime{1}, 1);
  EXPECT_FALSE(batch.full());
  batch.append("a", "1", EventTime{1}, 1);
  EXPECT_TRUE(batch.full());
  batch.clear();
  batch.append("a", std::string(kBatchBytes, 'x'), EventTime{1}, 1);
  EXPECT_TRUE(batch.full());
}

TEST(PackedBatch, IsFilledAnewAfterATextWhoseMemoryItDoesNotKeep) {
  Texts batch;
  std::unique_ptr<BatchBase> room;
  for (const std::size_t size : {3u << 20, 5u, 3u << 20, 7u}) {
    const std::string text(size, 'x');
    batch.append("key", text, EventTime{1}, 1);
    EXPECT_EQ(laid_out(batch, room).slots.front().value, text);
    batch.clear();
  }
}

TEST(PackedBatch, WhatIsNoTextIsLaidOutToo) {
  PackedBatch<std::uint64_t, double> batch;
  batch.append(7, 0.5, EventTime{1}, 70);
  batch.append(8, -0.25, EventTime{1}, 80);
  std::unique_ptr<BatchBase> room;
  std::size_t from = 0;
  const auto& out = static_cast<const Batch<std::uint64_t, double>&>(batch.laid_out(from, room));
  EXPECT_EQ(out.slots[1].key, 8u);
  EXPECT_EQ(out.slots[1].value, -0.25);
  EXPECT_EQ(out.slots[1].hash, 80u);
}

TEST(ABatchOfSlots, IsItsOwnLayout) {
  TextSlots batch;
  std::unique_ptr<BatchBase> room;
  batch.slots.push_back({"a", "1", EventTime{1}, 1});
  std::size_t from = 0;
  EXPECT_EQ(&batch.laid_out(from, room), &batch);
  EXPECT_EQ(from, 1u);
  EXPECT_EQ(room, nullptr);
}

}  // namespace
}  // namespace rheon::engine
