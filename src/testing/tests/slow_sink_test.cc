// A sink that takes nothing more, or does not get durable what it has: the job names it.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <limits>
#include <memory>
#include <numeric>
#include <set>
#include <string>
#include <vector>

#include "api/job.h"
#include "connect/memory/values.h"
#include "testing/simulated_job.h"

namespace rheon {
namespace {

using std::chrono::milliseconds;

/// The outside of a job, where its sink writes.
struct SlowPlace {
  bool takes_records = true;
  int batches_it_takes = std::numeric_limits<int>::max();
  bool gets_them_durable = true;
  bool is_gone = false;
  bool has_space = true;
  std::uint64_t taken = 0;
  env::Waker* waker = nullptr;  // of its writer's shard
};

template <class K, class T>
class SlowWriter final : public engine::SinkWriter<K, T> {
 public:
  explicit SlowWriter(SlowPlace& outside) : outside_(outside) {}
  void write(const engine::Batch<K, T>& batch) override {
    outside_.taken += batch.size();
    --outside_.batches_it_takes;
  }
  void prepare(Epoch /*epoch*/) override {}
  Result<bool> prepared(engine::SinkFactChanges& /*facts*/,
                        std::vector<log::StreamAppend>& /*appends*/) override {
    return outside_.gets_them_durable;
  }
  Result<bool> blocked() override {
    if (outside_.is_gone) {
      return fail(ErrorCode::kIo, "the outside is gone");
    }
    return !outside_.takes_records || outside_.batches_it_takes <= 0;
  }
  bool no_space() const override { return !outside_.has_space; }

 private:
  SlowPlace& outside_;
};

template <class K, class T>
class SlowConnector final : public engine::SinkConnector<K, T> {
 public:
  explicit SlowConnector(SlowPlace& outside) : outside_(outside) {}
  engine::SinkTraits traits() const override {
    return {.kind = "slow", .guarantee = engine::Guarantee::kExactlyOnce};
  }
  std::unique_ptr<engine::SinkWriter<K, T>> make_writer(
      const engine::SinkEnvironment& environment,
      const engine::SinkFacts& /*recovered*/) const override {
    outside_.waker = environment.waker;
    return std::make_unique<SlowWriter<K, T>>(outside_);
  }
  std::unique_ptr<engine::SinkCommitter> make_committer() const override { return nullptr; }

 private:
  SlowPlace& outside_;
};

struct Slow {
  SlowPlace& outside;
  template <class K, class T>
  [[nodiscard]] std::shared_ptr<const engine::SinkConnector<K, T>> bind() const {
    return std::make_shared<const SlowConnector<K, T>>(outside);
  }
};

class SlowSink : public ::testing::Test {
 protected:
  static constexpr std::uint64_t kTurns = 1'000'000;
  static constexpr std::uint64_t kNumbers = 10'000;

  void start() {
    testing::SimulatedJobOptions options;
    options.commit_interval = milliseconds{10};
    job_ = std::make_unique<testing::SimulatedJob>(
        env_,
        [this](Job& described) {
          std::vector<std::uint64_t> numbers(kNumbers);
          std::iota(numbers.begin(), numbers.end(), 0);
          const auto read = described.from("numbers", memory::values<std::uint64_t>(numbers));
          read.to("out", Slow{outside_});
          read.to("second", Slow{second_outside_});
        },
        options);
    ASSERT_TRUE(job_->start());
  }
  void run_for(milliseconds time) {
    const env::Monotonic until = env_.clock().monotonic() + time;
    while (env_.clock().monotonic() < until) {
      env_.clock().advance(milliseconds{1});
      ASSERT_THAT(job_->turn(), ::testing::Optional(false)) << "it has ended";
    }
  }
  [[nodiscard]] std::string waiting() const { return job_->worker().stats().waiting; }

  env::fake::FakeEnv env_;
  SlowPlace outside_;
  SlowPlace second_outside_;
  std::unique_ptr<testing::SimulatedJob> job_;
};

TEST_F(SlowSink, ThatTakesNothingIsNamedAfterASecond) {
  outside_.takes_records = false;
  start();
  run_for(milliseconds{500});
  EXPECT_EQ(waiting(), "");
  run_for(milliseconds{3'000});
  EXPECT_THAT(waiting(), ::testing::HasSubstr("sink 'out' takes nothing"));
  outside_.takes_records = true;
  outside_.waker->wake();
  ASSERT_TRUE(job_->run(kTurns));
  EXPECT_EQ(waiting(), "");
  EXPECT_EQ(outside_.taken, kNumbers);
}

TEST_F(SlowSink, ThatHasNoSpaceSaysSo) {
  outside_.takes_records = outside_.has_space = false;
  start();
  run_for(milliseconds{2'000});
  EXPECT_THAT(waiting(), ::testing::HasSubstr("sink 'out' finds no space left where it writes"));
  outside_.takes_records = outside_.has_space = true;
  outside_.waker->wake();
  ASSERT_TRUE(job_->run(kTurns));
  EXPECT_EQ(waiting(), "");
}

TEST_F(SlowSink, ThatIsOnlyTheSlowestIsNotNamed) {
  outside_.batches_it_takes = 0;
  start();
  std::set<std::string> said;
  for (int i = 0; i < 6; ++i) {
    outside_.batches_it_takes = 1;
    outside_.waker->wake();
    run_for(milliseconds{500});
    said.insert(waiting());
  }
  EXPECT_LT(outside_.taken, kNumbers);
  EXPECT_THAT(said, ::testing::Each(""));
}

TEST_F(SlowSink, ThatDoesNotGetDurableWhatItHasIsNamedToo) {
  outside_.gets_them_durable = false;
  start();
  run_for(milliseconds{3'000});
  EXPECT_THAT(waiting(), ::testing::HasSubstr("sink 'out' takes nothing"));
  outside_.gets_them_durable = true;
  outside_.waker->wake();
  ASSERT_TRUE(job_->run(kTurns));
  EXPECT_EQ(waiting(), "");
}

TEST_F(SlowSink, KeepsNoFailureOfAnotherBack) {
  outside_.takes_records = false;
  start();
  run_for(milliseconds{100});
  second_outside_.is_gone = true;
  second_outside_.waker->wake();
  const Status ended = job_->run(kTurns);
  ASSERT_FALSE(ended);
  EXPECT_THAT(ended.error().message, ::testing::HasSubstr("the outside is gone"));
}

}  // namespace
}  // namespace rheon
