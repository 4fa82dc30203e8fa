// Epochs that count only when somebody outside says so.

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "log/files/identity.h"
#include "log/files/inspect.h"
#include "log/files/stream_reader.h"
#include "log/files/tests/log_fixture.h"

namespace rheon::log::files::testing {
namespace {

using env::fake::FakeEnv;

class PreparedTest : public ::testing::Test {
 protected:
  static OpenOptions options() {
    OpenOptions options = small_options();
    options.streams = {{"out", 1, "text", {}}};
    return options;
  }
  /// `counts`: what who decides says; none: nobody can say.
  void start(std::optional<bool> counts = std::nullopt) {
    log_.reset();
    OpenOptions options = PreparedTest::options();
    if (counts.has_value()) {
      options.decide = [this, counts](const Undecided& undecided) -> Result<bool> {
        asked_.push_back(undecided.epoch);
        facts_asked_ = undecided.facts;
        return *counts;
      };
    }
    auto result = open(env_, options);
    ASSERT_TRUE(result.has_value()) << result.error().message;
    log_ = std::move(result->log);
    opened_ = std::move(result->opened);
  }
  std::vector<Event> submit(std::uint64_t epoch, bool prepared, bool complete = false) {
    Commit commit;
    commit.epoch = Epoch{epoch};
    commit.prepared = prepared;
    commit.complete = complete;
    const std::string text = std::to_string(epoch);
    commit.deltas = {put_blob(0, "key", text)};
    commit.facts = {{"at", text}};
    commit.appends = {{"out", 0, 1, EventTime{1}, text}};
    log_->submit(std::move(commit));
    return settle(env_, *log_);
  }
  std::vector<Event> decide() {
    log_->decided();
    return settle(env_, *log_);
  }
  void kill() {
    env_.restart();
    log_.reset();
  }
  /// What a reader of the stream sees, one character an epoch.
  std::string seen() {
    auto reader = open_stream(env_.files(), options().directory, "out");
    EXPECT_TRUE(reader.has_value()) << reader.error().message;
    std::string all;
    const StreamPosition begin{(*reader)->info().incarnation, 0};
    const auto batches = (*reader)->read(0, begin, 1 << 20);
    EXPECT_TRUE(batches.has_value()) << batches.error().message;
    for (const StreamBatchView& batch : *batches) {
      all += batch.batch;
    }
    return all;
  }
  /// What the job finds after a start.
  void expect_found(std::uint64_t epoch) {
    const std::string text = std::to_string(epoch);
    EXPECT_EQ(opened_.epoch, Epoch{epoch});
    EXPECT_EQ(opened_.facts, (Facts{{"at", text}}));
    EXPECT_EQ(restored(*log_), (Model{{{0, "key"}, text}}));
  }

  FakeEnv env_{5};
  std::unique_ptr<Log> log_;
  Opened opened_;
  std::vector<Epoch> asked_;
  Facts facts_asked_;
};

TEST_F(PreparedTest, NobodySeesAnEpochBeforeItIsDecided) {
  start();
  submit(1, /*prepared=*/false);
  const auto events = submit(2, /*prepared=*/true);
  ASSERT_TRUE(has(events, Event::Kind::kPrepared));
  EXPECT_FALSE(has(events, Event::Kind::kCommitted));
  EXPECT_EQ(seen(), "1");
  EXPECT_TRUE(has(decide(), Event::Kind::kCommitted));
  EXPECT_EQ(seen(), "12");
  EXPECT_TRUE(has(submit(3, false), Event::Kind::kCommitted));
  EXPECT_EQ(seen(), "123");
}

TEST_F(PreparedTest, OneThatDoesNotCountIsGone) {
  start();
  submit(1, false);
  submit(2, true);
  kill();
  start(/*counts=*/false);
  EXPECT_EQ(asked_, std::vector<Epoch>{Epoch{2}});
  EXPECT_EQ(facts_asked_, (Facts{{"at", "2"}}));
  expect_found(1);
  EXPECT_NE(opened_.notice.find("its transaction was not committed"), std::string::npos)
      << opened_.notice;
  EXPECT_TRUE(has(submit(2, false), Event::Kind::kCommitted));
  EXPECT_EQ(seen(), "12");
  kill();
  start(false);
  expect_found(2);
  EXPECT_EQ(asked_.size(), 1u) << "only once";
}

TEST_F(PreparedTest, OneThatCountsIsThere) {
  start();
  submit(1, false);
  submit(2, true);
  kill();
  start(/*counts=*/true);
  expect_found(2);
  EXPECT_EQ(seen(), "12");
  EXPECT_TRUE(has(submit(3, true), Event::Kind::kPrepared));
  EXPECT_TRUE(has(decide(), Event::Kind::kCommitted));
  EXPECT_EQ(seen(), "123");
}

TEST_F(PreparedTest, NobodyIsAskedAboutOneThatTheLogKnowsToCount) {
  start();
  submit(1, true);
  decide();
  kill();
  start();
  expect_found(1);
}

TEST_F(PreparedTest, ThatOneCountsIsKnownFromTheNextOneToo) {
  start();
  submit(1, true);
  decide();
  submit(2, true);
  kill();
  start(/*counts=*/false);
  expect_found(1);
}

TEST_F(PreparedTest, TheFirstOneCanBeGoneAsWell) {
  start();
  submit(1, true);
  kill();
  start(false);
  EXPECT_EQ(opened_.epoch, Epoch{0});
  EXPECT_TRUE(opened_.facts.empty());
  EXPECT_TRUE(restored(*log_).empty());
  EXPECT_TRUE(has(submit(1, false), Event::Kind::kCommitted));
  EXPECT_EQ(seen(), "1");
}

TEST_F(PreparedTest, OneThatBeginsASegmentCanBeGone) {
  start();
  std::size_t segments = 0;
  for (std::uint64_t epoch = 1; segments < 4; ++epoch) {
    submit(epoch, true);
    const auto files = numbered_files(env_.files(), options().directory + "/journal");
    ASSERT_TRUE(files.has_value());
    segments = files->back();
    kill();
    start(/*counts=*/false);
    EXPECT_EQ(opened_.epoch, Epoch{epoch - 1});
    submit(epoch, true);
    kill();
    start(/*counts=*/true);
    expect_found(epoch);
  }
}

TEST_F(PreparedTest, WithoutWhoDecidesTheJobIsRefused) {
  start();
  submit(1, true);
  kill();
  const auto refused = open(env_, options());
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, ErrorCode::kRefused);
  EXPECT_NE(refused.error().message.find("Run the job once more as it was"), std::string::npos);
  start(/*counts=*/true);  // nothing is lost
  expect_found(1);
}

TEST_F(PreparedTest, WhoDecidesMayBeAwayForAWhile) {
  start();
  submit(1, true);
  kill();
  OpenOptions away = options();
  away.decide = [](const Undecided&) -> Result<bool> {
    return fail(ErrorCode::kIo, "nobody answers");
  };
  const auto failed = open(env_, away);
  ASSERT_FALSE(failed.has_value());
  EXPECT_EQ(failed.error().code, ErrorCode::kIo);
  start(true);
  expect_found(1);
}

TEST_F(PreparedTest, ACopyIsNotTakenForDecidedByAdopting) {
  start();
  submit(1, false);
  submit(2, true);
  kill();
  ASSERT_TRUE(adopt(env_, options().directory, options().job).has_value());
  start(/*counts=*/false);
  expect_found(1);
  EXPECT_EQ(asked_.size(), 1u);
  EXPECT_TRUE(has(submit(2, false), Event::Kind::kCommitted));
  kill();
  start();
  expect_found(2);
}

TEST_F(PreparedTest, OneThatIsKnownToCountStaysSoWhenItIsAdopted) {
  start();
  submit(1, true);
  decide();
  kill();
  ASSERT_TRUE(adopt(env_, options().directory, options().job).has_value());
  start(/*counts=*/false);
  expect_found(1);
  EXPECT_TRUE(asked_.empty());
}

TEST_F(PreparedTest, TheLastOneOfAJobIsCompleteOnlyWhenItCounts) {
  start();
  submit(1, true, /*complete=*/true);
  kill();
  start(true);
  EXPECT_TRUE(opened_.complete);
  kill();
  start();
  EXPECT_TRUE(opened_.complete) << "and is known to count";
}

TEST_F(PreparedTest, IsWhatPeopleAreToldWhoLookIntoTheDirectory) {
  start();
  submit(1, false);
  submit(2, true);
  kill();
  const std::string directory = options().directory;
  const auto checked = check(env_.files(), directory);
  ASSERT_TRUE(checked.has_value()) << checked.error().message;
  EXPECT_FALSE(checked->damaged());
  ASSERT_EQ(checked->findings.size(), 1u);
  EXPECT_NE(checked->findings[0].sentence.find("epoch 2 was prepared"), std::string::npos);

  const auto lines = dump(env_.files(), directory);
  ASSERT_TRUE(lines.has_value());
  EXPECT_EQ(std::count_if(lines->begin(), lines->end(),
                          [](const DumpLine& line) {
                            return line.detail.find(", prepared") != std::string::npos;
                          }),
            1);

  const auto saved = salvage(env_, directory, "saved");
  ASSERT_TRUE(saved.has_value()) << saved.error().message;
  ASSERT_EQ(saved->lost.size(), 1u);
  EXPECT_NE(saved->lost[0].find("whether the transaction of epoch 2 was committed"),
            std::string::npos);
}

TEST_F(PreparedTest, OneThatIsKnownToCountIsSavedWithoutAWord) {
  start();
  submit(1, true);
  decide();
  kill();
  const auto saved = salvage(env_, options().directory, "saved");
  ASSERT_TRUE(saved.has_value()) << saved.error().message;
  EXPECT_TRUE(saved->lost.empty()) << saved->lost[0];
}

}  // namespace
}  // namespace rheon::log::files::testing
