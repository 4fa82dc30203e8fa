#include "log/files/file_log.h"

#include <gtest/gtest.h>

#include "log/files/tests/log_fixture.h"

namespace rheon::log::files::testing {
namespace {

TEST(FileLog, FirstOpenMakesAFreshDirectory) {
  env::fake::FakeEnv env;
  auto result = open(env, small_options());
  ASSERT_TRUE(result.has_value()) << result.error().message;
  EXPECT_TRUE(result->opened.fresh);
  EXPECT_EQ(result->opened.epoch, Epoch{0});
  EXPECT_NE(result->opened.identity.uid, Id{});
}

TEST(FileLog, WhatWasCommittedIsThereAfterARestart) {
  env::fake::FakeEnv env;
  Identity identity;
  {
    auto result = open(env, small_options());
    ASSERT_TRUE(result.has_value()) << result.error().message;
    identity = result->opened.identity;
    for (std::uint64_t epoch = 1; epoch <= 100; ++epoch) {
      Commit commit;
      commit.epoch = Epoch{epoch};
      commit.deltas = {put_blob(1, "a", std::to_string(epoch)), put_blob(2, "b", "x")};
      commit.facts = {{"position", std::to_string(epoch)}};
      result->log->submit(std::move(commit));
      EXPECT_TRUE(has(settle(env, *result->log), Event::Kind::kCommitted));
    }
  }
  env.cut_power(7);
  env.restart();
  auto again = open(env, small_options());
  ASSERT_TRUE(again.has_value()) << again.error().message;
  EXPECT_FALSE(again->opened.fresh);
  EXPECT_EQ(again->opened.epoch, Epoch{100});
  EXPECT_EQ(again->opened.identity.uid, identity.uid);
  EXPECT_EQ(again->opened.facts.at("position"), "100");
  EXPECT_EQ(again->opened.notice, "");
  const Model expected{{{1, "a"}, "100"}, {{2, "b"}, "x"}};
  EXPECT_EQ(restored(*again->log), expected);
}

}  // namespace
}  // namespace rheon::log::files::testing
