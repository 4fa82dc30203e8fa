// How many key groups a directory has: what the last commit says, before the identity.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "codec/wire.h"
#include "log/files/identity.h"
#include "log/files/inspect.h"
#include "log/files/tests/forgery.h"
#include "log/files/tests/log_fixture.h"

namespace rheon::log::files::testing {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;

class NumberOfKeyGroups : public ::testing::Test {
 protected:
  [[nodiscard]] static OpenOptions asking_for(std::uint32_t key_groups,
                                              const std::string& directory = "job.data") {
    OpenOptions options = small_options();
    options.directory = directory;
    options.key_groups = key_groups;
    return options;
  }
  [[nodiscard]] std::string refusal(const OpenOptions& options) {
    const auto result = open(env, options);
    return result.has_value() ? "it was opened" : result.error().message;
  }
  /// A process that commits once, and says how many there are.
  void commit(std::uint32_t asked_for, std::optional<std::string> number) {
    auto result = open(env, asking_for(asked_for));
    ASSERT_TRUE(result.has_value()) << result.error().message;
    Commit commit;
    commit.epoch = Epoch{result->opened.epoch.value + 1};
    if (number.has_value()) {
      commit.facts.push_back({std::string(kKeyGroupsFact), *number});
    }
    result->log->submit(std::move(commit));
    ASSERT_TRUE(has(settle(env, *result->log), Event::Kind::kCommitted));
  }
  [[nodiscard]] static std::string u32(std::uint32_t number) {
    std::string bytes;
    codec::put_u32(bytes, number);
    return bytes;
  }
  [[nodiscard]] std::uint32_t in_identity(const std::string& directory = "job.data") {
    return read_identity(env.files(), directory)->identity.key_groups;
  }

  env::fake::FakeEnv env;
};

TEST_F(NumberOfKeyGroups, IsThatOfTheIdentityUnlessACommitSaysAnother) {
  commit(4, std::nullopt);
  EXPECT_THAT(refusal(asking_for(16)), HasSubstr("has 4 key groups"));
  commit(4, u32(16));
  EXPECT_EQ(in_identity(), 4u) << "the commit alone makes it";
  EXPECT_THAT(refusal(asking_for(4)), HasSubstr("has 16 key groups, and the job now asks for 4"));
  EXPECT_EQ(in_identity(), 16u) << "it follows when the log is opened";
  EXPECT_EQ(refusal(asking_for(16)), "it was opened");
  EXPECT_EQ(refusal(asking_for(kKeyGroupsAsStored)), "it was opened");
}

TEST_F(NumberOfKeyGroups, ThatNoJobCanHaveIsDamage) {
  for (const std::string& bad : {u32(0), u32(12), std::string("\x10\0", 2), u32(16) + "x"}) {
    ASSERT_TRUE(env.files().info("job.data").has_value() ? reset(env, "job.data", "job")
                                                         : Status{});
    commit(4, bad);
    const auto result = open(env, asking_for(4));
    ASSERT_FALSE(result.has_value());
    EXPECT_EQ(result.error().code, ErrorCode::kRefused) << result.error().message;
    EXPECT_THAT(result.error().message, HasSubstr("not a number that a job can have"));
  }
}

TEST_F(NumberOfKeyGroups, SalvageTakesThatOfTheLastCommit) {
  commit(4, u32(16));
  ASSERT_EQ(in_identity(), 4u);
  const auto saved = salvage(env, "job.data", "saved");
  ASSERT_TRUE(saved.has_value()) << saved.error().message;
  EXPECT_THAT(saved->saved, Not(Contains(HasSubstr("identity"))));
  EXPECT_EQ(in_identity("saved"), 16u);
  EXPECT_EQ(refusal(asking_for(16, "saved")), "it was opened");
}

TEST_F(NumberOfKeyGroups, SalvageGoesBackBehindASplitThatIsLost) {
  commit(4, std::nullopt);
  commit(4, u32(16));
  ASSERT_EQ(refusal(asking_for(16)), "it was opened");
  ASSERT_EQ(in_identity(), 16u);
  forge(env, kFirstSegment, [](std::vector<Forgery>& frames) {
    while (frames.back().epoch == Epoch{2}) {
      frames.pop_back();
    }
  });
  const auto saved = salvage(env, "job.data", "saved");
  ASSERT_TRUE(saved.has_value()) << saved.error().message;
  EXPECT_THAT(saved->lost, Contains(HasSubstr("epochs 2 to 2")));
  EXPECT_THAT(saved->saved, Not(Contains(HasSubstr("identity"))));
  EXPECT_EQ(in_identity("saved"), 4u);
  EXPECT_EQ(refusal(asking_for(4, "saved")), "it was opened");
}

TEST_F(NumberOfKeyGroups, AsStoredMakesNothingWhereNothingIs) {
  EXPECT_THAT(refusal(asking_for(kKeyGroupsAsStored)), HasSubstr("there is no directory"));
  EXPECT_FALSE(env.files().info("job.data").has_value());
}

}  // namespace
}  // namespace rheon::log::files::testing
