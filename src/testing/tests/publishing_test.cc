// What a sink publishes behind a commit (SinkCommitter::published): with no space it is tried
// again, and a job does not end before its last commit is published.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "api/job.h"
#include "connect/discard/discard.h"
#include "connect/memory/values.h"
#include "engine/sink.h"
#include "testing/simulated_job.h"

namespace rheon {
namespace {

constexpr std::uint64_t kTurns = 100'000;

/// What happens outside of a job, where its sink publishes.
struct Outside {
  int failures = 0;  // the next so many attempts fail
  ErrorCode with = ErrorCode::kNoSpace;
  int attempts = 0;
  std::uint64_t published = 0;  // the last epoch
};

class Publishing final : public engine::SinkCommitter {
 public:
  explicit Publishing(Outside& outside) : outside_(outside) {}
  Status recover(const engine::SinkEnvironment& /*environment*/, const engine::SinkFacts& /*facts*/,
                 engine::SinkRecovery& /*done*/) override {
    return {};
  }
  Status published(Epoch epoch, const engine::SinkFacts& /*facts*/) override {
    ++outside_.attempts;
    if (outside_.failures > 0) {
      --outside_.failures;
      return fail(outside_.with, "cannot write 'marker'.");
    }
    outside_.published = epoch.value;
    return {};
  }
  bool wants_published() const override { return true; }

 private:
  Outside& outside_;
};

class PublishingConnector final : public engine::AnySinkConnector {
 public:
  PublishingConnector(Outside& outside, std::shared_ptr<const engine::AnySinkConnector> records)
      : outside_(outside), records_(std::move(records)) {}
  engine::SinkTraits traits() const override {
    return {.kind = "publishing", .guarantee = engine::Guarantee::kExactlyOnce};
  }
  std::unique_ptr<engine::SinkParticipant> make_participant(
      const engine::SinkEnvironment& environment,
      const engine::SinkFacts& recovered) const override {
    return records_->make_participant(environment, recovered);
  }
  std::unique_ptr<engine::SinkCommitter> make_committer() const override {
    return std::make_unique<Publishing>(outside_);
  }

 private:
  Outside& outside_;
  std::shared_ptr<const engine::AnySinkConnector> records_;
};

struct Publisher {
  Outside& outside;
  template <class K, class T>
  [[nodiscard]] std::shared_ptr<const engine::AnySinkConnector> bind() const {
    return std::make_shared<const PublishingConnector>(outside, discard::all().bind<K, T>());
  }
};

class PublishingTest : public ::testing::Test {
 protected:
  PublishingTest() {
    testing::SimulatedJobOptions options;
    options.commit_interval = std::chrono::hours{1};  // only the commit at the end
    job_ = std::make_unique<testing::SimulatedJob>(
        env_,
        [this](Job& described) {
          described.from("numbers", memory::values<std::uint64_t>({1, 2, 3}))
              .to("out", Publisher{outside_});
        },
        options);
    EXPECT_TRUE(job_->start());
  }

  /// Turns until so many attempts have failed and the job waits.
  void run_until_it_waits() {
    for (std::uint64_t i = 0; i < kTurns && job_->worker().stats().waiting.empty(); ++i) {
      ASSERT_THAT(job_->turn(), ::testing::Optional(false));
    }
  }

  env::fake::FakeEnv env_;
  Outside outside_;
  std::unique_ptr<testing::SimulatedJob> job_;
};

TEST_F(PublishingTest, AJobDoesNotEndBeforeItsLastCommitIsPublished) {
  outside_.failures = 1'000'000;
  run_until_it_waits();
  EXPECT_THAT(job_->worker().stats().waiting, ::testing::HasSubstr("cannot be published"));
  for (int i = 0; i < 1'000; ++i) {
    ASSERT_THAT(job_->turn(), ::testing::Optional(false)) << "it has ended";
  }
  EXPECT_GE(outside_.attempts, 3);
  outside_.failures = 0;
  ASSERT_TRUE(job_->run(kTurns));
  EXPECT_EQ(outside_.published, job_->worker().stats().epoch.value);
  EXPECT_EQ(job_->worker().stats().waiting, "");
}

TEST_F(PublishingTest, TenAttemptsTakeASecond) {
  outside_.failures = 10;
  const env::Monotonic start = env_.clock().monotonic();
  ASSERT_TRUE(job_->run(kTurns));
  EXPECT_EQ(outside_.attempts, 11);
  EXPECT_GE(env_.clock().monotonic() - start, std::chrono::seconds{1});
  EXPECT_LE(env_.clock().monotonic() - start, std::chrono::seconds{2});
}

TEST_F(PublishingTest, WhoIsAskedToStopLeavesItToTheNextStart) {
  outside_.failures = 1'000'000;
  run_until_it_waits();
  job_->worker().request_stop();
  ASSERT_TRUE(job_->run(kTurns));
  EXPECT_EQ(outside_.published, 0u);
}

TEST_F(PublishingTest, ARescaleDoesNotWaitForSpace) {
  outside_.failures = 1'000'000;
  job_->rescale(2);
  run_until_it_waits();
  for (std::uint64_t i = 0; i < kTurns && job_->worker().stats().rescale_micros == 0; ++i) {
    ASSERT_THAT(job_->turn(), ::testing::Optional(false));
  }
  EXPECT_EQ(job_->worker().stats().shards, 2u);
  EXPECT_THAT(job_->worker().stats().waiting, ::testing::HasSubstr("cannot be published"));
  EXPECT_EQ(outside_.published, 0u);
  outside_.failures = 0;
  ASSERT_TRUE(job_->run(kTurns));
  EXPECT_EQ(outside_.published, job_->worker().stats().epoch.value);
}

TEST_F(PublishingTest, AnotherErrorFailsTheJobWhateverCommitItIs) {
  for (const bool last : {true, false}) {
    outside_.failures = 1;
    outside_.with = ErrorCode::kIo;
    if (!last) {
      job_->rescale(2);  // its commit comes first, and is not the last one
    }
    const Status ended = job_->run(kTurns);
    ASSERT_FALSE(ended);
    EXPECT_EQ(ended.error().code, ErrorCode::kIo);
    EXPECT_EQ(ended.error().message, "cannot write 'marker'.");
    job_->abort();
    ASSERT_TRUE(job_->start());
  }
}

}  // namespace
}  // namespace rheon
