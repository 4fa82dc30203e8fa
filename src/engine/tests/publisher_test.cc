#include "engine/publisher.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "engine/fact_names.h"
#include "env/fake/fake_env.h"

namespace rheon::engine {
namespace {

using std::chrono::milliseconds;
using ::testing::ElementsAre;
using ::testing::Pair;

/// What one sink was told, and what it answers.
struct Told {
  std::vector<std::pair<std::uint64_t, std::string>> epochs;  // with its fact "length"
  Status answer;
};

class TellingCommitter final : public SinkCommitter {
 public:
  explicit TellingCommitter(Told& told, bool wants = true) : told_(told), wants_(wants) {}
  Status recover(const SinkEnvironment& /*environment*/, const SinkFacts& /*facts*/,
                 SinkRecovery& /*done*/) override {
    return {};
  }
  Status published(Epoch epoch, const SinkFacts& facts) override {
    told_.epochs.emplace_back(epoch.value, facts.at("length"));
    return told_.answer;
  }
  bool wants_published() const override { return wants_; }

 private:
  Told& told_;
  bool wants_;
};

class Woken final : public env::Waker {
 public:
  void wake() override {}
};

class PublisherTest : public ::testing::Test {
 protected:
  PublisherTest() {
    publisher_.add("a", std::make_unique<TellingCommitter>(a_));
    publisher_.add("b", std::make_unique<TellingCommitter>(b_));
  }

  void commit(std::uint64_t epoch) {
    for (const std::string sink : {"a", "b"}) {
      facts_[std::string(kSinkPrefix) + sink + "/length"] = sink + std::to_string(epoch);
    }
    publisher_.committed(Epoch{epoch});
  }
  Status step() { return publisher_.step(now_, facts_); }
  /// An attempt, if one is due, and what it says.
  Status attempt() {
    RHEON_TRY(step());
    env_.io().run_all();
    return step();
  }

  env::fake::FakeEnv env_;
  Woken woken_;
  Told a_, b_;
  log::Facts facts_;
  env::Monotonic now_{0};
  Publisher publisher_{env_, woken_};
};

TEST_F(PublisherTest, EverySinkIsToldOfACommitWithItsOwnFacts) {
  EXPECT_TRUE(publisher_.done());
  commit(1);
  EXPECT_FALSE(publisher_.done());
  ASSERT_TRUE(attempt());
  EXPECT_TRUE(publisher_.done());
  EXPECT_THAT(a_.epochs, ElementsAre(Pair(1, "a1")));
  EXPECT_THAT(b_.epochs, ElementsAre(Pair(1, "b1")));
  ASSERT_TRUE(attempt());
  EXPECT_EQ(a_.epochs.size(), 1u) << "there was nothing new to tell";
}

TEST_F(PublisherTest, ACommitWhileAnotherIsUnderWayFollowsIt) {
  commit(1);
  ASSERT_TRUE(step());
  commit(2);
  ASSERT_TRUE(step());
  commit(3);
  env_.io().run_all();
  EXPECT_THAT(a_.epochs, ElementsAre(Pair(1, "a1")));
  ASSERT_TRUE(step());
  EXPECT_FALSE(publisher_.done());
  ASSERT_TRUE(attempt());
  EXPECT_TRUE(publisher_.done());
  EXPECT_THAT(a_.epochs, ElementsAre(Pair(1, "a1"), Pair(3, "a3")));
}

TEST_F(PublisherTest, WithoutSpaceTheNewestCommitIsTriedAgainAfterAWhile) {
  a_.answer = fail(ErrorCode::kNoSpace, "full");
  commit(1);
  ASSERT_TRUE(attempt());
  EXPECT_TRUE(publisher_.lacks_space());
  EXPECT_EQ(publisher_.waits_until(), now_ + milliseconds{100});
  commit(2);
  now_ += milliseconds{99};
  ASSERT_TRUE(attempt());
  EXPECT_THAT(a_.epochs, ElementsAre(Pair(1, "a1"))) << "a commit makes no space";
  now_ += milliseconds{1};
  ASSERT_TRUE(step());
  EXPECT_TRUE(publisher_.lacks_space()) << "nobody knows yet";
  EXPECT_EQ(publisher_.waits_until(), std::nullopt);
  a_.answer = {};
  env_.io().run_all();
  ASSERT_TRUE(step());
  EXPECT_FALSE(publisher_.lacks_space());
  EXPECT_TRUE(publisher_.done());
  EXPECT_THAT(a_.epochs, ElementsAre(Pair(1, "a1"), Pair(2, "a2")));
}

TEST_F(PublisherTest, AnErrorIsSaidAtOnceWhicheverSinkHasNoSpaceBeside) {
  const Status full = fail(ErrorCode::kNoSpace, "full");
  const Status broken = fail(ErrorCode::kIo, "broken");
  for (const bool first : {true, false}) {
    (first ? a_ : b_).answer = broken;
    (first ? b_ : a_).answer = full;
    commit(1);
    const Status said = attempt();
    ASSERT_FALSE(said);
    EXPECT_EQ(said.error().message, "broken");
  }
}

TEST_F(PublisherTest, OfTwoErrorsTheFirstIsSaid) {
  a_.answer = fail(ErrorCode::kIo, "the first");
  b_.answer = fail(ErrorCode::kIo, "the second");
  commit(1);
  const Status said = attempt();
  ASSERT_FALSE(said);
  EXPECT_EQ(said.error().message, "the first");
}

TEST_F(PublisherTest, WhoWantsNothingIsNotAsked) {
  Publisher silent(env_, woken_);
  Told nothing;
  silent.add("c", std::make_unique<TellingCommitter>(nothing, /*wants=*/false));
  silent.committed(Epoch{1});
  EXPECT_TRUE(silent.done());
  ASSERT_TRUE(silent.step(now_, facts_));
  EXPECT_EQ(env_.io().pending(), 0u);
}

}  // namespace
}  // namespace rheon::engine
