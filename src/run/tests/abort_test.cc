// A sink that cannot make durable what it has written aborts the epoch: the engine is opened anew
// in the same process, from the last commit.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <string>
#include <string_view>

#include "api/job.h"
#include "connect/files/csv.h"
#include "connect/generator/words.h"
#include "run/run_command.h"
#include "run/tests/broken_disk.h"

namespace rheon::run {
namespace {

using ::testing::HasSubstr;

constexpr std::uint64_t kWords = 20'000;

class Abort : public ::testing::Test {
 protected:
  Abort() {
    std::string name = (std::filesystem::temp_directory_path() / "rheon_abort_XXXXXX").string();
    directory_ = ::mkdtemp(name.data());
  }
  ~Abort() override { std::filesystem::remove_all(directory_); }

  /// Counts words for about half a second, a commit every 10 ms.
  [[nodiscard]] ExitCode run() {
    Job job("counts", Parameters({}, /*complete=*/true));
    job.from("words", generator::words({.dictionary = 100, .count = kWords, .rate = 40'000}))
        .key_by([](std::string_view word) { return word; })
        .aggregate("counts", count(), unbounded())
        .to("csv", files::csv(directory_ + "/out"));
    Result<graph::Graph> graph = job.finish();
    EXPECT_TRUE(graph) << graph.error().message;
    CommandLine line;
    line.command = Command::kRun;
    line.data_directory = directory_ + "/data";
    line.run.shards = 2;
    line.run.commit_interval = std::chrono::milliseconds{10};
    return run_job(machine_, std::move(*graph), line);
  }
  [[nodiscard]] const std::string& said() { return machine_.process().errors(); }
  [[nodiscard]] int aborts() {
    int found = 0;
    constexpr std::string_view kSentence = "The epoch is aborted";
    for (std::size_t at = said().find(kSentence); at != std::string::npos;
         at = said().find(kSentence, at + 1)) {
      ++found;
    }
    return found;
  }

  /// Each word's counts are 1, 2, 3, ..., each of them once, kWords lines in all.
  void expect_every_count_once() {
    std::map<std::string, std::set<std::uint64_t>> counts;
    std::uint64_t lines = 0;
    for (const auto& file : std::filesystem::directory_iterator(directory_ + "/out")) {
      std::ifstream in(file.path());
      for (std::string line; file.path().extension() == ".csv" && std::getline(in, line);) {
        const std::size_t comma = line.find(',');
        ASSERT_NE(comma, std::string::npos) << line;
        counts[line.substr(0, comma)].insert(std::stoull(line.substr(comma + 1)));
        ++lines;
      }
    }
    EXPECT_EQ(lines, kWords);
    for (const auto& [word, seen] : counts) {
      EXPECT_EQ(*seen.begin(), 1u) << word;
      EXPECT_EQ(*seen.rbegin(), seen.size()) << word;
    }
  }

  std::string directory_;
  BrokenMachine machine_;
};

TEST_F(Abort, TheEngineIsOpenedAnewAndNothingIsLostOrDoubled) {
  machine_.syncs().fail(3);
  EXPECT_EQ(run(), ExitCode::kDone) << said();
  EXPECT_EQ(machine_.syncs().left(), 0);
  EXPECT_EQ(aborts(), 3) << said();
  EXPECT_THAT(said(), HasSubstr("cannot sync"));
  expect_every_count_once();
}

TEST_F(Abort, AStopThatWaitsForASlowDiskSaysSo) {
  machine_.syncs().delay_one(std::chrono::milliseconds{2500},
                             [this] { machine_.process().request_stop(); });
  EXPECT_EQ(run(), ExitCode::kDone) << said();
  EXPECT_THAT(said(), HasSubstr("the stop waits for the commit under way"));
  EXPECT_THAT(said(), HasSubstr("Another Ctrl-C ends the program at once"));
}

TEST_F(Abort, TheFourthWithinAMinuteEndsTheProgram) {
  machine_.syncs().fail(4);
  EXPECT_EQ(run(), ExitCode::kFailed);
  EXPECT_EQ(aborts(), 3) << said();
  EXPECT_THAT(said(), HasSubstr("This was the fourth abort within a minute. Everything up to the "
                                "last commit is safe"));
  machine_.process().restart();
  EXPECT_EQ(run(), ExitCode::kDone) << said();
  EXPECT_EQ(aborts(), 0);
  EXPECT_THAT(said(), HasSubstr("going on after epoch"));
  expect_every_count_once();
}

}  // namespace
}  // namespace rheon::run
