#include "run/reporter.h"

#include <gtest/gtest.h>

#include <string>

#include "env/fake/fake_env.h"

namespace rheon::run {
namespace {

/// What a terminal of this width is given for a live line.
std::string shown(const std::string& line, unsigned width) {
  env::fake::FakeEnv env;
  env.process().set_terminal(true, width);
  Reporter reporter(env, LogLevel::kInfo, LogFormat::kText);
  EXPECT_TRUE(reporter.lives());
  reporter.live(line);
  return env.process().errors();
}

TEST(Reporter, KeepsTheLiveLineInOneRowOfTheTerminal) {
  const std::string line = "job  1.0 M/s  in 12";
  const std::string clear = "\r\033[K";
  EXPECT_EQ(shown(line, 80), clear + line);
  EXPECT_EQ(shown(line, 20), clear + line);
  EXPECT_EQ(shown(line, 19), clear + "job  1.0 M/s  in 1");
  EXPECT_EQ(shown(line, 0), clear + line) << "it does not say";
}

}  // namespace
}  // namespace rheon::run
