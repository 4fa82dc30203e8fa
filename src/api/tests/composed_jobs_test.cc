// Two jobs on one machine: one reads the stream that the other writes, while both run.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "api/job.h"
#include "connect/files/lines.h"
#include "connect/generator/words.h"
#include "connect/memory/collector.h"
#include "connect/stream/in.h"
#include "connect/stream/out.h"
#include "operators/operator.h"
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

/// Emits at the event time 150.
struct AtHundredAndFifty : KeyedOperator<bool, std::string_view, std::uint64_t> {
  Timer due{*this, "due"};
  void process(const std::string_view&, Context&) { due.set(EventTime{150}); }
  void on_timer(const Timer&, Context& ctx) { ctx.emit(150); }
};

TEST_F(ComposedJobs, AWatermarkThatMovesWithoutARecordReachesTheReader) {
  const auto append = [this](const std::string& path, const std::string& line) {
    ASSERT_TRUE(env_.files().make_directories("in"));
    auto file = env_.files().open(path, env::OpenMode::kCreate);
    ASSERT_TRUE(file);
    const std::uint64_t end = (*file)->info()->size;
    ASSERT_TRUE((*file)->write_at(end, std::as_bytes(std::span(line))));
  };
  append("in/live", "100\n");
  append("in/silent", "1\n");
  testing::SimulatedJob writing(
      env_,
      [](Job& job) {
        job.from("lines", files::lines("in/*", {.follow = true}))
            .event_time(
                [](std::string_view line) { return EventTime{std::stoll(std::string(line))}; },
                monotone())
            .idle_after(std::chrono::seconds{5})
            .to("sink", streams::out("lines", {.partitions = 2}));
      },
      options("writer"));
  memory::Collector<std::pair<bool, std::uint64_t>> fired;
  testing::SimulatedJob reading(
      env_,
      [&fired](Job& job) {
        job.from("lines", streams::in<std::string_view>("writer.data", "lines"))
            .key_by([](std::string_view) { return true; })
            .process<AtHundredAndFifty>("timers")
            .to("sink", fired);
      },
      options("reader"));
  ASSERT_TRUE(writing.start(1));
  ASSERT_TRUE(reading.start(1));
  const env::Monotonic began = env_.clock().monotonic();
  const auto until = [&](std::chrono::seconds time) {
    while (env_.clock().monotonic() < began + time) {
      ASSERT_TRUE(writing.turn());
      ASSERT_TRUE(reading.turn());
    }
  };
  until(std::chrono::seconds{3});
  append("in/live", "200\n");
  until(std::chrono::seconds{4});
  EXPECT_TRUE(fired.committed().empty()) << "the silent file holds the watermark back";
  until(
      std::chrono::seconds{7});  // it counts as idle since the fifth second; the live one does not
  EXPECT_EQ(fired.committed().size(), 1u);
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
