// Records that could not be processed are not passed over in silence.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <string_view>

#include "api/job.h"
#include "connect/discard/discard.h"
#include "connect/generator/words.h"
#include "run/inspect_commands.h"
#include "run/run_command.h"
#include "run/tests/broken_disk.h"

namespace rheon::run {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class Quarantine : public ::testing::Test {
 protected:
  Quarantine() {
    std::string name = (std::filesystem::temp_directory_path() / "rheon_run_XXXXXX").string();
    directory_ = ::mkdtemp(name.data());
  }
  ~Quarantine() override { std::filesystem::remove_all(directory_); }

  [[nodiscard]] graph::Graph graph() {
    Job job("job", Parameters({}, /*complete=*/true));
    job.from("words", generator::words({.dictionary = 10, .count = 100}))
        .map(
            "parsed",
            [this](std::string_view word) {
              if (bad_left_.fetch_sub(1) > 0) {
                throw std::runtime_error("no number");
              }
              return word.size();
            },
            quarantine)
        .to("out", discard::all());
    Result<graph::Graph> graph = job.finish();
    EXPECT_TRUE(graph) << graph.error().message;
    return std::move(*graph);
  }
  [[nodiscard]] CommandLine line(Command command) {
    CommandLine line;
    line.command = command;
    line.data_directory = directory_ + "/data";
    return line;
  }
  [[nodiscard]] std::string said_by_run(int bad) {
    bad_left_ = bad;
    EXPECT_EQ(run_job(machine_, graph(), line(Command::kRun)), ExitCode::kDone);
    return machine_.process().errors();
  }
  [[nodiscard]] std::string status() {
    const auto status = inspect(machine_, graph(), line(Command::kStatus));
    EXPECT_TRUE(status) << status.error().message;
    return status.value_or("");
  }

  std::string directory_;
  std::atomic<int> bad_left_{0};
  BrokenMachine machine_;
};

TEST_F(Quarantine, IsSpokenOfAtTheEndAndByTheStatus) {
  EXPECT_THAT(said_by_run(3),
              HasSubstr("warning: job: 3 records could not be processed and went to quarantine: "
                        "`streams cat quarantine` shows them with place and reason"));
  EXPECT_THAT(status(), HasSubstr("quarantine  3 records: `streams cat quarantine`"));
}

TEST_F(Quarantine, IsNotSpokenOfWhenNothingWentThere) {
  EXPECT_THAT(said_by_run(0), Not(HasSubstr("quarantine")));
  EXPECT_THAT(status(), Not(HasSubstr("quarantine")));
}

}  // namespace
}  // namespace rheon::run
