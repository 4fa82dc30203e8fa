// An error at every call: nothing that was committed is lost, a failed sync ends the log, lack of
// space only delays it (T-05, T-04).

#include <gtest/gtest.h>

#include "log/files/space.h"
#include "log/files/tests/bad_blocks.h"
#include "log/files/tests/model_job.h"

namespace rheon::log::files::testing {
namespace {

using env::fake::FakeEnv;
using env::fake::Fault;
using env::fake::Survival;

constexpr int kEpochsWithFaults = 30;

struct JobRun {
  FakeEnv env;
  ModelJob job;
  explicit JobRun(std::uint64_t seed) : env(seed), job(seed) {}
};

std::uint64_t operations_of_job(std::uint64_t seed) {
  JobRun run(seed);
  run.job.open_and_compare(run.env);
  for (int i = 0; i < kEpochsWithFaults; ++i) {
    EXPECT_TRUE(run.job.commit(run.env));
  }
  return run.env.files().operations();
}

void fault_at(std::uint64_t seed, std::uint64_t point, Fault fault, bool then_power_cut) {
  SCOPED_TRACE(::testing::Message() << "seed " << seed << " point " << point << " fault "
                                    << static_cast<int>(fault) << " cut " << then_power_cut);
  JobRun run(seed);
  run.env.files().fail_after(point, fault);
  if (!run.job.try_open_and_compare(run.env)) {
    run.env.restart();
    run.job.open_and_compare(run.env);
  }
  ASSERT_FALSE(::testing::Test::HasFatalFailure());
  bool fine = true;
  for (int i = 0; i < kEpochsWithFaults && fine; ++i) {
    fine = run.job.commit(run.env);
  }
  if (fault == Fault::kNoSpace) {
    ASSERT_TRUE(fine) << run.job.events().back().sentence;  // there was room the next time
  }
  run.env.files().clear_faults();
  if (then_power_cut) {
    // First the next process starts on what the system still shows, then the power goes.
    run.job.forget_log();
    run.job.open_and_compare(run.env);
    ASSERT_FALSE(::testing::Test::HasFatalFailure());
    run.env.cut_power(seed + point, point % 2 == 0 ? Survival::kTorn : Survival::kScattered);
    run.env.restart();
  }
  run.job.forget_log();
  run.job.open_and_compare(run.env);
  ASSERT_FALSE(::testing::Test::HasFatalFailure());
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(run.job.commit(run.env));
  }
}

class FaultTest : public ::testing::TestWithParam<Fault> {};

TEST_P(FaultTest, AtEveryCallNothingThatWasCommittedIsLost) {
  const std::uint64_t points = operations_of_job(1);
  for (const bool then_power_cut : {false, true}) {
    for (std::uint64_t point = 0; point <= points; point += kPointStep) {
      fault_at(1, point, GetParam(), then_power_cut);
      if (HasFailure()) {
        return;
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Faults, FaultTest,
                         ::testing::Values(Fault::kIo, Fault::kNoSpace, Fault::kShortWrite,
                                           Fault::kFailedSync));

/// What is larger than the buffer of a writer goes to the file in the midst of the commit.
TEST_P(FaultTest, ALargeCommitIsWholeOrNotThere) {
  constexpr std::size_t kLarge = 700 << 10;
  for (std::uint64_t point = 0; point < 60; ++point) {  // more than there are
    SCOPED_TRACE(point);
    FakeEnv env(11);
    OpenOptions options = ModelJob::options();
    auto log = std::move(open(env, options)->log);
    Commit commit;
    commit.epoch = Epoch{1};
    for (int i = 0; i < 2; ++i) {
      codec::DeltaWriter delta;
      delta.begin_section(StateId{1}, KeyGroup{0});
      delta.put("key", std::string(kLarge, 'x'));
      commit.deltas.push_back(delta.take());
    }
    commit.facts = {{"fact", std::string(kLarge, 'y')}};
    commit.appends = {{"out", 0, 1, EventTime{1}, std::string(kLarge, 'z')},
                      {"out", 1, 1, EventTime{1}, "small"}};
    env.files().fail_after(point, GetParam());
    log->submit(std::move(commit));
    std::vector<Event> events;
    for (int i = 0; i < 5; ++i) {
      for (Event& event : settle(env, *log)) {
        events.push_back(std::move(event));
      }
      env.clock().advance(std::chrono::seconds(1));
    }
    const bool committed = has(events, Event::Kind::kCommitted);
    EXPECT_TRUE(committed || has(events, Event::Kind::kFailed));
    EXPECT_TRUE(committed || GetParam() != Fault::kNoSpace);
    env.files().clear_faults();
    log.reset();
    const auto opened = open(env, options);
    ASSERT_TRUE(opened.has_value()) << opened.error().message;
    EXPECT_GE(opened->opened.epoch, Epoch{committed ? 1u : 0u});
    if (opened->opened.epoch == Epoch{1}) {
      EXPECT_EQ(opened->opened.facts.at("fact").size(), kLarge);
      EXPECT_EQ(restored(*opened->log).size(), 1u);
    }
    if (HasFailure()) {
      return;
    }
  }
}

TEST(Space, ACommitWaitsUntilThereIsRoomAndIsThenTheSame) {
  JobRun run(5);
  OpenOptions options = ModelJob::options();
  run.job.open_and_compare(run.env, options);
  ASSERT_TRUE(run.job.commit(run.env));
  run.env.files().set_capacity(run.env.files().used_bytes());
  int waits = 0;
  run.job.on_waiting = [&waits](FakeEnv& env) {
    ++waits;
    env.files().set_capacity(1ull << 30);
  };
  for (int i = 0; i < 60; ++i) {
    ASSERT_TRUE(run.job.commit(run.env));
  }
  run.env.clock().advance(std::chrono::seconds(1));
  const std::vector<Event> events = settle(run.env, run.job.log());
  EXPECT_GT(waits, 0);
  EXPECT_TRUE(has(run.job.events(), Event::Kind::kWaiting));
  EXPECT_TRUE(has(run.job.events(), Event::Kind::kResumed) || has(events, Event::Kind::kResumed));
  run.job.forget_log();
  run.job.open_and_compare(run.env);
}

TEST(Space, TheBallastLetsTheLastCommitThrough) {
  JobRun run(6);
  OpenOptions options = ModelJob::options();
  options.min_free_bytes = 0;
  options.allocate_ahead_bytes = 2 * options.ballast_bytes;  // as in production
  options.journal_segment_bytes = 64 << 10;
  run.job.open_and_compare(run.env, options);
  ASSERT_TRUE(run.job.commit(run.env));
  run.env.files().set_capacity(run.env.files().used_bytes());
  bool waited = false;
  run.job.on_waiting = [&waited](FakeEnv& env) {
    waited = true;
    env.files().set_capacity(1ull << 30);
  };
  const auto has_ballast = [&] { return run.env.files().info("job.data/ballast").has_value(); };
  while (has_ballast()) {
    ASSERT_TRUE(run.job.commit(run.env));
  }
  EXPECT_FALSE(waited) << "the commit was not through when the ballast was gone";
  while (!waited) {
    ASSERT_TRUE(run.job.commit(run.env));
  }
  for (int i = 0; i < 100 && !has_ballast(); ++i) {  // there is room again
    ASSERT_TRUE(run.job.commit(run.env));
  }
  EXPECT_TRUE(has_ballast());
}

TEST(Space, LittleFreeSpacePausesSourcesAndCommitsGoOn) {
  JobRun run(7);
  OpenOptions options = ModelJob::options();
  options.min_free_bytes = 1 << 20;
  auto filler = run.env.files().open("filler", env::OpenMode::kCreate);
  ASSERT_TRUE((*filler)->preallocate(10 << 20).has_value());
  run.job.open_and_compare(run.env, options);
  run.env.files().set_capacity(run.env.files().used_bytes() + (100 << 10));
  ASSERT_TRUE(run.job.commit(run.env));
  EXPECT_TRUE(has(run.job.events(), Event::Kind::kWaiting));
  EXPECT_NE(run.job.events().back().sentence.find("are free"), std::string::npos);
  run.env.clock().advance(std::chrono::seconds(10));
  EXPECT_TRUE(settle(run.env, run.job.log()).empty()) << "it is said once";
}

TEST(Space, ThatCannotBeLookedAtIsNoShortage) {
  FakeEnv env;
  BadMachine machine(env);
  ASSERT_TRUE(env.files().make_directories("d").has_value());
  auto filler = env.files().open("d/filler", env::OpenMode::kCreate);
  ASSERT_TRUE((*filler)->preallocate(95).has_value());
  env.files().set_capacity(100);
  SpaceKeeper space(machine.files(),
                    {.directory = "d", .ballast_bytes = 0, .min_free_bytes = UINT64_MAX});
  EXPECT_NE(space.shortage(), "");
  machine.files().fail_at(1);
  EXPECT_EQ(space.shortage(), "");
}

TEST(Journal, ASegmentThatIsGoneWhenItShallGoStopsTheJobForNow) {
  JobRun run(9);
  run.job.open_and_compare(run.env);
  while (!run.env.files().info("job.data/journal/00000003").has_value()) {
    ASSERT_TRUE(run.job.commit(run.env));
  }
  ASSERT_TRUE(run.env.files().remove("job.data/journal/00000001").has_value());
  bool fine = true;
  for (int i = 0; i < 200 && fine; ++i) {
    fine = run.job.commit(run.env);
  }
  ASSERT_FALSE(fine);
  EXPECT_EQ(run.job.events().back().code, ErrorCode::kIo) << "opening anew may help";
  run.job.forget_log();
}

TEST(FileSystem, OfWhichNobodyKnowsHowItSyncsIsMentioned) {
  JobRun run(10);
  run.env.files().set_file_system("fuse");
  const auto opened = open(run.env, ModelJob::options());
  ASSERT_TRUE(opened.has_value());
  EXPECT_NE(opened->opened.notice.find("FUSE"), std::string::npos) << opened->opened.notice;
}

TEST(FailedSync, EndsTheLogForGood) {
  JobRun run(8);
  run.job.open_and_compare(run.env);
  ASSERT_TRUE(run.job.commit(run.env));
  run.env.files().fail_after(0, Fault::kFailedSync);
  bool fine = true;
  for (int i = 0; i < 5 && fine; ++i) {
    fine = run.job.commit(run.env);
  }
  EXPECT_FALSE(fine);

  EXPECT_TRUE(run.job.log().slices_wanted(1000).empty());
}

}  // namespace
}  // namespace rheon::log::files::testing
