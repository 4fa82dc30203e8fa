// Which directory a job goes on from: locks, copies, backups, reset, adopt, salvage.

#include <gtest/gtest.h>

#include "log/files/identity.h"
#include "log/files/inspect.h"
#include "log/files/tests/model_job.h"

namespace rheon::log::files::testing {
namespace {

using env::fake::FakeEnv;

/// Copies a directory with all below it, as cp -r would.
void copy_tree(env::Files& files, const std::string& from, const std::string& to) {
  ASSERT_TRUE(files.make_directories(to).has_value());
  const std::vector<std::string> names = *files.list(from);
  for (const std::string& name : names) {
    const std::string source = env::join(from, name);
    if (files.info(source)->is_directory) {
      copy_tree(files, source, env::join(to, name));
      continue;
    }
    auto file = files.open(env::join(to, name), env::OpenMode::kCreate);
    const std::string bytes = *env::read_whole(files, source);
    ASSERT_TRUE((*file)->truncate(0).has_value());
    ASSERT_TRUE((*file)->write_at(0, as_bytes(bytes)).has_value());
  }
}

void corrupt(env::Files& files, const std::string& path, std::uint64_t at) {
  auto file = files.open(path, env::OpenMode::kReadWrite);
  ASSERT_TRUE(file.has_value()) << path;
  ASSERT_TRUE((*file)->write_at(at, as_bytes("rotten")).has_value());
}

std::string refusal(FakeEnv& env, const OpenOptions& options) {
  auto result = open(env, options);
  if (result.has_value()) {
    return "it was opened";
  }
  EXPECT_EQ(result.error().code, ErrorCode::kRefused);
  return result.error().message;
}

#define EXPECT_SAYS(sentence, words) \
  EXPECT_NE((sentence).find(words), std::string::npos) << (sentence)

class Lineage : public ::testing::Test {
 protected:
  void run(int epochs) {
    job.open_and_compare(env);
    for (int i = 0; i < epochs; ++i) {
      ASSERT_TRUE(job.commit(env));
    }
    job.forget_log();
  }
  FakeEnv env{9};
  ModelJob job{9};
};

TEST_F(Lineage, TwoProcessesCannotRunOneJob) {
  job.open_and_compare(env);
  EXPECT_SAYS(refusal(env, ModelJob::options()), "another process");
  EXPECT_TRUE(is_held_by_another(open(env, ModelJob::options()).error()));
  auto another = ModelJob::options();
  const std::string first = std::exchange(another.job, "totals");
  EXPECT_SAYS(refusal(env, another), "another process is running job " + first +
                                         " in job.data, not totals: stop it first");
  const auto checked = check(env.files(), "job.data");
  ASSERT_FALSE(checked.has_value());
  EXPECT_EQ(checked.error().message, "a process is running the job in job.data: stop it first");
  EXPECT_FALSE(is_held_by_another(checked.error()));
  EXPECT_FALSE(is_held_by_another({ErrorCode::kIo, "another process is running job"}));
}

TEST_F(Lineage, ADirectoryOfAnotherJobIsRefused) {
  run(1);
  OpenOptions options = ModelJob::options();
  options.job = "other";
  EXPECT_SAYS(refusal(env, options), "is the data of job job");
}

TEST_F(Lineage, AnotherNumberOfKeyGroupsIsRefused) {
  run(1);
  OpenOptions options = ModelJob::options();
  options.key_groups = 8;
  EXPECT_SAYS(refusal(env, options),
              "has 4 key groups, and the job now asks for 8. `split-key-groups` makes");
  options.key_groups = 2;
  EXPECT_SAYS(refusal(env, options), "They can be split, and not be joined");
}

TEST_F(Lineage, AnotherTypeOfAStreamIsRefused) {
  run(1);
  OpenOptions options = ModelJob::options();
  options.streams[0].type = "number";
  EXPECT_SAYS(refusal(env, options), "declares 3 of 'number'");
}

TEST_F(Lineage, ANetworkFileSystemIsRefusedUnlessAskedFor) {
  env.files().set_file_system("nfs");
  OpenOptions options = ModelJob::options();
  EXPECT_SAYS(refusal(env, options), "network file system (nfs)");
  options.allow_network_file_system = true;
  EXPECT_TRUE(open(env, options).has_value());
}

TEST_F(Lineage, ACopyIsRefusedUntilItIsAdopted) {
  run(20);
  copy_tree(env.files(), "job.data", "copy.data");
  OpenOptions options = ModelJob::options();
  options.directory = "copy.data";
  EXPECT_SAYS(refusal(env, options), "`adopt`");
  ASSERT_TRUE(adopt(env, "copy.data", "job").has_value());
  auto result = open(env, options);
  ASSERT_TRUE(result.has_value()) << result.error().message;
  EXPECT_EQ(result->opened.epoch, job.truth().epoch);
  EXPECT_EQ(restored(*result->log), job.truth().state);
}

/// Otherwise two directories would go on under one name, and nobody could tell whose output is
/// whose.
TEST_F(Lineage, AnAdoptedDirectoryIsALineageOfItsOwn) {
  run(5);
  copy_tree(env.files(), "job.data", "copy.data");
  ASSERT_TRUE(adopt(env, "copy.data", "job").has_value());
  const Identity first = check(env.files(), "job.data")->identity;
  const Identity copy = check(env.files(), "copy.data")->identity;
  EXPECT_NE(copy.lineage, first.lineage);
}

TEST_F(Lineage, AnAdoptedDirectoryGoesOnOverManyRestarts) {
  run(20);
  for (int i = 0; i < 3; ++i) {
    const Status adopted = adopt(env, "job.data", "job");
    ASSERT_TRUE(adopted.has_value()) << adopted.error().message;
    run(15);
  }
  job.open_and_compare(env);
}

TEST_F(Lineage, ABackupOfTheJournalIsRefusedBecauseTheWitnessIsAhead) {
  run(10);
  copy_tree(env.files(), "job.data/journal", "backup");
  run(10);
  const std::vector<std::string> names = *env.files().list("job.data/journal");
  for (const std::string& name : names) {
    ASSERT_TRUE(env.files().remove("job.data/journal/" + name).has_value());
  }
  copy_tree(env.files(), "backup", "job.data/journal");
  const std::string sentence = refusal(env, ModelJob::options());
  EXPECT_SAYS(sentence, "says that epoch 20 was committed");
  EXPECT_SAYS(sentence, "`adopt`");
}

/// Wherever the journal is damaged: where the refusal speaks of `adopt`, it works.
TEST(LineageOfADamagedJob, IsOfferedToBeAdoptedOnlyWhereThatWorks) {
  constexpr std::size_t kParts = 40;
  int adopted = 0;
  int not_offered = 0;
  const auto damage_and_open = [&](int epochs, std::size_t part) {
    FakeEnv env{9};
    ModelJob job{9};
    job.open_and_compare(env);
    for (int i = 0; i < epochs; ++i) {
      ASSERT_TRUE(job.commit(env));
    }
    job.forget_log();
    const std::string journal = env::join("job.data", kJournalDirectory);
    const std::vector<std::string> names = *env.files().list(journal);
    std::string path;
    std::size_t bytes = std::string::npos;
    for (auto name = names.rbegin(); bytes == std::string::npos;
         ++name) {  // the newest may be empty
      path = env::join(journal, *name);
      bytes = env::read_whole(env.files(), path)->find_last_not_of('\0');
    }
    corrupt(env.files(), path, bytes * part / kParts);
    const auto result = open(env, ModelJob::options());
    if (result.has_value()) {
      return;
    }
    if (result.error().message.find("`adopt`") == std::string::npos) {
      ++not_offered;
      return;
    }
    ++adopted;
    const Status status = adopt(env, "job.data", "job");
    EXPECT_TRUE(status.has_value()) << result.error().message << "\n" << status.error().message;
    EXPECT_TRUE(open(env, ModelJob::options()).has_value()) << path << " " << part;
  };
  for (int epochs = 1; epochs <= 14; ++epochs) {
    for (std::size_t part = 0; part <= kParts; ++part) {
      damage_and_open(epochs, part);
    }
  }
  EXPECT_GT(adopted, 10);
  EXPECT_GT(not_offered, 10);
}

TEST_F(Lineage, AJournalThatWentAnotherWayThanTheWitnessSaysIsRefused) {
  run(10);
  const Identity identity = check(env.files(), "job.data")->identity;
  const Witnessed witness{identity.lineage, Epoch{10}, Chain{7, 7}};
  ASSERT_TRUE(write_first_witness(env.files(), "job.data", witness).has_value());
  const std::string sentence = refusal(env, ModelJob::options());
  EXPECT_SAYS(sentence, "different histories of epoch 10");
  EXPECT_SAYS(sentence, "`adopt`");
}

TEST_F(Lineage, ResetAndAdoptAreForTheJobsOwnData) {
  run(3);
  for (const Status& status : {reset(env, "job.data", "other"), adopt(env, "job.data", "other")}) {
    ASSERT_FALSE(status.has_value());
    EXPECT_EQ(status.error().code, ErrorCode::kRefused);
    EXPECT_SAYS(status.error().message, "is the data of job job, not of other");
  }
  for (const Status& status : {reset(env, "none.data", "job"), adopt(env, "none.data", "job")}) {
    ASSERT_FALSE(status.has_value());
    EXPECT_EQ(status.error().code, ErrorCode::kNotFound);
    EXPECT_SAYS(status.error().message, "there is no data directory 'none.data'");
  }
  job.open_and_compare(env);
}

TEST_F(Lineage, ResetNeedsNeitherAnIdentityNorFolders) {
  run(3);
  corrupt(env.files(), "job.data/identity", 30);
  const std::vector<std::string> journal = *env.files().list("job.data/journal");
  for (const std::string& name : journal) {
    ASSERT_TRUE(env.files().remove("job.data/journal/" + name).has_value());
  }
  ASSERT_TRUE(env.files().remove("job.data/journal").has_value());
  ASSERT_TRUE(reset(env, "job.data", "job").has_value());
  EXPECT_TRUE(open(env, ModelJob::options()).has_value());
}

TEST_F(Lineage, AfterAResetTheNumberOfKeyGroupsIsFree) {
  run(3);
  OpenOptions options = ModelJob::options();
  options.key_groups = 2;
  EXPECT_SAYS(refusal(env, options), "`reset` starts over with another");
  ASSERT_TRUE(reset(env, "job.data", "job").has_value());
  EXPECT_TRUE(open(env, options).has_value());
  EXPECT_SAYS(refusal(env, ModelJob::options()), "2 key groups");
}

TEST_F(Lineage, AStreamOfAnotherJobIsRefused) {
  run(5);
  copy_tree(env.files(), "job.data/stream/out", "kept");
  ASSERT_TRUE(reset(env, "job.data", "job").has_value());
  copy_tree(env.files(), "kept", "job.data/stream/out");  // of this job, but of before the reset
  EXPECT_TRUE(open(env, ModelJob::options()).has_value());
  FakeEnv other{10};
  ModelJob others{10};
  others.open_and_compare(other);
  ASSERT_TRUE(others.commit(other));
  others.forget_log();
  const std::string header = *env::read_whole(other.files(), "job.data/stream/out/header");
  ASSERT_TRUE(env::replace_whole(env.files(), "job.data/stream/out/header", header).has_value());
  EXPECT_SAYS(refusal(env, ModelJob::options()), "is a stream of another job");
}

TEST_F(Lineage, ResetStartsFromNothing) {
  run(10);
  ASSERT_TRUE(reset(env, "job.data", "job").has_value());
  EXPECT_FALSE(open_stream(env.files(), "job.data", "out").has_value());
  auto result = open(env, ModelJob::options());
  ASSERT_TRUE(result.has_value()) << result.error().message;
  EXPECT_EQ(result->opened.epoch, Epoch{0});
  EXPECT_TRUE(restored(*result->log).empty());
}

TEST_F(Lineage, AResetThatCrashesIsRefusedUntilItIsRunAgain) {
  run(10);
  const std::uint64_t before = env.files().operations();
  copy_tree(env.files(), "job.data", "keep");
  int crashes = 0;
  for (std::uint64_t point = 0; point < 60; ++point) {
    env.files().crash_after(point);
    bool ended = false;
    try {
      ended = reset(env, "job.data", "job").has_value();
    } catch (const env::fake::Crash&) {
      ended = false;
    }
    crashes += ended ? 0 : 1;
    env.restart();
    auto result = open(env, ModelJob::options());
    if (!result.has_value()) {
      EXPECT_SAYS(result.error().message, "run `reset` again");
    } else {
      const bool old_or_new = result->opened.epoch == Epoch{0} || point < 6;
      EXPECT_TRUE(old_or_new) << point;
    }
  }
  EXPECT_GT(crashes, 10);
  EXPECT_GT(env.files().operations(), before);
}

TEST_F(Lineage, SalvageOfASoundDirectoryLosesNothing) {
  run(40);
  auto report = salvage(env, "job.data", "saved.data");
  ASSERT_TRUE(report.has_value()) << report.error().message;
  EXPECT_TRUE(report->lost.empty()) << report->lost[0];
  auto checked = check(env.files(), "saved.data");
  ASSERT_TRUE(checked.has_value());
  EXPECT_FALSE(checked->damaged()) << checked->findings[0].sentence;
  OpenOptions options = ModelJob::options();
  options.directory = "saved.data";
  auto result = open(env, options);
  ASSERT_TRUE(result.has_value()) << result.error().message;
  EXPECT_EQ(result->opened.epoch, job.truth().epoch);
  EXPECT_EQ(restored(*result->log), job.truth().state);
}

TEST_F(Lineage, SalvageOfAnyDamageMakesADirectoryThatOpensAndChecks) {
  run(60);
  std::vector<std::string> paths;
  for (const char* folder : {"job.data/journal", "job.data/snapshot", "job.data/stream/out"}) {
    const std::vector<std::string> names = *env.files().list(folder);
    for (const std::string& name : names) {
      paths.push_back(env::join(folder, name));
    }
  }
  int saved = 0;
  for (const std::string& path : paths) {
    SCOPED_TRACE(path);
    const std::string whole = *env::read_whole(env.files(), path);
    corrupt(env.files(), path, whole.size() / 3);
    const std::string to = "saved" + std::to_string(saved++);
    auto report = salvage(env, "job.data", to);
    auto file = env.files().open(path, env::OpenMode::kReadWrite);
    ASSERT_TRUE((*file)->write_at(0, as_bytes(whole)).has_value());
    if (!report.has_value()) {
      EXPECT_EQ(report.error().code, ErrorCode::kCorrupt);
      continue;
    }
    for (const char* when : {"before a start", "after it"}) {
      SCOPED_TRACE(when);
      auto checked = check(env.files(), to);
      ASSERT_TRUE(checked.has_value());
      EXPECT_FALSE(checked->damaged()) << checked->findings[0].sentence;
      OpenOptions options = ModelJob::options();
      options.directory = to;
      EXPECT_TRUE(open(env, options).has_value());
    }
    OpenOptions options = ModelJob::options();
    options.directory = to;
    auto result = open(env, options);
    ASSERT_TRUE(result.has_value()) << result.error().message;
    ModelVisitor visitor;
    EXPECT_TRUE(result->log->restore([](KeyGroup) { return true; }, visitor).has_value());
    if (report->lost.empty()) {
      EXPECT_EQ(visitor.model, job.truth().state);
    }
  }
}

TEST_F(Lineage, DumpListsEveryCommit) {
  run(5);
  auto lines = dump(env.files(), "job.data");
  ASSERT_TRUE(lines.has_value());
  const auto commits = std::count_if(lines->begin(), lines->end(),
                                     [](const DumpLine& line) { return line.type == "commit"; });
  EXPECT_EQ(commits, 5);
}

}  // namespace
}  // namespace rheon::log::files::testing
