// What a power cut, a killed process and a failing device leave behind on the simulated disk.

#include "env/fake/fake_disk.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "base/bytes.h"
#include "env/fake/fake_env.h"

namespace rheon::env::fake {
namespace {

class FakeDiskTest : public ::testing::Test {
 protected:
  std::unique_ptr<File> open(const std::string& path) {
    auto file = disk().open(path, OpenMode::kCreate);
    EXPECT_TRUE(file);
    return std::move(*file);
  }
  std::string content(const std::string& path) {
    auto text = read_whole(disk(), path);
    return text ? *text : "none";
  }
  void put_durably(const std::string& path, std::string_view text) {
    auto file = open(path);
    ASSERT_TRUE(file->write_at(0, as_bytes(text)));
    ASSERT_TRUE(file->sync());
    ASSERT_TRUE(disk().sync_directory(directory_of(path)));
  }
  void cut_power(Survival survival, std::uint64_t seed = 1) {
    env_.cut_power(seed, survival);
    env_.restart();
  }
  FakeDisk& disk() { return env_.files(); }

  FakeEnv env_{7};
};

TEST_F(FakeDiskTest, KeepsWhatWasSynced) {
  put_durably("a", "abc");
  for (const Survival survival : {Survival::kAll, Survival::kSynced, Survival::kTorn}) {
    cut_power(survival);
    EXPECT_EQ(content("a"), "abc");
  }
}

TEST_F(FakeDiskTest, LosesWhatWasNotSynced) {
  put_durably("a", "abc");
  ASSERT_TRUE(open("a")->write_at(1, as_bytes("xyz")));
  EXPECT_EQ(content("a"), "axyz");
  cut_power(Survival::kSynced);
  EXPECT_EQ(content("a"), "abc");
}

TEST_F(FakeDiskTest, TheKindestCutKeepsAll) {
  ASSERT_TRUE(open("a")->write_at(0, as_bytes("abc")));
  cut_power(Survival::kAll);
  EXPECT_EQ(content("a"), "abc");
}

TEST_F(FakeDiskTest, ATornCutLeavesAPrefixOfTheWrites) {
  std::set<std::string> seen;
  for (std::uint64_t seed = 0; seed < 500; ++seed) {
    put_durably("a", "....");
    auto file = open("a");
    ASSERT_TRUE(file->truncate(4));
    ASSERT_TRUE(file->sync());
    ASSERT_TRUE(file->write_at(0, as_bytes("12")));
    ASSERT_TRUE(file->write_at(2, as_bytes("34")));
    ASSERT_TRUE(file->truncate(3));
    cut_power(Survival::kTorn, seed);
    seen.insert(content("a"));
  }
  EXPECT_EQ(seen, (std::set<std::string>{"....", "1...", "12..", "123.", "1234", "123"}));
}

TEST_F(FakeDiskTest, AScatteredCutKeepsAndLosesSectorsInAnyOrder) {
  std::set<std::string> seen;
  for (std::uint64_t seed = 0; seed < 500; ++seed) {
    put_durably("a", std::string(1024, '.'));
    auto file = open("a");
    ASSERT_TRUE(file->truncate(1024));
    ASSERT_TRUE(file->sync());
    ASSERT_TRUE(file->write_at(510, as_bytes("1234")));
    ASSERT_TRUE(file->write_at(1022, as_bytes("56")));
    cut_power(Survival::kScattered, seed);
    seen.insert(content("a").substr(510, 4) + content("a").substr(1022));
  }
  EXPECT_EQ(seen, (std::set<std::string>{"......", "12....", "..34..", "1234..", "....56", "12..56",
                                         "..3456", "123456"}));
}

TEST_F(FakeDiskTest, ANewNameNeedsASyncOfItsDirectory) {
  auto file = open("a");
  ASSERT_TRUE(file->write_at(0, as_bytes("abc")));
  ASSERT_TRUE(file->sync());
  cut_power(Survival::kSynced);
  EXPECT_EQ(content("a"), "none");
}

TEST_F(FakeDiskTest, ARenameIsWholeOrNotAtAll) {
  std::set<std::string> seen;
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    put_durably("a", "old");
    put_durably("b", "new");
    ASSERT_TRUE(disk().rename("b", "a"));
    EXPECT_EQ(content("a"), "new");
    cut_power(Survival::kTorn, seed);
    seen.insert(content("a") + " " + content("b"));
  }
  EXPECT_EQ(seen, (std::set<std::string>{"old new", "new none"}));
  ASSERT_TRUE(replace_whole(disk(), "a", "newest"));
  cut_power(Survival::kSynced);
  EXPECT_EQ(content("a"), "newest");
}

TEST_F(FakeDiskTest, NamesSurviveInTheOrderOfTheirChanges) {
  std::set<std::vector<std::string>> seen;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    FakeDisk disk(1);
    ASSERT_TRUE(disk.open("a", OpenMode::kCreate));
    ASSERT_TRUE(disk.open("b", OpenMode::kCreate));
    ASSERT_TRUE(disk.remove("a"));
    disk.cut_power(seed, Survival::kTorn);
    disk.restart();
    seen.insert(*disk.list("."));
  }
  EXPECT_EQ(seen, (std::set<std::vector<std::string>>{{}, {"a"}, {"a", "b"}, {"b"}}));
}

TEST_F(FakeDiskTest, ARemovedFileComesBackUnlessItsDirectoryWasSynced) {
  put_durably("a", "abc");
  ASSERT_TRUE(disk().remove("a"));
  cut_power(Survival::kSynced);
  EXPECT_EQ(content("a"), "abc");
  ASSERT_TRUE(disk().remove("a"));
  ASSERT_TRUE(disk().sync_directory("."));
  cut_power(Survival::kSynced);
  EXPECT_EQ(content("a"), "none");
}

TEST_F(FakeDiskTest, DirectoriesAreDurableWhenMade) {
  ASSERT_TRUE(disk().make_directories("d/e"));
  cut_power(Survival::kSynced);
  EXPECT_TRUE(disk().info("d/e")->is_directory);
}

TEST_F(FakeDiskTest, AKilledProcessLosesNothingButItsLocksAndFiles) {
  auto file = open("a");
  auto lock = disk().lock("LOCK");
  ASSERT_TRUE(file->write_at(0, as_bytes("abc")));
  env_.restart();
  EXPECT_EQ(content("a"), "abc");
  auto mine = disk().lock("LOCK");
  EXPECT_TRUE(mine);
  lock->reset();  // the dead one gives nothing back
  EXPECT_FALSE(disk().lock("LOCK"));
  EXPECT_THROW(static_cast<void>(file->write_at(0, as_bytes("x"))), Crash);
  EXPECT_THROW(static_cast<void>(file->info()), Crash);
}

/// Replaces "old" by "new" on a new disk that crashes at `point`; what a restart finds there.
std::string replace_and_crash(std::uint64_t point, std::uint64_t seed) {
  FakeDisk disk(seed);
  EXPECT_TRUE(replace_whole(disk, "a", "old"));
  disk.crash_after(point);
  try {
    EXPECT_TRUE(replace_whole(disk, "a", "new"));
  } catch (const Crash&) {
    EXPECT_THROW(static_cast<void>(disk.info("a")), Crash);
  }
  disk.cut_power(seed, Survival::kTorn);
  disk.restart();
  return *read_whole(disk, "a");
}

TEST_F(FakeDiskTest, EveryCrashPointOfReplaceWholeLeavesOldOrNew) {
  ASSERT_TRUE(replace_whole(disk(), "a", "new"));
  const std::uint64_t points = disk().operations();
  EXPECT_EQ(points, 6u);  // create, truncate, write, sync, rename, sync of the directory
  std::set<std::string> seen;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    for (std::uint64_t point = 0; point < points; ++point) {
      seen.insert(replace_and_crash(point, seed));
    }
    EXPECT_EQ(replace_and_crash(points, seed), "new");
  }
  EXPECT_EQ(seen, (std::set<std::string>{"old", "new"}));
}

TEST_F(FakeDiskTest, FaultsHitOnceAndOnlyWhatTheyCan) {
  auto file = open("a");
  disk().fail_after(1, Fault::kIo);
  EXPECT_TRUE(file->write_at(0, as_bytes("a")));
  EXPECT_EQ(file->write_at(1, as_bytes("b")).error().code, ErrorCode::kIo);
  EXPECT_TRUE(file->write_at(1, as_bytes("b")));

  disk().fail_after(0, Fault::kNoSpace);
  EXPECT_TRUE(file->sync());
  const Status full = file->write_at(2, as_bytes("c"));
  EXPECT_EQ(full.error().code, ErrorCode::kNoSpace);
  EXPECT_EQ(full.error().message, "cannot write 'a': No space left on device");

  disk().fail_after(0, Fault::kFailedSync);
  EXPECT_TRUE(file->write_at(2, as_bytes("c")));
  EXPECT_EQ(disk().sync_directory(".").error().code, ErrorCode::kIo);
  EXPECT_TRUE(disk().sync_directory("."));
}

TEST_F(FakeDiskTest, AReadFailsOnceAfterSomeThatGoWell) {
  auto file = open("a");
  ASSERT_TRUE(file->write_at(0, as_bytes("a")));
  std::byte byte{};
  disk().fail_read_after(1);
  EXPECT_EQ(*file->read_at(0, {&byte, 1}), 1u);
  const auto failed = file->read_at(0, {&byte, 1});
  ASSERT_FALSE(failed.has_value());
  EXPECT_EQ(failed.error().message, "cannot read 'a': Input/output error");
  EXPECT_EQ(*file->read_at(0, {&byte, 1}), 1u);
}

TEST_F(FakeDiskTest, AShortWriteLeavesAPart) {
  std::set<std::string> seen;
  auto file = open("a");
  for (int i = 0; i < 200; ++i) {
    ASSERT_TRUE(file->truncate(0));
    disk().fail_after(0, Fault::kShortWrite);
    EXPECT_FALSE(file->write_at(0, as_bytes("abc")));
    seen.insert(content("a"));
  }
  EXPECT_EQ(seen, (std::set<std::string>{"", "a", "ab"}));
}

TEST_F(FakeDiskTest, TryingAgainAfterAFailedSyncDoesNotHelp) {
  std::set<std::string> seen;
  for (int i = 0; i < 100; ++i) {
    put_durably("a", "..");
    auto file = open("a");
    disk().fail_after(1, Fault::kFailedSync);
    ASSERT_TRUE(file->write_at(0, as_bytes("xx")));
    ASSERT_FALSE(file->sync());
    EXPECT_EQ(content("a"), "xx");  // the cache lies
    ASSERT_TRUE(file->sync());
    cut_power(Survival::kAll);
    seen.insert(content("a"));
  }
  EXPECT_EQ(seen, (std::set<std::string>{"..", "x.", "xx"}));
}

TEST_F(FakeDiskTest, AFullDiskTakesWhatFits) {
  disk().set_capacity(10);
  auto file = open("a");
  ASSERT_TRUE(file->write_at(0, as_bytes("12345678")));
  EXPECT_EQ(disk().space(".")->free_bytes, 2u);
  EXPECT_EQ(file->preallocate(11).error().code, ErrorCode::kNoSpace);
  EXPECT_EQ(file->write_at(8, as_bytes("90ab")).error().code, ErrorCode::kNoSpace);
  EXPECT_EQ(content("a"), "1234567890");
  EXPECT_TRUE(file->write_at(0, as_bytes("x")));
  EXPECT_EQ(open("b")->write_at(0, as_bytes("x")).error().code, ErrorCode::kNoSpace);
  ASSERT_TRUE(disk().remove("a"));
  EXPECT_EQ(disk().used_bytes(), 10u);  // still open
  file.reset();
  EXPECT_TRUE(open("b")->write_at(0, as_bytes("x")));
  disk().set_capacity(100);
  EXPECT_TRUE(open("b")->write_at(1, as_bytes("0123456789")));
}

TEST_F(FakeDiskTest, RotFlipsABitOnTheDevice) {
  put_durably("a", "abc");
  disk().flip_bit("a", 8);
  EXPECT_EQ(content("a"), "acc");
  cut_power(Survival::kSynced);
  EXPECT_EQ(content("a"), "acc");
}

TEST_F(FakeDiskTest, TheSameSeedLeavesTheSameDisk) {
  const auto run = [](std::uint64_t seed) {
    FakeDisk disk(3);
    auto file = std::move(*disk.open("a", OpenMode::kCreate));
    EXPECT_TRUE(disk.sync_directory("."));
    for (char c = 'a'; c < 'z'; ++c) {
      EXPECT_TRUE(
          file->write_at(static_cast<std::uint64_t>(c - 'a') * 10, as_bytes(std::string(10, c))));
    }
    disk.cut_power(seed, Survival::kTorn);
    disk.restart();
    return *read_whole(disk, "a");
  };
  EXPECT_EQ(run(5), run(5));
  EXPECT_NE(run(5), run(6));
}

}  // namespace
}  // namespace rheon::env::fake
