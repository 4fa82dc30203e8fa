// Two jobs on one machine: one reads the stream that the other writes, while both run.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "api/job.h"
#include "connect/generator/words.h"
#include "connect/memory/collector.h"
#include "connect/stream/in.h"
#include "connect/stream/out.h"
#include "testing/simulated_job.h"

namespace rheon {
namespace {

using ::testing::HasSubstr;

constexpr std::uint64_t kTurns = 2'000'000;

class ComposedJobs : public ::testing::Test {
 protected:
  static testing::SimulatedJobOptions options(const char* name) {
    testing::SimulatedJobOptions options;
    options.name = name;
    options.log = testing::small_log();
    options.commit_interval = std::chrono::milliseconds{10};
    return options;
  }
  testing::SimulatedJob writer(const generator::WordsOptions& words, streams::OutOptions stream) {
    const auto describe = [=](Job& job) {
      job.from("source", generator::words(words)).to("sink", streams::out("words", stream));
    };
    return {env_, describe, options("writer")};
  }
  testing::SimulatedJob reader() {
    const auto describe = [this](Job& job) {
      job.from("source", streams::in<std::string_view>("writer.data", "words")).to("sink", words_);
    };
    return {env_, describe, options("reader")};
  }
  /// Until both have finished.
  static Status run_both(testing::SimulatedJob& one, testing::SimulatedJob& other) {
    bool one_finished = false;
    bool other_finished = false;
    for (std::uint64_t turn = 0; turn < kTurns; ++turn) {
      if (!one_finished) {
        RHEON_ASSIGN(one_finished, one.turn());
      }
      if (!other_finished) {
        RHEON_ASSIGN(other_finished, other.turn());
      }
      if (one_finished && other_finished) {
        return {};
      }
    }
    return fail(ErrorCode::kInternal,
                one_finished ? "the second job still runs" : "both still run");
  }

  env::fake::FakeEnv env_;
  memory::Collector<std::string> words_;
};

TEST_F(ComposedJobs, AReaderThatStartsBeforeTheStreamExistsEndsWithItsWriter) {
  testing::SimulatedJob reading = reader();
  testing::SimulatedJob writing = writer({.count = 1000}, {.partitions = 2});
  ASSERT_TRUE(reading.start(5)) << "on more shards than there are partitions";
  for (int i = 0; i < 1000; ++i) {
    ASSERT_TRUE(reading.turn());
  }
  ASSERT_TRUE(writing.start(3));
  const Status both = run_both(writing, reading);
  ASSERT_TRUE(both) << both.error().message;
  EXPECT_EQ(words_.committed().size(), 1000u);
}

TEST_F(ComposedJobs, AReaderStartedLaterOnMoreShardsThanPartitionsEnds) {
  testing::SimulatedJob reading = reader();
  testing::SimulatedJob writing = writer({.count = 1000}, {.partitions = 2});
  ASSERT_TRUE(writing.start(1));
  ASSERT_TRUE(writing.run(kTurns));
  ASSERT_TRUE(reading.start(5));
  const Status run = reading.run(kTurns);
  ASSERT_TRUE(run) << run.error().message;
  EXPECT_EQ(words_.committed().size(), 1000u);
}

TEST_F(ComposedJobs, HundredsOfPartitionsCanAppearAtOnce) {
  testing::SimulatedJob reading = reader();
  testing::SimulatedJob writing = writer({.count = 1000}, {.partitions = 300});
  ASSERT_TRUE(reading.start(1));
  ASSERT_TRUE(writing.start(1));
  const Status both = run_both(writing, reading);
  ASSERT_TRUE(both) << both.error().message;
  EXPECT_EQ(words_.committed().size(), 1000u);
}

TEST_F(ComposedJobs, RetentionDoesNotDisturbAReaderThatKeepsUp) {
  testing::SimulatedJob reading = reader();
  testing::SimulatedJob writing =
      writer({.count = 20'000, .rate = 4'000}, {.partitions = 1, .retention_bytes = 32 << 10});
  reading.driver().set_slowness(std::chrono::microseconds{200});
  ASSERT_TRUE(reading.start(1));
  ASSERT_TRUE(writing.start(1));
  const Status both = run_both(writing, reading);
  ASSERT_TRUE(both) << both.error().message;
  EXPECT_EQ(words_.committed().size(), 20'000u);
  EXPECT_FALSE(env_.files().info("writer.data/stream/words/00000001"));
}

TEST_F(ComposedJobs, TheNameOfTheQuarantineStreamIsRefused) {
  const auto describe = [](Job& job) {
    job.from("source", generator::words()).to("sink", streams::out("quarantine"));
  };
  testing::SimulatedJob job(env_, describe, options("writer"));
  const Status started = job.start(1);
  ASSERT_FALSE(started);
  EXPECT_THAT(started.error().message, HasSubstr("sink 'sink' writes the stream 'quarantine'"));
}

}  // namespace
}  // namespace rheon
