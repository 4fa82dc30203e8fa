// Commands that look at a job which another process runs.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "api/job.h"
#include "codec/wire.h"
#include "connect/discard/discard.h"
#include "connect/generator/words.h"
#include "env/fake/fake_env.h"
#include "log/files/file_log.h"
#include "log/files/format.h"
#include "run/inspect_commands.h"
#include "testing/simulated_job.h"

namespace rheon::run {
namespace {

using std::chrono::seconds;
using ::testing::HasSubstr;

/// Takes every question and never answers: the process behind it is stopped.
class SilentSockets final : public env::fake::FakeSockets {
 public:
  explicit SilentSockets(env::fake::FakeClock& clock) : clock_(clock) {}
  Result<std::string> ask(const std::string& path, const std::string& /*request*/,
                          std::chrono::milliseconds timeout) override {
    clock_.advance(timeout);
    return fail(ErrorCode::kIo, "no answer in time from '" + path + "'");
  }

 private:
  env::fake::FakeClock& clock_;
};

class SilentMachine final : public env::fake::FakeEnv {
 public:
  SilentSockets& sockets() override { return silent_; }

 private:
  SilentSockets silent_{clock()};
};

TEST(Inspect, SaysThatAJobDoesNotAnswer) {
  SilentMachine machine;
  ASSERT_TRUE(machine.files().make_directories("data"));
  ASSERT_TRUE(
      machine.files().open(env::join("data", log::files::kIdentityFile), env::OpenMode::kCreate));
  Job job("job", Parameters({}, /*complete=*/true));
  job.from("words", generator::words({.dictionary = 10, .count = 100})).to("out", discard::all());
  const Result<graph::Graph> graph = job.finish();
  ASSERT_TRUE(graph) << graph.error().message;
  CommandLine line;
  line.data_directory = "data";
  for (const Command command : {Command::kStatus, Command::kLedger, Command::kStateList}) {
    line.command = command;
    const env::Monotonic before = machine.clock().monotonic();
    const auto answer = inspect(machine, *graph, line);
    ASSERT_FALSE(answer);
    EXPECT_THAT(answer.error().message,
                HasSubstr("the job that runs on 'data' does not answer: no answer in time from "
                          "'data/control'. Its process may be stopped (SIGSTOP, a debugger)"));
    EXPECT_LE(machine.clock().monotonic() - before, seconds{15});
  }
}

/// Takes the first question, and is killed.
class DyingSockets final : public env::fake::FakeSockets {
 public:
  Result<std::string> ask(const std::string& /*path*/, const std::string& /*request*/,
                          std::chrono::milliseconds /*timeout*/) override {
    if (std::exchange(dead_, true)) {
      return fail(ErrorCode::kNotFound, "nobody listens");
    }
    return std::string(R"({"shards_wanted":3})");
  }

 private:
  bool dead_ = false;
};

class DyingMachine final : public env::fake::FakeEnv {
 public:
  DyingSockets& sockets() override { return dying_; }

 private:
  DyingSockets dying_;
};

TEST(Inspect, DoesNotWaitForAJobThatHasDied) {
  DyingMachine machine;
  log::files::OpenOptions options = testing::small_log();
  options.directory = "data";
  options.job = "job";
  ASSERT_TRUE(log::files::open(machine, options));
  Job job("job", Parameters({}, /*complete=*/true));
  job.from("words", generator::words({.dictionary = 10, .count = 100})).to("out", discard::all());
  const Result<graph::Graph> graph = job.finish();
  CommandLine line;
  line.data_directory = "data";
  line.command = Command::kScale;
  line.shards = 3;
  const auto answer = inspect(machine, *graph, line);
  ASSERT_FALSE(answer);
  EXPECT_THAT(answer.error().message, HasSubstr("job ended before it ran on 3 shards"));
}

/// Answers all questions alike, and keeps them.
class RecordingSockets final : public env::fake::FakeSockets {
 public:
  Result<std::string> ask(const std::string& /*path*/, const std::string& request,
                          std::chrono::milliseconds /*timeout*/) override {
    asked.push_back(request);
    return std::string(R"({"job":"job","running":true,"shards":3,"shards_wanted":3})");
  }
  std::vector<std::string> asked;
};

class RecordingMachine final : public env::fake::FakeEnv {
 public:
  RecordingSockets& sockets() override { return recording_; }

 private:
  RecordingSockets recording_;
};

Result<std::string> ask_about(env::Env& machine, Command command, const char* output) {
  Job job("job", Parameters({}, /*complete=*/true));
  job.from("words", generator::words({.dictionary = 10, .count = 100})).to(output, discard::all());
  const Result<graph::Graph> graph = job.finish();
  CommandLine line;
  line.command = command;
  line.data_directory = "job.data";
  line.shards = 3;
  return inspect(machine, *graph, line);
}
void write_counters(env::fake::FakeEnv& machine, const std::vector<std::string>& counters) {
  log::files::OpenOptions options = testing::small_log();
  options.directory = "job.data";
  options.job = "job";
  auto opened = log::files::open(machine, options);
  ASSERT_TRUE(opened) << opened.error().message;
  log::Commit commit;
  commit.epoch = Epoch{opened->opened.epoch.value + 1};
  for (const std::string& counter : counters) {
    std::string hundred;
    codec::put_u64(hundred, 100);
    commit.facts.push_back({"ledger/operator/" + counter, hundred});
  }
  opened->log->submit(std::move(commit));
  machine.io().run_all();
}

TEST(Inspect, SaysWhoIsAskedAndForHowLong) {
  RecordingMachine machine;
  write_counters(machine, {});
  ASSERT_TRUE(ask_about(machine, Command::kScale, "csv"));
  const std::int64_t latest = machine.clock().wall().micros + 10'000'000;
  EXPECT_THAT(machine.sockets().asked.front(), HasSubstr(R"("job":"job")"));
  EXPECT_THAT(machine.sockets().asked.front(),
              HasSubstr("\"until_micros\":" + std::to_string(latest)));
}

TEST(Inspect, TheLedgerShowsAlsoWhatOtherParametersHaveMade) {
  env::fake::FakeEnv machine;
  write_counters(machine, {"words/in", "words/emitted", "words/out", "kafka/in", "kafka/emitted"});
  const auto ledger = ask_about(machine, Command::kLedger, "csv");
  ASSERT_TRUE(ledger) << ledger.error().message;
  EXPECT_THAT(*ledger, ::testing::ContainsRegex("kafka +100"));
  EXPECT_THAT(*ledger, ::testing::Not(HasSubstr("csv"))) << "it has never run";
  EXPECT_TRUE(ask_about(machine, Command::kStatus, "csv"));
}

TEST(Inspect, TheLedgerOfAJobThatHasJustBegunShowsItsOperators) {
  env::fake::FakeEnv machine;
  write_counters(machine, {"words/in", "words/emitted", "words/out"});
  const auto ledger = ask_about(machine, Command::kLedger, "csv");
  ASSERT_TRUE(ledger) << ledger.error().message;
  EXPECT_THAT(*ledger, HasSubstr("csv"));
}

class Unrun : public ::testing::Test {
 protected:
  [[nodiscard]] std::string sentence() {
    Job job("job", Parameters({}, /*complete=*/true));
    job.from("words", generator::words({.dictionary = 10, .count = 100})).to("out", discard::all());
    const Result<graph::Graph> graph = job.finish();
    CommandLine line;
    line.command = Command::kStatus;
    line.data_directory = "data";
    const auto answer = inspect(machine_, *graph, line);
    EXPECT_FALSE(answer);
    return answer.has_value() ? "" : answer.error().message;
  }
  env::fake::FakeEnv machine_;
};

TEST_F(Unrun, DirectoryThatIsNotThere) {
  EXPECT_THAT(sentence(), HasSubstr("there is no data directory 'data': nothing has run there"));
}

TEST_F(Unrun, DirectoryOfSomethingElse) {
  ASSERT_TRUE(machine_.files().make_directories("data/journal"));
  EXPECT_THAT(sentence(), HasSubstr("'data' is not the data directory of a job: it has no file "
                                    "'identity'"));
  EXPECT_TRUE(machine_.files().list("data")->size() == 1) << "a look leaves nothing behind";
}

}  // namespace
}  // namespace rheon::run
