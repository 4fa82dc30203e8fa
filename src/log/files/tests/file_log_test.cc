#include "log/files/file_log.h"

#include <gtest/gtest.h>

#include "log/files/format.h"
#include "log/files/tests/place.h"

namespace rheon::log::files::testing {
namespace {

class FileLog : public OnEveryDisk {};

INSTANTIATE_TEST_SUITE_P(Disks, FileLog, ::testing::Values(Disk::kMemory, Disk::kPosix), name_of);

TEST_P(FileLog, FirstOpenMakesAFreshDirectory) {
  open_log();
  EXPECT_TRUE(opened.fresh);
  EXPECT_EQ(opened.epoch, Epoch{0});
  EXPECT_NE(opened.identity.uid, Id{});
}

TEST_P(FileLog, WhatWasCommittedIsThereAfterARestart) {
  open_log();
  const Identity identity = opened.identity;
  for (int i = 1; i <= 100; ++i) {
    Commit next;
    next.deltas = {put_blob(1, "a", std::to_string(i)), put_blob(2, "b", "x")};
    next.facts = {{"position", std::to_string(i)}};
    commit(std::move(next));
  }
  restart();
  EXPECT_FALSE(opened.fresh);
  EXPECT_EQ(opened.epoch, Epoch{100});
  EXPECT_EQ(opened.identity.uid, identity.uid);
  EXPECT_EQ(opened.facts.at("position"), "100");
  EXPECT_EQ(opened.notice, "");
  const Model expected{{{1, "a"}, "100"}, {{2, "b"}, "x"}};
  EXPECT_EQ(restored(*log), expected);
}

TEST_P(FileLog, ASecondProcessIsRefused) {
  open_log();
  Result<OpenResult> second = open(machine(), options);
  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.error().code, ErrorCode::kRefused);
}

TEST_P(FileLog, TheDirectoryOfSomethingElseIsRefusedAndNotTouched) {
  options.directory = env::join(place_->directory(), "photos");
  env::Files& files = machine().files();
  ASSERT_TRUE(files.make_directories(options.directory));
  ASSERT_TRUE(env::replace_whole(files, env::join(options.directory, "cat.jpg"), "meow"));
  Result<OpenResult> refused = open(machine(), options);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, ErrorCode::kRefused);
  EXPECT_NE(refused.error().message.find("holds 'cat.jpg'"), std::string::npos);
  EXPECT_EQ(*files.list(options.directory), std::vector<std::string>{"cat.jpg"});
}

TEST_P(FileLog, NamesThatOnlyBeginLikeItsOwnAreForeign) {
  options.directory = env::join(place_->directory(), "mine");
  env::Files& files = machine().files();
  ASSERT_TRUE(files.make_directories(options.directory));
  ASSERT_TRUE(env::replace_whole(files, env::join(options.directory, "streaming.mp4"), "la"));
  Result<OpenResult> refused = open(machine(), options);
  ASSERT_FALSE(refused.has_value());
  EXPECT_NE(refused.error().message.find("holds 'streaming.mp4'"), std::string::npos);
}

TEST_P(FileLog, TheRootOfAFreshFileSystemIsTaken) {
  options.directory = env::join(place_->directory(), "mount");
  ASSERT_TRUE(machine().files().make_directories(env::join(options.directory, ".Trash-0")));
  ASSERT_TRUE(
      env::replace_whole(machine().files(), env::join(options.directory, "witness.tmp"), ""));
  ASSERT_TRUE(machine().files().make_directories(env::join(options.directory, "lost+found")));
  open_log();
  EXPECT_TRUE(opened.fresh);
}

TEST_P(FileLog, ADirectoryThatIsRemovedWhileTheJobRunsFailsTheNextCommitForGood) {
  open_log();
  commit({});
  env::Files& files = machine().files();
  const std::string journal = env::join(options.directory, kJournalDirectory);
  const auto segments = files.list(journal);
  for (const std::string& segment : *segments) {
    ASSERT_TRUE(files.remove(env::join(journal, segment)));
  }
  Commit next;
  next.epoch = Epoch{2};
  log->submit(std::move(next));
  const std::vector<Event> events = place_->settle(*log);
  ASSERT_TRUE(has(events, Event::Kind::kFailed));
  EXPECT_EQ(events.back().code, ErrorCode::kRefused) << "not to be tried again";
  EXPECT_NE(events.back().sentence.find("was removed or moved away"), std::string::npos)
      << events.back().sentence;
}

}  // namespace
}  // namespace rheon::log::files::testing
