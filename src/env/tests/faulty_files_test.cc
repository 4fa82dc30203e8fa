#include "env/faulty/faulty_files.h"

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <set>
#include <string>

#include "base/bytes.h"
#include "env/fake/fake_env.h"

namespace rheon::env::faulty {
namespace {

struct Ended {};

class Faulty : public ::testing::Test {
 protected:
  Faulty() {
    EXPECT_TRUE(disk().make_directories("attic"));
    EXPECT_TRUE(disk().make_directories("d"));
  }

  fake::FakeDisk& disk() { return env_.files(); }
  FaultyFiles& files(const std::string& plan) {
    files_.emplace(disk(), *parse_fault_plan(plan), "attic", [] { throw Ended{}; });
    return *files_;
  }
  /// 14 operations: a file that is synced and then changed, one that is replaced, one removed.
  static void work(Files& files) {
    const auto open = [&](const std::string& path) { return *files.open(path, OpenMode::kCreate); };
    const auto a = open("d/a");                                             // 1
    EXPECT_TRUE(a->write_at(0, as_bytes(std::string_view("synced"))));      // 2
    EXPECT_TRUE(a->sync());                                                 // 3
    const auto b = open("d/b");                                             // 4
    EXPECT_TRUE(b->write_at(0, as_bytes(std::string_view("b"))));           // 5
    EXPECT_TRUE(b->sync());                                                 // 6
    EXPECT_TRUE(files.sync_directory("d"));                                 // 7
    EXPECT_TRUE(a->write_at(3, as_bytes(std::string_view("THING ELSE"))));  // 8
    EXPECT_TRUE(a->truncate(5));                                            // 9
    EXPECT_TRUE(a->preallocate(100));                                       // 10
    const auto c = open("d/c");                                             // 11
    EXPECT_TRUE(c->write_at(0, as_bytes(std::string_view("c"))));           // 12
    EXPECT_TRUE(files.rename("d/c", "d/b"));                                // 13
    EXPECT_TRUE(files.remove("d/a"));                                       // 14
  }
  std::string content(const std::string& path) {
    return read_whole(disk(), path).value_or("(none)");
  }

  fake::FakeEnv env_;
  std::optional<FaultyFiles> files_;
};

TEST_F(Faulty, WithoutAFaultEverythingIsAsItIs) {
  work(files("stop:100"));
  EXPECT_EQ(files_->operations(), 14u);
  EXPECT_EQ(content("d/a"), "(none)");
  EXPECT_EQ(content("d/b"), "c");
  EXPECT_EQ(files_->repeated_syncs(), 0u);
}

TEST_F(Faulty, AStopKeepsWhatWasWritten) {
  EXPECT_THROW(work(files("stop:9")), Ended);
  EXPECT_EQ(content("d/a"), "synTHING ELSE");
  EXPECT_EQ(content("d/b"), "b");
}

TEST_F(Faulty, AStopForgetsWhatWasNotSynced) {
  for (int at = 8; at <= 14; ++at) {
    SCOPED_TRACE(at);
    EXPECT_THROW(work(files("stop:" + std::to_string(at) + ":synced")), Ended);
    EXPECT_EQ(content("d/a"), "synced");
    EXPECT_EQ(content("d/b"), "b");
    EXPECT_EQ(content("d/c"), "(none)");
    ASSERT_TRUE(disk().remove("d/a"));
    ASSERT_TRUE(disk().remove("d/b"));
  }
}

TEST_F(Faulty, AStopTearsTheLastWrite) {
  const std::string whole = "synTHING ELSE";
  std::set<std::string> seen;
  for (int seed = 1; seed <= 100; ++seed) {
    EXPECT_THROW(work(files("stop:9:torn:" + std::to_string(seed))), Ended);
    const std::string left = content("d/a");
    const std::size_t changed = left.size() > 6 ? left.size() : 6;
    EXPECT_EQ(left.substr(0, 3), "syn");
    EXPECT_LE(changed, whole.size());
    seen.insert(left);
    ASSERT_TRUE(disk().remove("d/a"));
    ASSERT_TRUE(disk().remove("d/b"));
  }
  EXPECT_TRUE(seen.contains("synced")) << "nothing of it";
  EXPECT_TRUE(seen.contains(whole)) << "all of it";
  EXPECT_TRUE(seen.contains("synTHI")) << "a part of it";
}

TEST_F(Faulty, OneOperationFails) {
  Files& some = files("io:1");
  EXPECT_EQ(some.open("d/a", OpenMode::kCreate).error().code, ErrorCode::kIo);
  EXPECT_TRUE(some.open("d/a", OpenMode::kCreate));
}

TEST_F(Faulty, LackOfSpaceHitsWhatTakesSpace) {
  Files& some = files("nospace:2");
  const auto a = *some.open("d/a", OpenMode::kCreate);
  EXPECT_TRUE(a->sync());
  EXPECT_EQ(a->write_at(0, as_bytes(std::string_view("text"))).error().code, ErrorCode::kNoSpace);
}

TEST_F(Faulty, AShortWriteLeavesAPart) {
  Files& some = files("short:1");
  const auto a = *some.open("a", OpenMode::kCreate);
  EXPECT_EQ(a->write_at(0, as_bytes(std::string_view("text"))).error().code, ErrorCode::kIo);
  EXPECT_EQ(content("a"), "te");
}

TEST_F(Faulty, ASyncThatIsTriedAgainIsCounted) {
  Files& some = files("sync:1");
  const auto a = *some.open("a", OpenMode::kCreate);
  EXPECT_EQ(a->sync().error().code, ErrorCode::kIo);
  EXPECT_EQ(files_->repeated_syncs(), 0u);
  EXPECT_TRUE(a->sync());
  EXPECT_EQ(files_->repeated_syncs(), 1u);
}

TEST(FaultPlan, IsReadFromText) {
  const FaultPlan plan = *parse_fault_plan("stop:17:torn:5");
  EXPECT_EQ(plan.what, FaultPlan::What::kStop);
  EXPECT_EQ(plan.at, 17u);
  EXPECT_EQ(plan.survival, FaultPlan::Survival::kTorn);
  EXPECT_EQ(plan.seed, 5u);
  for (const char* wrong :
       {"", "stop", "stop:x", "halt:1", "stop:1:half", "stop:1:torn:x", "stop:1:torn:1:1"}) {
    EXPECT_EQ(parse_fault_plan(wrong).error().code, ErrorCode::kInvalidInput) << wrong;
  }
}

}  // namespace
}  // namespace rheon::env::faulty
