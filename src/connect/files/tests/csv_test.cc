#include "connect/files/csv.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "connect/files/csv_facts.h"
#include "connect/tests/connector_driver.h"

namespace rheon::files {
namespace {

using connect::append_file;
using connect::TemporaryDirectory;
using connect::write_file;
using env::fake::Crash;
using env::fake::Fault;
using env::fake::Survival;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

using Key = std::string_view;
using Count = std::uint64_t;

/// A job that does nothing but write: its log is `facts`, one change after the other.
class Job {
 public:
  Job(env::Env& env, env::Waker& waker, const std::string& directory, CsvOptions options = {})
      : env_(env),
        waker_(waker),
        connector_(csv(directory, options).bind<Key, Count>()),
        committer_(connector_->make_committer()) {}

  engine::SinkEnvironment environment(std::uint32_t shard) {
    engine::SinkEnvironment result;
    result.env = &env_;
    result.waker = &waker_;
    result.identity = identity;
    result.ancestors = ancestors;
    result.shard = shard;
    result.shards = shards;
    result.sink = "csv";
    return result;
  }
  Status start() {
    auto environment_now = environment(0);
    engine::SinkRecovery done;
    RHEON_TRY(committer_->recover(environment_now, facts, done));
    notices = std::move(done.notices);
    for (std::uint32_t shard = 0; shard < shards; ++shard) {
      writers_.push_back(connector_->make_participant(environment(shard), facts));
    }
    pending_ = std::move(done.changes);
    return {};
  }
  void write(std::uint32_t shard, const std::vector<std::pair<std::string, Count>>& records) {
    engine::Batch<Key, Count> batch;
    for (const auto& [word, count] : records) {
      batch.slots.push_back({word, count, EventTime{0}, 0});
    }
    writers_[shard]->write_batch(batch);
  }
  /// One epoch's commit; `let_io_work` runs what was submitted.
  template <class Io>
  Status commit(Io&& let_io_work) {
    ++epoch_.value;
    for (const auto& writer : writers_) {
      writer->prepare(epoch_);
    }
    engine::SinkFactChanges changes = pending_;
    std::vector<log::StreamAppend> appends;
    for (const auto& writer : writers_) {
      for (;;) {
        RHEON_ASSIGN(const bool done, writer->prepared(changes, appends));
        if (done) {
          break;
        }
        let_io_work();
      }
    }
    connect::apply(facts, changes);
    pending_.clear();
    for (const auto& writer : writers_) {
      writer->committed(epoch_);
    }
    EXPECT_TRUE(committer_->published(epoch_, facts));
    return {};
  }
  engine::SinkParticipant& writer(std::uint32_t shard) { return *writers_[shard]; }

  log::Identity identity{"wordcount", {1, 2}, {3, 4}, kDefaultKeyGroups};
  std::vector<log::Id> ancestors;
  engine::SinkFacts facts;
  std::uint32_t shards = 1;
  std::vector<std::string> notices;

 private:
  env::Env& env_;
  env::Waker& waker_;
  std::shared_ptr<const engine::AnySinkConnector> connector_;
  std::unique_ptr<engine::SinkCommitter> committer_;
  std::vector<std::unique_ptr<engine::SinkParticipant>> writers_;
  engine::SinkFactChanges pending_;
  Epoch epoch_;
};

class CsvFilesOfAJob : public ::testing::Test {
 protected:
  /// A new process of the job.
  void start(engine::SinkFacts facts = {}, CsvOptions options = {}) {
    job_.emplace(env_, parker_, "out", options);
    job_->facts = std::move(facts);
    ASSERT_EQ(refusal(), "");
  }
  std::string refusal() {
    const Status started = job_->start();
    return started ? "" : started.error().message;
  }
  std::string refusal_of_restart(engine::SinkFacts facts) {
    job_.emplace(env_, parker_, "out");
    job_->facts = std::move(facts);
    return refusal();
  }
  void commit() {
    const Status committed = job_->commit([this] { env_.io().run_all(); });
    ASSERT_TRUE(committed) << committed.error().message;
  }
  std::string file(const std::string& name) {
    return env::read_whole(env_.files(), "out/" + name).value_or("(none)");
  }

  env::fake::FakeEnv env_;
  env::fake::FakeParker parker_;
  std::optional<Job> job_;
};

TEST_F(CsvFilesOfAJob, HoldTheLinesAndSayWhatIsCommitted) {
  start();
  job_->write(0, {{"one", 1}, {"two", 2}});
  commit();
  job_->write(0, {{"one", 2}});
  commit();
  EXPECT_EQ(file("0-000001.csv"), "one,1\ntwo,2\none,2\n");
  EXPECT_EQ(file(".rheon/committed"), "0-000001.csv 18 0\n");
  EXPECT_THAT(file(".rheon/marker"), HasSubstr("sink csv\n"));
}

TEST_F(CsvFilesOfAJob, AreNotMadeWhenNothingIsWritten) {
  start();
  commit();
  commit();
  EXPECT_EQ(*env_.files().list("out"), std::vector<std::string>{".rheon"});
}

TEST_F(CsvFilesOfAJob, AreGoneOnWithAfterARestart) {
  start();
  job_->write(0, {{"one", 1}});
  commit();
  job_->write(0, {{"lost", 1}});
  job_->writer(0).prepare(Epoch{9});
  env_.io().run_all();
  EXPECT_EQ(file("0-000001.csv"), "one,1\nlost,1\n");
  start(job_->facts);
  EXPECT_EQ(file("0-000001.csv"), "one,1\n");
  job_->write(0, {{"two", 1}});
  commit();
  EXPECT_EQ(file("0-000001.csv"), "one,1\ntwo,1\n");
}

TEST_F(CsvFilesOfAJob, AreClosedWhenTheyAreFullAndOnRetirement) {
  start({}, {.max_file_bytes = 10});
  job_->write(0, {{"aaaa", 1}});
  commit();
  job_->write(0, {{"bbbb", 1}});
  commit();
  job_->writer(0).retire();
  commit();
  EXPECT_EQ(file(".rheon/committed"), "0-000001.csv 7 1\n0-000002.csv 7 1\n");
  start(job_->facts);
  job_->write(0, {{"cccc", 1}});
  commit();
  EXPECT_EQ(file("0-000003.csv"), "cccc,1\n");
}

TEST_F(CsvFilesOfAJob, OfShardsThatAreNoMoreAreClosed) {
  job_.emplace(env_, parker_, "out");
  job_->shards = 3;
  ASSERT_EQ(refusal(), "");
  job_->write(2, {{"two", 1}});
  job_->write(0, {{"zero", 1}});
  commit();
  start(job_->facts);
  commit();
  EXPECT_EQ(file(".rheon/committed"), "0-000001.csv 7 0\n2-000001.csv 6 1\n");
}

TEST_F(CsvFilesOfAJob, MayBeTakenAwayWhenTheyAreClosedAndTheirNamesAreNotUsedAgain) {
  start({}, {.max_file_bytes = 1});
  job_->write(0, {{"a", 1}});
  commit();
  job_->writer(0).retire();
  commit();
  ASSERT_TRUE(env_.files().remove("out/0-000001.csv"));
  start(job_->facts);
  commit();
  EXPECT_EQ(file(".rheon/committed"), "");
  EXPECT_THAT(job_->notices, ElementsAre(HasSubstr("sink 'csv': 1 finished file with 4 bytes is "
                                                   "gone, or in a directory")));
  start(job_->facts);
  EXPECT_THAT(job_->notices, ::testing::IsEmpty()) << "said once";
  job_->write(0, {{"b", 1}});
  commit();
  EXPECT_EQ(file("0-000002.csv"), "b,1\n");
  write_file(env_.files(), "out/0-000001.csv", "a,1\n");
  EXPECT_THAT(refusal_of_restart(job_->facts), HasSubstr("which this job did not write"));
}

TEST_F(CsvFilesOfAJob, AreNotWrittenBesideForeignOnes) {
  ASSERT_TRUE(env_.files().make_directories("out"));
  write_file(env_.files(), "out/mine.txt", "precious");
  EXPECT_THAT(refusal_of_restart({}), HasSubstr("'out' holds 'mine.txt'"));
  EXPECT_EQ(*env_.files().list("out"), std::vector<std::string>{"mine.txt"});
  ASSERT_TRUE(env_.files().rename("out/mine.txt", "out/0-000001.csv"));
  EXPECT_THAT(refusal_of_restart({}), HasSubstr("'out' holds '0-000001.csv'"));
}

TEST_F(CsvFilesOfAJob, NeedADirectoryWithAName) {
  job_.emplace(env_, parker_, "");
  EXPECT_THAT(refusal(), HasSubstr("the output directory has no name"));
  write_file(env_.files(), "file", "precious");
  job_.emplace(env_, parker_, "file");
  EXPECT_THAT(refusal(), HasSubstr("output directory 'file' is no directory"));
}

TEST_F(CsvFilesOfAJob, AreNotTouchedByAnotherJobSinkOrLineage) {
  start();
  job_->write(0, {{"one", 1}});
  commit();
  const engine::SinkFacts facts = job_->facts;
  job_.emplace(env_, parker_, "out");
  job_->identity.uid = {9, 9};
  EXPECT_THAT(refusal(), HasSubstr("belongs to job 'wordcount', with another data directory"));
  job_->identity.job = "totals";
  EXPECT_THAT(refusal(), HasSubstr("belongs to job 'wordcount', not to 'totals'"));
  job_.emplace(env_, parker_, "out");
  job_->identity.lineage = {9, 9};
  EXPECT_THAT(refusal(), HasSubstr("another lineage"));
  // Adopted: the state that is there goes on under a new lineage.
  job_.emplace(env_, parker_, "out");
  job_->identity.lineage = {9, 9};
  job_->facts = facts;
  EXPECT_EQ(refusal(), "");
  // That start ended before its first commit; meanwhile the outputs were put back from a backup.
  const std::string lines = file("0-000001.csv");
  ASSERT_TRUE(env_.files().rename("out/0-000001.csv", "out/0-000001.csv.old"));
  write_file(env_.files(), "out/0-000001.csv", lines);
  ASSERT_TRUE(env_.files().remove("out/0-000001.csv.old"));
  job_.emplace(env_, parker_, "out");
  job_->identity.lineage = {9, 9};
  job_->facts = facts;
  EXPECT_EQ(refusal(), "");
  // Adopted once more before it has committed anything.
  job_.emplace(env_, parker_, "out");
  job_->ancestors = {job_->identity.lineage, {9, 9}};
  job_->identity.lineage = {8, 8};
  job_->facts = facts;
  EXPECT_EQ(refusal(), "");
  commit();
  EXPECT_THAT(refusal_of_restart(facts), HasSubstr("another lineage"));
}

TEST_F(CsvFilesOfAJob, ThatAreNotAsTheyWereStopTheJob) {
  start();
  job_->write(0, {{"one", 1}});
  commit();
  const engine::SinkFacts before = job_->facts;
  job_->write(0, {{"two", 1}});
  commit();
  const engine::SinkFacts facts = job_->facts;
  EXPECT_THAT(refusal_of_restart(before), HasSubstr("more than the log knows of (6)"));
  write_file(env_.files(), "out/0-000001.csv", "one,1\n");
  EXPECT_THAT(refusal_of_restart(facts), HasSubstr("has 6 bytes, but 12 were committed"));
  ASSERT_TRUE(env_.files().remove("out/0-000001.csv"));
  EXPECT_THAT(refusal_of_restart(facts), HasSubstr("is missing; 12 bytes"));
  write_file(env_.files(), "out/0-000001.csv", "one,1\ntwo,1\n");
  EXPECT_THAT(refusal_of_restart(facts), HasSubstr("is not the file that the job wrote"));
}

TEST_F(CsvFilesOfAJob, AreTakenBackToAnOlderStateWhenSomebodySaysSo) {
  start({}, {.max_file_bytes = 12});
  job_->write(0, {{"one", 1}});
  commit();
  const engine::SinkFacts before = job_->facts;
  job_->write(0, {{"two", 1}});
  commit();
  job_->write(0, {{"three", 1}});
  commit();
  EXPECT_EQ(file("0-000002.csv"), "three,1\n");
  EXPECT_THAT(refusal_of_restart(before), HasSubstr("lost for good"));
  EXPECT_THAT(refusal_of_restart(before), HasSubstr("remove 'out/.rheon/committed'"));
  EXPECT_EQ(file("0-000001.csv"), "one,1\ntwo,1\n");
  ASSERT_TRUE(env_.files().remove("out/.rheon/committed"));
  start(before);
  EXPECT_EQ(file("0-000001.csv"), "one,1\n");
  EXPECT_EQ(file("0-000002.csv"), "(none)");
  job_->write(0, {{"two", 1}});
  commit();
  EXPECT_EQ(file("0-000001.csv"), "one,1\ntwo,1\n");
}

TEST_F(CsvFilesOfAJob, AreRecoveredAlsoWhereTheJobDoesNotWriteAnyMore) {
  start();
  job_->write(0, {{"one", 1}});
  commit();
  append_file(env_.files(), "out/0-000001.csv", "not committed");
  write_file(env_.files(), "out/0-000002.csv", "nor this");
  const engine::SinkFacts facts = job_->facts;
  job_.emplace(env_, parker_, "elsewhere");
  job_->facts = facts;
  ASSERT_EQ(refusal(), "");
  EXPECT_THAT(job_->notices,
              ::testing::Contains(HasSubstr("sink 'csv': took back 21 bytes of 2 files behind the "
                                            "last commit, the first of them 'out/0-000001.csv'")));
  job_->write(0, {{"two", 1}});
  commit();
  EXPECT_EQ(file("0-000001.csv"), "one,1\n");
  EXPECT_EQ(file("0-000002.csv"), "(none)");
  EXPECT_EQ(file(".rheon/committed"), "0-000001.csv 6 1\n");
  EXPECT_EQ(*env::read_whole(env_.files(), "elsewhere/0-000002.csv"), "two,1\n");
}

/// A directory that was emptied and given to another job, which uses the same names for its files.
TEST_F(CsvFilesOfAJob, AreLeftAloneWhereTheDirectoryIsAnothersByNow) {
  start();
  job_->write(0, {{"one", 1}});
  commit();
  const engine::SinkFacts writing = job_->facts;
  job_->writer(0).retire();
  commit();
  const engine::SinkFacts facts = job_->facts;
  for (const char* name : {"out/0-000001.csv", "out/.rheon/marker", "out/.rheon/committed"}) {
    ASSERT_TRUE(env_.files().remove(name));
  }
  job_.emplace(env_, parker_, "out");
  job_->identity.uid = {9, 9};
  ASSERT_EQ(refusal(), "");
  job_->write(0, {{"another's", 1}});
  commit();
  const auto start_elsewhere = [this](engine::SinkFacts known) {
    job_.emplace(env_, parker_, "elsewhere");
    job_->facts = std::move(known);
    return refusal();
  };
  EXPECT_THAT(start_elsewhere(writing), HasSubstr("has no '.rheon' of this job and sink any more"));
  ASSERT_EQ(start_elsewhere(facts), "");
  EXPECT_THAT(job_->notices, ElementsAre(HasSubstr("1 finished file with 6 bytes is gone, or in a "
                                                   "directory that is not the job's any more")));
  commit();
  EXPECT_EQ(file("0-000001.csv"), "another's,1\n");
  EXPECT_EQ(file(".rheon/committed"), "0-000001.csv 12 0\n");
  EXPECT_EQ(start_elsewhere(job_->facts), "");
  EXPECT_THAT(job_->notices, ::testing::IsEmpty()) << "said once";
}

TEST_F(CsvFilesOfAJob, WaitForSpaceAndLoseNothing) {
  start();
  env_.files().set_capacity(env_.files().used_bytes() + 10);
  job_->write(0, {{"one", 1}, {"two", 2}, {"three", 3}});
  job_->writer(0).prepare(Epoch{1});
  engine::SinkFactChanges facts;
  std::vector<log::StreamAppend> appends;
  for (int i = 0; i < 5; ++i) {
    env_.io().run_all();
    const auto prepared = job_->writer(0).prepared(facts, appends);
    ASSERT_TRUE(prepared);
    EXPECT_FALSE(*prepared);
    EXPECT_TRUE(*job_->writer(0).blocked());
  }
  env_.files().set_capacity(1 << 20);
  for (int i = 0; i < 5; ++i) {
    env_.io().run_all();
    const auto prepared = job_->writer(0).prepared(facts, appends);
    ASSERT_TRUE(prepared);
    if (*prepared) {
      EXPECT_EQ(file("0-000001.csv"), "one,1\ntwo,2\nthree,3\n");
      EXPECT_FALSE(*job_->writer(0).blocked());
      return;
    }
  }
  FAIL() << "was never prepared";
}

TEST_F(CsvFilesOfAJob, ThatAreRemovedWhileTheyAreWrittenStopTheJob) {
  start();
  job_->write(0, {{"one", 1}});
  commit();
  ASSERT_TRUE(env_.files().remove("out/0-000001.csv"));
  job_->write(0, {{"two", 1}});
  const Status committed = job_->commit([this] { env_.io().run_all(); });
  ASSERT_FALSE(committed);
  EXPECT_EQ(committed.error().code, ErrorCode::kRefused) << "opening anew does not bring it back";
  EXPECT_THAT(committed.error().message, HasSubstr("'out/0-000001.csv' was removed or moved away"));
}

TEST_F(CsvFilesOfAJob, ThatAreTouchedBetweenTheStartAndTheFirstLineStopTheJobToo) {
  const auto failure_after = [this](const std::string& directory, const auto& change) {
    const auto restart = [&](engine::SinkFacts facts) {
      job_.emplace(env_, parker_, directory);
      job_->facts = std::move(facts);
      EXPECT_EQ(refusal(), "");
    };
    restart({});
    job_->write(0, {{"one", 1}});
    commit();
    restart(job_->facts);
    change(directory + "/0-000001.csv");
    const Status committed = job_->commit([this] { env_.io().run_all(); });
    return committed ? "committed" : committed.error().message;
  };
  EXPECT_THAT(failure_after("longer",
                            [this](const std::string& path) {
                              job_->write(0, {{"two", 1}});
                              append_file(env_.files(), path, "x");
                            }),
              HasSubstr("was changed by somebody else"));
  EXPECT_THAT(failure_after("gone",
                            [this](const std::string& path) {
                              job_->write(0, {{"two", 1}});
                              EXPECT_TRUE(env_.files().remove(path));
                            }),
              HasSubstr("was removed or moved away"));
  EXPECT_THAT(failure_after("closed",
                            [this](const std::string& path) {
                              job_->writer(0).retire();
                              EXPECT_TRUE(env_.files().remove(path));
                            }),
              HasSubstr("was removed or moved away"));
}

TEST_F(CsvFilesOfAJob, AreFoundUnderAnotherSpellingOfTheirDirectory) {
  start();
  job_->write(0, {{"one", 1}});
  commit();
  write_file(env_.files(), "out/0-000002.csv", "not committed");
  const auto start_in = [this](const std::string& directory) {
    engine::SinkFacts facts = job_->facts;
    job_.emplace(env_, parker_, directory);
    job_->facts = std::move(facts);
    return refusal();
  };
  EXPECT_THAT(start_in("/out"), HasSubstr("which this job wrote as 'out/0-000001.csv'"));
  EXPECT_EQ(start_in("./out//"), "");
  EXPECT_EQ(file("0-000002.csv"), "(none)");
  job_->write(0, {{"two", 1}});
  commit();
  EXPECT_EQ(file("0-000001.csv"), "one,1\ntwo,1\n");
}

TEST_F(CsvFilesOfAJob, AreKnownInTheSpellingOfEarlierVersions) {
  start();
  job_->write(0, {{"one", 1}});
  commit();
  engine::SinkFacts facts = job_->facts;
  auto spelled = facts.extract("file/out/0-000001.csv");
  spelled.key() = "file/./out/0-000001.csv";
  facts.insert(std::move(spelled));
  ASSERT_EQ(refusal_of_restart(facts), "");
  job_->write(0, {{"two", 1}});
  commit();
  EXPECT_EQ(file("0-000001.csv"), "one,1\ntwo,1\n");
  EXPECT_FALSE(job_->facts.contains("file/./out/0-000001.csv"));
  EXPECT_TRUE(job_->facts.contains("file/out/0-000001.csv"));
}

TEST_F(CsvFilesOfAJob, OfADirectoryThatIsGoneAtTheFirstLineStopTheJob) {
  start();
  ASSERT_TRUE(env_.files().remove("out/.rheon/marker"));
  ASSERT_TRUE(env_.files().remove("out/.rheon/committed"));
  ASSERT_TRUE(env_.files().remove("out/.rheon"));
  ASSERT_TRUE(env_.files().remove("out"));
  job_->write(0, {{"one", 1}});
  const Status committed = job_->commit([this] { env_.io().run_all(); });
  ASSERT_FALSE(committed);
  EXPECT_EQ(committed.error().code, ErrorCode::kRefused);
  EXPECT_THAT(committed.error().message, HasSubstr("'out' was removed or moved away"));
}

/// More waits than may, the barrier is still to come: only blocked() can say it.
TEST_F(CsvFilesOfAJob, ThatCannotBeWrittenStopTheJobAlsoWhileItIsBlocked) {
  start();
  const std::string word(1000, 'w');
  for (Result<bool> blocked = false; blocked.has_value() && !*blocked;
       blocked = job_->writer(0).blocked()) {
    job_->write(0, std::vector<std::pair<std::string, Count>>(1000, {word, 1}));
  }
  env_.files().fail_after(0, Fault::kIo);
  env_.io().run_all();
  const Result<bool> blocked = job_->writer(0).blocked();
  ASSERT_FALSE(blocked.has_value());
  EXPECT_EQ(blocked.error().code, ErrorCode::kIo);
}

TEST_F(CsvFilesOfAJob, OfTwoDirectoriesAreMentionedOnce) {
  start();
  job_->write(0, {{"one", 1}});
  job_->writer(0).retire();
  commit();
  const auto start_elsewhere = [this](engine::SinkFacts facts) {
    job_.emplace(env_, parker_, "./elsewhere");
    job_->facts = std::move(facts);
    ASSERT_EQ(refusal(), "");
  };
  start_elsewhere(job_->facts);
  EXPECT_THAT(job_->notices, ElementsAre(HasSubstr("has written to 'out' before")));
  job_->write(0, {{"two", 1}});
  commit();
  start_elsewhere(job_->facts);
  EXPECT_THAT(job_->notices, ::testing::IsEmpty());
}

TEST_F(CsvFilesOfAJob, AbortTheEpochWhenASyncFails) {
  start();
  job_->write(0, {{"one", 1}});
  env_.files().fail_after(0, Fault::kFailedSync);
  EXPECT_FALSE(job_->commit([this] { env_.io().run_all(); }));
}

TEST_F(CsvFilesOfAJob, BlockWhenTooMuchWaits) {
  start();
  const std::string word(1000, 'w');
  while (!*job_->writer(0).blocked()) {
    job_->write(0, std::vector<std::pair<std::string, Count>>(1000, {word, 1}));
  }
  EXPECT_EQ(env_.io().pending(), 1u);
  for (int i = 0; i < 3 && *job_->writer(0).blocked(); ++i) {
    env_.io().run_all();
  }
  EXPECT_FALSE(*job_->writer(0).blocked());
  commit();
}

TEST_F(CsvFilesOfAJob, TakeLinesOfAnyLength) {
  start();
  const std::string huge(3 << 20, 'h');
  job_->write(0, {{"a", 1}, {huge, 1}, {"b", 1}});
  commit();
  EXPECT_EQ(file("0-000001.csv"), "a,1\n" + huge + ",1\nb,1\n");
}

/// Lines of a shard's files, in order.
std::vector<std::string> lines_of(env::Files& files, const std::string& directory,
                                  std::uint32_t shard) {
  std::vector<std::string> lines;
  for (const std::string& name : files.list(directory).value_or(std::vector<std::string>{})) {
    const auto parsed = connect::csv::parse_file_name(name);
    if (!parsed || parsed->shard != shard) {
      continue;
    }
    const std::string text = *env::read_whole(files, env::join(directory, name));
    std::size_t at = 0;
    for (std::size_t end = 0; (end = text.find('\n', at)) != std::string::npos; at = end + 1) {
      lines.push_back(text.substr(at, end - at));
    }
    EXPECT_EQ(at, text.size()) << "half a line in " << name;
  }
  return lines;
}

/// Runs epochs until the machine crashes; `committed` are the lines of committed epochs.
void run_until_crash(env::fake::FakeEnv& env, Job& job, std::mt19937_64& random,
                     std::map<std::uint32_t, std::vector<std::string>>& committed, int epochs) {
  ASSERT_TRUE(job.start());
  for (int epoch = 0; epoch < epochs; ++epoch) {
    std::map<std::uint32_t, std::vector<std::string>> written;
    for (std::uint32_t shard = 0; shard < job.shards; ++shard) {
      std::vector<std::pair<std::string, Count>> records;
      for (std::uint64_t left = random() % 20; left > 0; --left) {
        records.emplace_back(std::string(1 + random() % 9, static_cast<char>('a' + random() % 26)),
                             random() % 1000);
        written[shard].push_back(records.back().first + "," +
                                 std::to_string(records.back().second));
      }
      job.write(shard, records);
    }
    const engine::SinkFacts before = job.facts;
    try {
      ASSERT_TRUE(job.commit([&] { env.io().run_one(random()); }));
    } catch (const Crash&) {
      if (job.facts == before) {
        throw;
      }
      // It was committed; the crash came while that was published.
      for (auto& [shard, lines] : written) {
        committed[shard].insert(committed[shard].end(), lines.begin(), lines.end());
      }
      throw;
    }
    for (auto& [shard, lines] : written) {
      committed[shard].insert(committed[shard].end(), lines.begin(), lines.end());
    }
  }
}

TEST(CsvFilesAfterCrashes, HoldExactlyWhatWasCommitted) {
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937_64 random(seed);
    env::fake::FakeEnv env(seed);
    env::fake::FakeParker parker;
    engine::SinkFacts facts;
    std::map<std::uint32_t, std::vector<std::string>> committed;
    for (int life = 0; life < 6; ++life) {
      const Survival survival = std::array{Survival::kAll, Survival::kSynced, Survival::kTorn,
                                           Survival::kScattered}[random() % 4];
      std::optional<Job> job;
      job.emplace(env, parker, "out", CsvOptions{.max_file_bytes = 60});
      job->facts = facts;
      job->shards = 1 + static_cast<std::uint32_t>(random() % 3);
      env.files().crash_after(random() % 60);
      try {
        run_until_crash(env, *job, random, committed, 10);
      } catch (const Crash&) {
        if (random() % 4 != 0) {
          env.cut_power(random(), survival);
        }
      }
      facts = job->facts;
      env.restart();
      job.reset();
      env.restart();

      Job next(env, parker, "out");
      next.facts = facts;
      next.shards = 3;
      const Status recovered = next.start();
      ASSERT_TRUE(recovered) << recovered.error().message;
      for (std::uint32_t shard = 0; shard < 3; ++shard) {
        ASSERT_EQ(lines_of(env.files(), "out", shard), committed[shard]);
      }
      ASSERT_TRUE(next.commit([&] { env.io().run_all(); }));
      facts = next.facts;
    }
  }
}

TEST(CsvFilesOnThisMachine, HoldTheLines) {
  const TemporaryDirectory directory;
  const auto env = env::make_posix_env();
  const auto parker = env->threads().make_parker();
  Job job(*env, *parker, directory.file("out"), {.max_file_bytes = 2 << 20});
  job.shards = 2;
  ASSERT_TRUE(job.start());
  std::vector<std::string> expected;
  for (Count round = 0; round < 50; ++round) {
    std::vector<std::pair<std::string, Count>> records;
    for (Count i = 0; i < 10'000; ++i) {
      records.emplace_back("word" + std::to_string(i), round);
      expected.push_back(records.back().first + "," + std::to_string(round));
    }
    job.write(1, records);
    if (round % 10 == 9) {
      ASSERT_TRUE(job.commit([] { std::this_thread::yield(); }));
    }
  }
  EXPECT_EQ(lines_of(env->files(), directory.file("out"), 1), expected);
}

}  // namespace
}  // namespace rheon::files
