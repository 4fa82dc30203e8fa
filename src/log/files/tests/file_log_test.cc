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

TEST_P(FileLog, StreamsHaveNamesThatCanBeDirectories) {
  const auto refusal = [&](std::vector<StreamDeclaration> streams) {
    options.streams = std::move(streams);
    const auto result = open(machine(), options);
    return result.has_value() ? std::string() : result.error().message;
  };
  using std::string_literals::operator""s;
  for (const std::string& name : {""s, ".hidden"s, "a/b"s, "a\0b"s}) {
    EXPECT_NE(refusal({{name, 1, "text", {}}}).find("cannot be the name of a stream"),
              std::string::npos);
  }
  EXPECT_NE(refusal({{"a", 0, "text", {}}}).find("with no partitions"), std::string::npos);
  EXPECT_NE(refusal({{"a", 65'537, "text", {}}}).find("at most 65536"), std::string::npos);
  EXPECT_NE(refusal({{"a", 1, "text", {}}, {"a", 1, "text", {}}}).find("declared twice"),
            std::string::npos);
  EXPECT_EQ(refusal({{"a", 65'536, "text", {}}, {"b", 1, "text", {}}}), "");
}

TEST_P(FileLog, WhatIsNotDeclaredOrNotTheNextEpochEndsTheLog) {
  const auto failure = [&](Commit bad) {
    options.streams = {{"a", 2, "text", {}}};
    auto result = open(machine(), options);
    EXPECT_TRUE(result.has_value());
    result->log->submit(std::move(bad));
    const std::vector<Event> events = place_->settle(*result->log);
    EXPECT_TRUE(has(events, Event::Kind::kFailed));
    Commit again;
    again.epoch = Epoch{1};
    EXPECT_TRUE(result->log->slices_wanted(1000).empty());
    return events.back().sentence;
  };
  Commit wrong_epoch;
  wrong_epoch.epoch = Epoch{2};
  EXPECT_NE(failure(std::move(wrong_epoch)).find("epoch 2 was to be committed after epoch 0"),
            std::string::npos);
  for (const StreamAppend& append :
       {StreamAppend{"b", 0, 1, EventTime{1}, "x"}, StreamAppend{"a", 2, 1, EventTime{1}, "x"}}) {
    Commit commit;
    commit.epoch = Epoch{1};
    commit.appends = {append};
    EXPECT_NE(failure(std::move(commit)).find("which was not declared"), std::string::npos);
  }
}

TEST_P(FileLog, WithoutSyncsItIsTheSameAsLongAsThePowerStays) {
  options.sync = false;
  options.streams = {{"a", 1, "text", {}}};
  open_log();
  for (int i = 1; i <= 200; ++i) {
    Commit next;
    next.deltas = {put_blob(1, "a", std::to_string(i))};
    next.appends = {{"a", 0, 1, EventTime{i}, std::string(50, 'x')}};
    next.complete = i == 200;
    commit(std::move(next));
  }
  log.reset();
  open_log();
  EXPECT_EQ(opened.epoch, Epoch{200});
  EXPECT_EQ(restored(*log), (Model{{{1, "a"}, "200"}}));
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
