#include "sim/rot.h"

#include <gtest/gtest.h>

#include <random>
#include <set>
#include <string>
#include <utility>

#include "base/bytes.h"
#include "env/fake/fake_env.h"
#include "env/files.h"

namespace rheon::sim {
namespace {

class RotTest : public ::testing::Test {
 protected:
  RotTest() {
    for (const char* directory : {"job.data/journal", "job.data/snapshot"}) {
      EXPECT_TRUE(disk().make_directories(directory));
    }
    write(kOld, "an epoch");
    write(kLast, "the last epoch");
    write(kAhead, std::string(16, '\0'));
    write(kSlice, "a slice");
  }
  env::fake::FakeDisk& disk() { return env_.files(); }
  void write(const char* path, const std::string& text) {
    auto file = disk().open(path, env::OpenMode::kCreateNew);
    ASSERT_TRUE(file.has_value());
    ASSERT_TRUE((*file)->write_at(0, as_bytes(text)));
  }
  std::string read(const std::string& path) { return env::read_whole(disk(), path).value_or("?"); }

  static constexpr const char* kOld = "job.data/journal/00000001";
  static constexpr const char* kLast = "job.data/journal/00000002";
  static constexpr const char* kAhead = "job.data/journal/00000003";
  static constexpr const char* kSlice = "job.data/snapshot/00000001";
  env::fake::FakeEnv env_{1};
  Rot rot_{disk()};
  std::mt19937_64 random_{1};
};

TEST_F(RotTest, ChangesWhatIsNotWrittenAnyMoreAndHealsIt) {
  std::set<std::string> changed;
  for (int i = 0; i < 50; ++i) {
    ASSERT_TRUE(rot_.change_a_bit(random_));
    EXPECT_NE(read(kOld) + read(kSlice), "an epocha slice");
    const auto path = rot_.heal();
    ASSERT_TRUE(path.has_value());
    changed.insert(*path);
    EXPECT_EQ(read(kOld) + read(kSlice), "an epocha slice");
  }
  EXPECT_EQ(changed, (std::set<std::string>{kOld, kSlice}));
  EXPECT_EQ(read(kLast), "the last epoch");
  EXPECT_EQ(rot_.heal(), std::nullopt) << "nothing has been changed since";
}

TEST_F(RotTest, LeavesWhatHasBeenWrittenAnewMeanwhile) {
  std::string path;
  while (path != kSlice) {
    ASSERT_TRUE(rot_.change_a_bit(random_));
    const bool slice = read(kSlice) != "a slice";
    if (slice) {
      ASSERT_TRUE(disk().remove(kSlice));
      write(kSlice, "another");
    }
    path = rot_.heal().value_or("");
  }
  EXPECT_EQ(read(kSlice), "another");
}

TEST_F(RotTest, FindsNothingOnAnEmptyDisk) {
  env::fake::FakeEnv empty(1);
  Rot rot(empty.files());
  EXPECT_FALSE(rot.change_a_bit(random_));
  EXPECT_EQ(rot.heal(), std::nullopt);
}

TEST_F(RotTest, ASlowDiskLetsTimePassInReadsAndWrites) {
  int operations = 0;
  disk().on_operation = [&operations] { ++operations; };
  EXPECT_EQ(read(kOld), "an epoch");
  EXPECT_GT(std::exchange(operations, 0), 0);
  write("job.data/other", "text");
  EXPECT_GT(operations, 0);
}

}  // namespace
}  // namespace rheon::sim
