// What every implementation of Files promises, checked on the real disk and on the simulated one.

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <string>
#include <thread>

#include "base/bytes.h"
#include "env/env.h"
#include "env/fake/fake_env.h"
#include "env/posix.h"

namespace rheon::env {
namespace {

/// An Env, and a directory of it that is empty.
class Place {
 public:
  virtual ~Place() = default;
  virtual Env& env() = 0;
  virtual std::string directory() = 0;
};

class RealPlace : public Place {
 public:
  RealPlace() {
    std::string name = (std::filesystem::temp_directory_path() / "rheon_env_XXXXXX").string();
    directory_ = ::mkdtemp(name.data());
  }
  ~RealPlace() override { std::filesystem::remove_all(directory_); }
  Env& env() override { return *env_; }
  std::string directory() override { return directory_; }

 private:
  std::unique_ptr<Env> env_ = make_posix_env();
  std::string directory_;
};

class SimulatedPlace : public Place {
 public:
  SimulatedPlace() { EXPECT_TRUE(env_.files().make_directories("simulated/place")); }
  Env& env() override { return env_; }
  std::string directory() override { return "simulated/place"; }

 private:
  fake::FakeEnv env_{1};
};

struct Kind {
  const char* name;
  std::function<std::unique_ptr<Place>()> make;
};

class FilesContract : public ::testing::TestWithParam<Kind> {
 protected:
  Files& files() { return place_->env().files(); }
  std::string path(std::string_view name) { return join(place_->directory(), name); }

  std::unique_ptr<File> open(std::string_view name, OpenMode mode = OpenMode::kCreate) {
    auto file = files().open(path(name), mode);
    EXPECT_TRUE(file) << file.error().message;
    return std::move(*file);
  }
  void put(std::string_view name, std::string_view text) {
    ASSERT_TRUE(open(name)->write_at(0, as_bytes(text)));
  }
  std::string content(std::string_view name) {
    auto text = read_whole(files(), path(name));
    return text ? *text : "error: " + text.error().message;
  }
  ErrorCode code_of_opening(std::string_view name, OpenMode mode) {
    auto file = files().open(path(name), mode);
    EXPECT_FALSE(file);
    return file ? ErrorCode::kInternal : file.error().code;
  }

  std::unique_ptr<Place> place_ = GetParam().make();
};

INSTANTIATE_TEST_SUITE_P(
    Everywhere, FilesContract,
    ::testing::Values(Kind{"Posix", [] { return std::make_unique<RealPlace>(); }},
                      Kind{"Fake", [] { return std::make_unique<SimulatedPlace>(); }}),
    [](const auto& parameter) { return parameter.param.name; });

TEST_P(FilesContract, OpensOnlyWhatTheModeAllows) {
  EXPECT_EQ(code_of_opening("a", OpenMode::kRead), ErrorCode::kNotFound);
  EXPECT_EQ(code_of_opening("a", OpenMode::kReadWrite), ErrorCode::kNotFound);
  put("a", "text");
  EXPECT_EQ(code_of_opening("a", OpenMode::kCreateNew), ErrorCode::kIo);
  EXPECT_EQ(code_of_opening("missing/a", OpenMode::kCreate), ErrorCode::kNotFound);
  EXPECT_EQ(code_of_opening("", OpenMode::kRead), ErrorCode::kIo);  // a directory
  open("a", OpenMode::kCreate);
  EXPECT_EQ(content("a"), "text");
  open("b", OpenMode::kCreateNew);
  EXPECT_EQ(content("b"), "");
}

TEST_P(FilesContract, ReadsWhatWasWrittenAtAnyOffset) {
  auto file = open("a");
  ASSERT_TRUE(file->write_at(3, as_bytes("defg")));
  ASSERT_TRUE(file->write_at(0, as_bytes("abc")));
  std::array<std::byte, 16> buffer{};
  auto got = file->read_at(2, buffer);
  ASSERT_TRUE(got);
  EXPECT_EQ(as_text(Bytes(buffer).first(*got)), "cdefg");
  EXPECT_EQ(*file->read_at(7, buffer), 0u);
  EXPECT_EQ(*file->read_at(700, buffer), 0u);
  EXPECT_TRUE(file->write_at(9, as_bytes("x")));
  EXPECT_EQ(content("a"), std::string("abcdefg\0\0x", 10));
}

TEST_P(FilesContract, FailsToWriteWhatWasOpenedForReading) {
  put("a", "abc");
  auto file = open("a", OpenMode::kRead);
  EXPECT_FALSE(file->write_at(0, as_bytes("x")));
  EXPECT_FALSE(file->truncate(1));
  EXPECT_EQ(content("a"), "abc");
}

TEST_P(FilesContract, TruncatesToShorterAndLonger) {
  put("a", "abcdef");
  auto file = open("a");
  ASSERT_TRUE(file->truncate(2));
  ASSERT_TRUE(file->truncate(4));
  EXPECT_EQ(content("a"), std::string("ab\0\0", 4));
  EXPECT_EQ(file->info()->size, 4u);
}

TEST_P(FilesContract, PreallocationReadsAsZerosAndNeverShortens) {
  put("a", "abc");
  auto file = open("a");
  ASSERT_TRUE(file->preallocate(100'000));
  EXPECT_EQ(content("a"), "abc" + std::string(100'000 - 3, '\0'));
  ASSERT_TRUE(file->preallocate(10));
  EXPECT_EQ(file->info()->size, 100'000u);
  ASSERT_TRUE(file->preallocate(0));
}

TEST_P(FilesContract, TellsWhatStandsAtAPath) {
  put("a", "abc");
  put("b", "abc");
  ASSERT_TRUE(files().make_directories(path("d")));
  EXPECT_EQ(files().info(path("a"))->size, 3u);
  EXPECT_NE(files().info(path("a"))->inode, files().info(path("b"))->inode);
  EXPECT_EQ(files().info(path("a"))->inode, open("a")->info()->inode);
  EXPECT_FALSE(files().info(path("a"))->is_directory);
  EXPECT_TRUE(files().info(path("d"))->is_directory);
  EXPECT_EQ(files().info(path("c")).error().code, ErrorCode::kNotFound);
}

TEST_P(FilesContract, RenameReplacesAndKeepsTheInode) {
  put("a", "new");
  put("b", "old");
  auto old = open("b");
  const auto inode = files().info(path("a"))->inode;
  ASSERT_TRUE(files().rename(path("a"), path("b")));
  EXPECT_EQ(content("b"), "new");
  EXPECT_EQ(files().info(path("b"))->inode, inode);
  EXPECT_EQ(files().info(path("a")).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(files().rename(path("a"), path("b")).error().code, ErrorCode::kNotFound);
  std::array<std::byte, 3> still{};
  ASSERT_EQ(*old->read_at(0, still), 3u);  // an open file outlives its name
  EXPECT_EQ(as_text(still), "old");
}

TEST_P(FilesContract, RenamesDirectories) {
  ASSERT_TRUE(files().make_directories(path("d/e")));
  put("d/e/a", "abc");
  ASSERT_TRUE(files().rename(path("d"), path("f")));
  EXPECT_EQ(content("f/e/a"), "abc");
  EXPECT_FALSE(files().info(path("d")));
}

TEST_P(FilesContract, RemovesFilesAndEmptyDirectories) {
  ASSERT_TRUE(files().make_directories(path("d")));
  put("d/a", "abc");
  EXPECT_EQ(files().remove(path("d")).error().code, ErrorCode::kIo);
  ASSERT_TRUE(files().remove(path("d/a")));
  EXPECT_EQ(files().remove(path("d/a")).error().code, ErrorCode::kNotFound);
  ASSERT_TRUE(files().remove(path("d")));
  EXPECT_EQ(files().info(path("d")).error().code, ErrorCode::kNotFound);
}

TEST_P(FilesContract, MakesDirectoriesAllTheWay) {
  ASSERT_TRUE(files().make_directories(path("d/e/f")));
  ASSERT_TRUE(files().make_directories(path("d/e/f")));
  ASSERT_TRUE(files().make_directories(path("d/e/g/")));
  EXPECT_EQ(*files().list(path("d/e")), (std::vector<std::string>{"f", "g"}));
  put("a", "");
  EXPECT_FALSE(files().make_directories(path("a")));
  EXPECT_FALSE(files().make_directories(path("a/b")));
}

TEST_P(FilesContract, ListsInByteOrder) {
  for (const char* name : {"b", "B", "a", "0", "\xc3\xa4", "d.tmp", ".hidden"}) {
    put(name, "");
  }
  ASSERT_TRUE(files().make_directories(path("c")));
  EXPECT_EQ(*files().list(path("")),
            (std::vector<std::string>{".hidden", "0", "B", "a", "b", "c", "d.tmp", "\xc3\xa4"}));
  EXPECT_EQ(files().list(path("missing")).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(files().list(path("a")).error().code, ErrorCode::kIo);
}

TEST_P(FilesContract, GlobFindsRegularFiles) {
  ASSERT_TRUE(files().make_directories(path("d1")));
  ASSERT_TRUE(files().make_directories(path("d2.csv")));
  for (const char* name : {"b.csv", "a.csv", "a.txt", ".c.csv", "d1/x.csv", "d2.csv/y.csv"}) {
    put(name, "");
  }
  const auto found = [&](std::string_view pattern) {
    auto paths = files().glob(path(pattern));
    EXPECT_TRUE(paths);
    return *paths;
  };
  EXPECT_EQ(found("*.csv"), (std::vector{path("a.csv"), path("b.csv")}));
  EXPECT_EQ(found("d?*/*.csv"), (std::vector{path("d1/x.csv"), path("d2.csv/y.csv")}));
  EXPECT_EQ(found("[a-b].[ct]*"), (std::vector{path("a.csv"), path("a.txt"), path("b.csv")}));
  EXPECT_EQ(found("a.csv"), (std::vector{path("a.csv")}));
  EXPECT_TRUE(found("*.none").empty());
  EXPECT_TRUE(found("none/*").empty());
}

TEST_P(FilesContract, LocksExcludeEachOtherUntilGivenBack) {
  auto first = files().lock(path("LOCK"));
  ASSERT_TRUE(first);
  auto second = files().lock(path("LOCK"));
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::kRefused);
  EXPECT_NE(second.error().message.find(path("LOCK")), std::string::npos);
  EXPECT_TRUE(*files().is_locked(path("LOCK")));
  first->reset();
  EXPECT_TRUE(files().lock(path("LOCK")));
}

TEST_P(FilesContract, ReadersShareALock) {
  EXPECT_EQ(files().lock_for_reading(path("LOCK")).error().code, ErrorCode::kNotFound);
  EXPECT_TRUE(files().list(path(""))->empty());
  {
    auto writer = files().lock(path("LOCK"));
    ASSERT_TRUE(writer);
    EXPECT_EQ(files().lock_for_reading(path("LOCK")).error().code, ErrorCode::kRefused);
  }
  auto first = files().lock_for_reading(path("LOCK"));
  auto second = files().lock_for_reading(path("LOCK"));
  ASSERT_TRUE(first);
  ASSERT_TRUE(second);
  EXPECT_TRUE(*files().is_locked(path("LOCK")));
  EXPECT_EQ(files().lock(path("LOCK")).error().code, ErrorCode::kRefused);
  first->reset();
  EXPECT_EQ(files().lock(path("LOCK")).error().code, ErrorCode::kRefused);
  second->reset();
  EXPECT_FALSE(*files().is_locked(path("LOCK")));
  EXPECT_TRUE(files().lock(path("LOCK")));
}

TEST_P(FilesContract, AskingForALockTakesNothing) {
  EXPECT_EQ(files().is_locked(path("LOCK")).error().code, ErrorCode::kNotFound);
  EXPECT_TRUE(files().list(path(""))->empty());
  {
    ASSERT_TRUE(files().lock(path("LOCK")));
  }
  EXPECT_FALSE(*files().is_locked(path("LOCK")));
  EXPECT_TRUE(files().lock(path("LOCK")));
}

/// A command that looked took the lock for a moment, and a job could not start at that moment
/// (T-01-composed, seed 14).
TEST(PosixLock, IsNotInTheWayWhileSomebodyAsks) {
  RealPlace place;
  const std::string path = place.directory() + "/LOCK";
  {
    ASSERT_TRUE(place.env().files().lock(path));
  }
  std::atomic<bool> done = false;
  std::thread asking([&] {
    while (!done) {
      EXPECT_TRUE(place.env().files().is_locked(path));
    }
  });
  int refused = 0;
  for (int i = 0; i < 5000; ++i) {
    refused += place.env().files().lock(path).has_value() ? 0 : 1;
  }
  done = true;
  asking.join();
  EXPECT_EQ(refused, 0);
}

TEST_P(FilesContract, ReplacesWholeFiles) {
  ASSERT_TRUE(replace_whole(files(), path("a"), "first and longer"));
  ASSERT_TRUE(replace_whole(files(), path("a"), "second"));
  EXPECT_EQ(content("a"), "second");
  EXPECT_EQ(*files().list(path("")), (std::vector<std::string>{"a"}));
  const std::string large(300'000, 'x');
  ASSERT_TRUE(replace_whole(files(), path("a"), large));
  EXPECT_EQ(content("a"), large);
  EXPECT_EQ(replace_whole(files(), path("no/a"), "x").error().code, ErrorCode::kNotFound);
  EXPECT_EQ(read_whole(files(), path("b")).error().code, ErrorCode::kNotFound);
}

TEST_P(FilesContract, SyncsFilesAndDirectories) {
  auto file = open("a");
  ASSERT_TRUE(file->write_at(0, as_bytes("abc")));
  EXPECT_TRUE(file->sync());
  EXPECT_TRUE(files().sync_directory(path("")));
  EXPECT_EQ(files().sync_directory(path("missing")).error().code, ErrorCode::kNotFound);
}

TEST_P(FilesContract, TellsTheSpaceOfTheFileSystem) {
  auto space = files().space(path(""));
  ASSERT_TRUE(space);
  EXPECT_GT(space->free_bytes, 0u);
  EXPECT_GE(space->total_bytes, space->free_bytes);
  EXPECT_FALSE(space->file_system.empty());
  EXPECT_EQ(files().space(path("missing")).error().code, ErrorCode::kNotFound);
}

TEST_P(FilesContract, ErrorsNameThePathAndTheReason) {
  const auto error = files().open(path("a"), OpenMode::kRead).error();
  EXPECT_EQ(error.message, "cannot open '" + path("a") + "': No such file or directory");
}

TEST(Paths, DirectoryOf) {
  EXPECT_EQ(plain("out/"), "out");
  EXPECT_EQ(plain("./out//a/./b"), "out/a/b");
  EXPECT_EQ(plain("//out/"), "/out");
  EXPECT_EQ(plain("../out"), "../out");
  EXPECT_EQ(plain("/"), "/");
  EXPECT_EQ(plain("./"), ".");
  EXPECT_EQ(plain(""), ".");
  EXPECT_EQ(directory_of("a"), ".");
  EXPECT_EQ(directory_of("a/b"), "a");
  EXPECT_EQ(directory_of("a/b/"), "a");
  EXPECT_EQ(directory_of("/a"), "/");
  EXPECT_EQ(directory_of("/"), "/");
  EXPECT_EQ(directory_of("a//b"), "a");
  EXPECT_EQ(directory_of(""), ".");
}

TEST(Paths, Join) {
  EXPECT_EQ(join("a", "b"), "a/b");
  EXPECT_EQ(join("a/", "b"), "a/b");
  EXPECT_EQ(join("/", "b"), "/b");
  EXPECT_EQ(join("", "b"), "b");
}

}  // namespace
}  // namespace rheon::env
