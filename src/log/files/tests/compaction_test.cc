// Which slices are asked for, and when those that were written take the place of the old ones.

#include "log/files/compaction.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "codec/delta.h"
#include "env/fake/fake_env.h"
#include "log/files/format.h"
#include "log/files/snapshot_store.h"

namespace rheon::log::files {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr StateId kState{1};
constexpr KeyGroup kGroup{0};
constexpr std::uint64_t kMuch = 1 << 20;

std::string delta_of(std::size_t bytes, StateId state = kState) {
  codec::DeltaWriter writer;
  writer.begin_section(state, kGroup);
  writer.put("key", std::string(bytes, 'x'));
  return writer.take();
}

SliceEntry entry(const SliceAddress& address, Epoch as_of, std::uint64_t file = 1) {
  return {address, as_of, file, 0, 100};
}

SliceAddress whole(StateId state = kState) { return {state, kGroup, 0, UINT32_MAX}; }

class CompactionTest : public ::testing::Test {
 protected:
  void change(Epoch epoch, std::size_t bytes, StateId state = kState) {
    ASSERT_TRUE(compaction_.add_delta(epoch, delta_of(bytes, state)));
  }
  [[nodiscard]] std::vector<SliceAddress> wanted() { return compaction_.wanted(kMuch, 0); }

  Compaction compaction_{{.snapshot_after_bytes = 1'000, .slice_bytes = 1'000}};
};

TEST_F(CompactionTest, AsksForATableInPartsAndReplacesThemTogether) {
  change(Epoch{1}, 900);
  EXPECT_THAT(wanted(), IsEmpty()) << "not enough yet";
  change(Epoch{2}, 2'000);
  const std::vector<SliceAddress> parts = wanted();
  ASSERT_THAT(parts, SizeIs(4));
  for (const SliceAddress& part : parts) {
    compaction_.carried(part, Epoch{3});
  }
  EXPECT_EQ(compaction_.oldest_needed(), Epoch{1});
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_FALSE(compaction_.written(entry(parts[i], Epoch{3}, 7 + i)));
    EXPECT_EQ(compaction_.oldest_file(), 7u);
  }
  change(Epoch{4}, 10);
  const auto set = compaction_.written(entry(parts[3], Epoch{3}, 10));
  ASSERT_TRUE(set.has_value());
  EXPECT_THAT(set->slices, SizeIs(4));
  EXPECT_EQ(compaction_.oldest_needed(), Epoch{4});
  EXPECT_EQ(compaction_.oldest_file(), std::nullopt);
}

TEST_F(CompactionTest, WhatIsNotCarriedOrCannotBeWrittenIsAskedForAgain) {
  change(Epoch{1}, 3'000);
  const std::vector<SliceAddress> parts = wanted();
  ASSERT_THAT(parts, SizeIs(4));
  EXPECT_THAT(wanted(), IsEmpty()) << "all were asked for";
  compaction_.carried(parts[0], Epoch{2});
  compaction_.carried(parts[1], Epoch{2});
  compaction_.forget_unanswered();
  EXPECT_FALSE(compaction_.written(entry(parts[0], Epoch{2})));
  EXPECT_FALSE(compaction_.written(entry(parts[0], Epoch{2}))) << "twice is once";
  compaction_.lost(parts[1]);
  EXPECT_THAT(wanted(), ::testing::ElementsAre(parts[1], parts[2], parts[3]));
}

TEST_F(CompactionTest, AWholeSliceCountsUnasked) {
  constexpr StateId kOlder{2};
  change(Epoch{1}, 3'000, kOlder);
  ASSERT_THAT(wanted(), SizeIs(4)) << "parts of the older one";
  compaction_.carried(whole(kOlder), Epoch{2});
  compaction_.carried(whole(), Epoch{2});
  compaction_.forget_unanswered();
  EXPECT_THAT(wanted(), IsEmpty());
  const auto of_older = compaction_.written(entry(whole(kOlder), Epoch{2}));
  const auto of_todays = compaction_.written(entry(whole(), Epoch{2}));
  ASSERT_TRUE(of_older.has_value() && of_todays.has_value());
  EXPECT_EQ(of_older->state, kOlder);
  EXPECT_EQ(of_todays->state, kState);
  EXPECT_EQ(compaction_.oldest_needed(), std::nullopt);
}

TEST_F(CompactionTest, APartThatNobodyAskedForDoesNotCount) {
  const SliceAddress part{kState, kGroup, 0, UINT32_MAX / 2};
  compaction_.carried(part, Epoch{2});
  compaction_.lost(part);
  EXPECT_FALSE(compaction_.written(entry(part, Epoch{2})));
  EXPECT_FALSE(compaction_.written(entry(whole(), Epoch{2})));
  compaction_.set_slices({kState, kGroup, {entry(whole(), Epoch{1})}});
  compaction_.carried(part, Epoch{2});
  EXPECT_FALSE(compaction_.written(entry(part, Epoch{2}))) << "nor of a cell that has slices";
}

TEST_F(CompactionTest, WhatShallBeRenewedIsAskedForAtOnceAndOnce) {
  compaction_.set_slices({kState, kGroup, {entry(whole(), Epoch{1})}});
  compaction_.renew(kState, kGroup);
  compaction_.renew(kState, kGroup);
  EXPECT_THAT(wanted(), ::testing::ElementsAre(whole()));
  compaction_.renew(kState, kGroup);
  compaction_.carried(whole(), Epoch{2});
  EXPECT_TRUE(compaction_.written(entry(whole(), Epoch{2})));
  EXPECT_THAT(wanted(), IsEmpty());
}

TEST_F(CompactionTest, AnUnreadableDeltaIsSaid) {
  EXPECT_FALSE(compaction_.add_delta(Epoch{1}, "what is this"));
}

TEST(SnapshotFiles, WithSlicesThatACommitIsStillToListStay) {
  env::fake::FakeEnv env;
  ASSERT_TRUE(env.files().make_directories("snapshot"));
  SnapshotStore store(env.files(), {.directory = "snapshot", .lineage = {1, 2}, .file_bytes = 1});
  Standing standing;
  ASSERT_TRUE(store.resume(standing));
  for (std::uint64_t file = 1; file <= 4; ++file) {
    const auto written =
        store.write({{whole(StateId{static_cast<std::uint32_t>(file)}), "blob"}}, Epoch{file});
    ASSERT_TRUE(written.has_value());
    ASSERT_EQ(written->front().file, file);
  }
  const auto exists = [&](std::uint64_t file) {
    return env.files().info(env::join("snapshot", number_name(file))).has_value();
  };
  ASSERT_TRUE(store.remove_dead(standing, 2));
  EXPECT_FALSE(exists(1));
  EXPECT_TRUE(exists(2) && exists(3) && exists(4));
  ASSERT_TRUE(store.remove_dead(standing, std::nullopt));
  EXPECT_FALSE(exists(2) || exists(3));
  EXPECT_TRUE(exists(4)) << "it is being written";
}

TEST(ASliceReader, NoticesThatAFileBecameShorter) {
  env::fake::FakeEnv env;
  ASSERT_TRUE(env.files().make_directories("snapshot"));
  SnapshotStore store(env.files(), {.directory = "snapshot", .lineage = {1, 2}, .file_bytes = 1});
  ASSERT_TRUE(store.resume(Standing{}));
  const auto written = store.write({{whole(), "one"}, {whole(StateId{2}), "two"}}, Epoch{1});
  ASSERT_TRUE(written.has_value());
  SliceReader reader(env.files(), "snapshot");
  EXPECT_EQ(*reader.read((*written)[0]), "one");
  EXPECT_EQ(*reader.read((*written)[1]), "two");
  auto file = env.files().open("snapshot/00000001", env::OpenMode::kReadWrite);
  ASSERT_TRUE((*file)->truncate((*written)[1].offset + 41).has_value());
  const auto cut = reader.read((*written)[1]);
  ASSERT_FALSE(cut.has_value());
  EXPECT_EQ(cut.error().code, ErrorCode::kCorrupt);
  EXPECT_EQ(*reader.read((*written)[0]), "one");
}

}  // namespace
}  // namespace rheon::log::files
