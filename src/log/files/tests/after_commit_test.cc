// What comes after a commit is durable: the witness and the readers are told, and it is tidied up.
// An error there takes nothing back.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "log/files/stream_reader.h"
#include "log/files/stream_writer.h"
#include "log/files/tests/log_fixture.h"
#include "log/files/tests/machine_of.h"
#include "log/files/tests/one_bad_file.h"

namespace rheon::log::files::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Call = OneBadFile::Call;
using Kind = Event::Kind;

class AfterACommit : public ::testing::Test {
 protected:
  AfterACommit() {
    options_.streams = {{"out", 1, "text", {std::nullopt, 1000}}};
    options_.ballast_bytes = 0;
    options_.min_free_bytes = 0;
  }
  void open_log() {
    log_.reset();
    auto result = open(machine_, options_);
    ASSERT_TRUE(result.has_value()) << result.error().message;
    log_ = std::move(result->log);
    opened_ = std::move(result->opened);
  }
  /// What has happened; time goes on a little.
  std::vector<Event> commit(std::vector<std::string> batches, bool complete = false) {
    Commit commit;
    commit.epoch = epoch_ = Epoch{epoch_.value + 1};
    for (std::string& batch : batches) {
      commit.appends.push_back({"out", 0, 1, EventTime{1}, std::move(batch)});
    }
    commit.complete = complete;
    log_->submit(std::move(commit));
    std::vector<Event> events = settle(env_, *log_);
    env_.clock().advance(std::chrono::seconds(1));
    for (Event& event : settle(env_, *log_)) {
      events.push_back(std::move(event));
    }
    return events;
  }
  static std::vector<Kind> kinds(const std::vector<Event>& events) {
    std::vector<Kind> all;
    for (const Event& event : events) {
      all.push_back(event.kind);
    }
    return all;
  }
  /// Commits until something other than that is said.
  Event commit_until_it_fails() {
    for (int i = 0; i < 200; ++i) {
      const std::vector<Event> events = commit({std::string(100, 'x')});
      if (events.back().kind != Kind::kCommitted) {
        return events.back();
      }
    }
    return {};
  }
  std::uint64_t batches_told() {
    auto reader = open_stream(env_.files(), "job.data", "out");
    EXPECT_TRUE(reader.has_value());
    const StreamPosition start{(*reader)->info().incarnation, 0};
    const auto batches = (*reader)->read(0, start, 1 << 20);
    return batches.has_value() ? batches->size() : 0;
  }

  env::fake::FakeEnv env_;
  MachineOf<OneBadFile> machine_{env_};
  OpenOptions options_ = small_options();
  std::unique_ptr<Log> log_;
  Opened opened_;
  Epoch epoch_;
};

TEST_F(AfterACommit, WhatThereWasNoRoomToTellIsToldWithTheNext) {
  open_log();
  machine_.files().fail_on("/witness", Call::kWrite, ErrorCode::kNoSpace, 1);
  EXPECT_THAT(kinds(commit({"a"})), ElementsAre(Kind::kCommitted));
  EXPECT_EQ(batches_told(), 0u);
  EXPECT_THAT(kinds(commit({})), ElementsAre(Kind::kCommitted));
  EXPECT_EQ(batches_told(), 1u) << "also when the next has nothing for it";
}

TEST_F(AfterACommit, TheBallastMakesRoomToTellIt) {
  options_.ballast_bytes = 4096;
  open_log();
  machine_.files().fail_on("/witness", Call::kWrite, ErrorCode::kNoSpace, 1);
  EXPECT_THAT(kinds(commit({"a"})), ElementsAre(Kind::kCommitted));
  EXPECT_EQ(batches_told(), 1u);
}

TEST_F(AfterACommit, TheLastOneMustBeTold) {
  for (const auto& [file, call, code] :
       {std::tuple{"/witness", Call::kWrite, ErrorCode::kNoSpace},
        std::tuple{"/published", Call::kWrite, ErrorCode::kNoSpace},
        std::tuple{"/published", Call::kSync, ErrorCode::kIo}}) {
    open_log();
    machine_.files().fail_on(file, call, code);
    const std::vector<Event> events = commit({}, /*complete=*/true);
    EXPECT_THAT(kinds(events), ElementsAre(Kind::kCommitted, Kind::kFailed));
    EXPECT_EQ(events.back().code, code);
    EXPECT_THAT(events.back().sentence, HasSubstr(file));
    machine_.files().fail_on("", call, code);
    open_log();
    EXPECT_EQ(opened_.epoch, epoch_);
    EXPECT_TRUE(opened_.complete);
    EXPECT_TRUE((*open_stream(env_.files(), "job.data", "out"))->info().sealed);
    EXPECT_THAT(kinds(commit({})), ElementsAre(Kind::kCommitted));
  }
}

TEST_F(AfterACommit, TidyingThatFailsEndsTheLogAndLosesNothing) {
  for (const auto& [file, call] :
       {std::pair{"/witness", Call::kSync}, std::pair{"/published", Call::kSync},
        std::pair{"/stream/out/00000001", Call::kRemove}}) {
    open_log();
    machine_.files().fail_on(file, call, ErrorCode::kIo);
    const Event event = commit_until_it_fails();
    EXPECT_EQ(event.kind, Kind::kFailed);
    EXPECT_THAT(event.sentence, HasSubstr(file));
    Commit late;
    late.epoch = Epoch{epoch_.value + 1};
    log_->submit(std::move(late));
    const auto told = log_->poll();
    ASSERT_TRUE(told.has_value());
    EXPECT_EQ(told->kind, Kind::kFailed);
    EXPECT_EQ(told->sentence, "the log has failed before: it must be opened anew");
    machine_.files().fail_on("", call, ErrorCode::kIo);
    open_log();
    EXPECT_EQ(opened_.epoch, epoch_);
    // As if nothing had been there: the first segment is to be removed once more.
    log_.reset();
    ASSERT_TRUE(reset(env_, "job.data", "job").has_value());
    epoch_ = Epoch{0};
  }
}

/// A stream that is not written by each commit has its own rhythm.
TEST_F(AfterACommit, WhatReadersAreToldIsSyncedOnceInSixtyFourTimes) {
  open_log();
  machine_.files().count("/published", Call::kSync);
  EXPECT_THAT(kinds(commit({})), ElementsAre(Kind::kCommitted));
  for (std::uint64_t i = 1; i < kSlotSyncCommits; ++i) {
    EXPECT_THAT(kinds(commit({"a"})), ElementsAre(Kind::kCommitted));
  }
  EXPECT_EQ(machine_.files().calls(), 0);
  EXPECT_THAT(kinds(commit({"a"})), ElementsAre(Kind::kCommitted));
  EXPECT_EQ(machine_.files().calls(), 1);
}

TEST_F(AfterACommit, OneThatDoesNotFitIsTriedAgainByItself) {
  open_log();
  machine_.files().fail_on("/00000001", Call::kWrite, ErrorCode::kNoSpace, 1);
  const std::vector<Event> events = commit({"a"});
  EXPECT_THAT(kinds(events), ElementsAre(Kind::kWaiting, Kind::kCommitted, Kind::kResumed));
  EXPECT_THAT(events.front().sentence, HasSubstr("the commit is tried again until there is room"));
  EXPECT_EQ(batches_told(), 1u);
}

TEST(BeforeTheFirstCommit, ThereIsNothingToDo) {
  env::fake::FakeEnv env;
  const auto opened = open(env, small_options());
  ASSERT_TRUE(opened.has_value());
  const std::uint64_t operations = env.files().operations();
  EXPECT_THAT(settle(env, *opened->log), IsEmpty());
  EXPECT_EQ(env.files().operations(), operations);
  EXPECT_EQ(opened->log->usage().journal_bytes, 0u);
}

TEST(AStreamsWriter, DoesNotTakeASegmentForOldThatItCouldNotFill) {
  env::fake::FakeEnv env;
  MachineOf<OneBadFile> machine(env);
  StreamWriterOptions options;
  options.directory = "out";
  options.name = "out";
  options.segment_bytes = 1000;
  const StreamDeclaration declaration{"out", 1, "text", {}};
  auto writer = StreamWriter::open(machine.files(), options, nullptr, &declaration);
  ASSERT_TRUE(writer.has_value()) << writer.error().message;
  const StreamAppend append{"out", 0, 1, EventTime{1}, "batch"};
  machine.files().fail_on("/00000001", Call::kWrite, ErrorCode::kNoSpace, 1);
  const auto full = (*writer)->write({&append}, Epoch{1});
  ASSERT_FALSE(full.has_value());
  EXPECT_EQ(full.error().code, ErrorCode::kNoSpace);
  EXPECT_FALSE((*writer)->has_old());
  ASSERT_TRUE((*writer)->remove_old().has_value());
  const auto written = (*writer)->write({&append}, Epoch{1});
  ASSERT_TRUE(written.has_value()) << written.error().message;
  EXPECT_EQ(written->state.segments.size(), 1u);
  EXPECT_TRUE(env.files().info("out/00000001").has_value());
}

}  // namespace
}  // namespace rheon::log::files::testing
