#include "cli/log_commands.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "env/fake/fake_env.h"
#include "log/files/file_log.h"

namespace rheon::cli {
namespace {

struct Ran {
  int code = 0;
  std::string out;
  std::string error;
};

class LogCommands : public ::testing::Test {
 protected:
  LogCommands() {
    log::files::OpenOptions options;
    options.directory = "job.data";
    options.job = "job";
    options.allocate_ahead_bytes = 4096;
    auto result = log::files::open(env, options);
    log::Commit commit;
    commit.epoch = Epoch{1};
    commit.facts = {{"fact", "value"}};
    result->log->submit(std::move(commit));
    env.io().run_all();
    while (result->log->poll().has_value()) {
      env.io().run_all();
    }
  }
  Ran rheon(std::vector<const char*> arguments) {
    arguments.insert(arguments.begin(), "rheon");
    std::ostringstream out;
    std::ostringstream error;
    const int code = run(env, static_cast<int>(arguments.size()), arguments.data(), {out, error});
    return {code, out.str(), error.str()};
  }
  env::fake::FakeEnv env;
};

TEST_F(LogCommands, CheckOfASoundDirectoryExitsWith0) {
  const Ran ran = rheon({"log", "check", "job.data"});
  EXPECT_EQ(ran.code, kExitFine) << ran.out;
  EXPECT_NE(ran.out.find("epoch 1"), std::string::npos);
}

TEST_F(LogCommands, CheckOfADamagedDirectoryExitsWith3AndNamesTheFile) {
  env.files().flip_bit("job.data/journal/00000001", 8 * 30);
  const Ran ran = rheon({"log", "check", "--json", "job.data"});
  EXPECT_EQ(ran.code, kExitRefused);
  const auto json = nlohmann::json::parse(ran.out);
  EXPECT_TRUE(json["damaged"].get<bool>());
  EXPECT_NE(ran.out.find("job.data/journal/00000001"), std::string::npos);
}

TEST_F(LogCommands, DumpPrintsOneObjectPerFrame) {
  const Ran ran = rheon({"log", "dump", "--json", "job.data"});
  EXPECT_EQ(ran.code, kExitFine);
  std::istringstream lines(ran.out);
  for (std::string line; std::getline(lines, line);) {
    EXPECT_TRUE(nlohmann::json::parse(line).contains("type"));
  }
}

TEST_F(LogCommands, SalvageSaysThatNothingWasLost) {
  const Ran ran = rheon({"log", "salvage", "job.data", "--to", "saved.data"});
  EXPECT_EQ(ran.code, kExitFine) << ran.error;
  EXPECT_NE(ran.out.find("nothing was lost"), std::string::npos);
}

TEST_F(LogCommands, SalvageThatLosesSomethingExitsWith3AndSaysWhat) {
  ASSERT_TRUE(env.files().remove("job.data/witness"));
  const Ran ran = rheon({"log", "salvage", "job.data", "--to", "saved.data"});
  EXPECT_EQ(ran.code, kExitRefused) << ran.out;
  EXPECT_NE(ran.out.find("lost: "), std::string::npos) << ran.out;
  EXPECT_EQ(ran.out.find("nothing was lost"), std::string::npos) << ran.out;
}

TEST_F(LogCommands, SalvageDoesNotWriteOverAFile) {
  const Ran ran = rheon({"log", "salvage", "job.data", "--to", "job.data/identity"});
  EXPECT_EQ(ran.code, kExitUsage);
  EXPECT_EQ(ran.error,
            "error: 'job.data/identity' is no directory: name a directory that does not exist "
            "yet\n");
}

TEST_F(LogCommands, BadUsageExitsWith2AndASentence) {
  for (const auto& words :
       {std::vector<const char*>{"log", "salvage", "job.data"}, std::vector<const char*>{"log"},
        std::vector<const char*>{"nonsense"}, std::vector<const char*>{}}) {
    const Ran ran = rheon(words);
    EXPECT_EQ(ran.code, kExitUsage);
    EXPECT_EQ(ran.error.rfind("error: ", 0), 0u) << ran.error;
    EXPECT_NE(ran.error.find(". --help shows"), std::string::npos) << ran.error;
  }
}

TEST_F(LogCommands, WhatMayBeDoneIsListedWhereNothingIsSaid) {
  EXPECT_NE(rheon({}).error.find("'rheon' needs 'log'."), std::string::npos);
  EXPECT_NE(rheon({"log"}).error.find("'log' needs 'check' or 'dump' or 'salvage'."),
            std::string::npos);
  EXPECT_NE(rheon({"log", "check"}).error.find("DIR is required."), std::string::npos);
}

TEST_F(LogCommands, WhatIsNoDataDirectoryExitsWith2) {
  ASSERT_TRUE(env.files().make_directories("other"));
  for (const char* command : {"check", "dump", "salvage"}) {
    SCOPED_TRACE(command);
    const auto at = [&](const char* directory) {
      std::vector<const char*> words{"log", command, directory};
      if (command == std::string("salvage")) {
        words.insert(words.end(), {"--to", "saved.data"});
      }
      return rheon(words);
    };
    EXPECT_EQ(at("nowhere.data").code, kExitUsage);
    EXPECT_EQ(at("nowhere.data").error, "error: there is no directory 'nowhere.data'\n");
    EXPECT_EQ(at("job.data/identity").code, kExitUsage);
    EXPECT_EQ(at("job.data/identity").error, "error: 'job.data/identity' is no directory\n");
    EXPECT_EQ(at("other").code, kExitUsage);
    EXPECT_NE(at("other").error.find("'other' is not the data directory of a job"),
              std::string::npos);
  }
  EXPECT_FALSE(env.files().info("saved.data").has_value());
}

TEST_F(LogCommands, ARunningJobIsLeftAloneWith3) {
  const auto lock = env.files().lock("job.data/lock");
  for (const auto& words :
       {std::vector<const char*>{"log", "check", "job.data"},
        std::vector<const char*>{"log", "dump", "job.data"},
        std::vector<const char*>{"log", "salvage", "job.data", "--to", "new"}}) {
    const Ran ran = rheon(words);
    EXPECT_EQ(ran.code, kExitRefused);
    EXPECT_EQ(ran.error, "error: a process is running the job in job.data: stop it first\n");
  }
}

TEST_F(LogCommands, TwoMayLookAtOnce) {
  const auto another = env.files().lock_for_reading("job.data/lock");
  EXPECT_EQ(rheon({"log", "check", "job.data"}).code, kExitFine);
  EXPECT_EQ(rheon({"log", "dump", "job.data"}).code, kExitFine);
}

}  // namespace
}  // namespace rheon::cli
