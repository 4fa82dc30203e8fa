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

/// Emits the time of each record as soon as no earlier one is expected.
struct TellsTime : KeyedOperator<bool, std::string_view, std::int64_t> {
  TimerSet due{*this, "due"};
  void process(const std::string_view&, Context& ctx) { due.add(ctx.time()); }
  void on_timer(const TimerSet&, Context& ctx) { ctx.emit(ctx.time().micros); }
};

/// A writer that follows files of numbers, which are its event times, and a reader that tells how
/// far its own event time has come.
class ComposedTime : public ComposedJobs {
 protected:
  void append(const std::string& path, std::int64_t number) {
    const std::string line = std::to_string(number) + "\n";
    ASSERT_TRUE(env_.files().make_directories("in"));
    auto file = env_.files().open(path, env::OpenMode::kCreate);
    ASSERT_TRUE(file);
    const std::uint64_t end = (*file)->info()->size;
    ASSERT_TRUE((*file)->write_at(end, std::as_bytes(std::span(line))));
  }
  /// Both run for so long.
  void pass(env::Monotonic time) {
    for (const auto end = env_.clock().monotonic() + time; env_.clock().monotonic() < end;) {
      ASSERT_TRUE(writing_.turn());
      ASSERT_TRUE(reading_.turn());
    }
  }
  [[nodiscard]] std::int64_t told() {
    return times_.committed().empty() ? 0 : times_.committed().back().second;
  }

  memory::Collector<std::pair<bool, std::int64_t>> times_;
  testing::SimulatedJob writing_{
      env_,
      [](Job& job) {
        job.from("lines", files::lines("in/*", {.follow = true}))
            .event_time(
                [](std::string_view line) { return EventTime{std::stoll(std::string(line))}; },
                monotone())
            .idle_after(std::chrono::seconds{5})
            .to("sink", streams::out("lines", {.partitions = 4}));
      },
      options("writer")};
  testing::SimulatedJob reading_{env_,
                                 [this](Job& job) {
                                   job.from("lines",
                                            streams::in<std::string_view>("writer.data", "lines"))
                                       .key_by([](std::string_view) { return true; })
                                       .process<TellsTime>("time")
                                       .to("sink", times_);
                                 },
                                 options("reader")};
};

TEST_F(ComposedTime, AWatermarkThatMovesWithoutARecordReachesTheReader) {
  append("in/live", 100);
  append("in/silent", 1);
  ASSERT_TRUE(writing_.start(1));
  ASSERT_TRUE(reading_.start(1));
  pass(std::chrono::seconds{3});
  append("in/live", 200);
  pass(std::chrono::seconds{1});
  EXPECT_EQ(told(), 1) << "the silent file holds the watermark back";
  pass(std::chrono::seconds{3});  // it counts as idle since the fifth second; the live one does not
  EXPECT_EQ(told(), 200);
}

TEST_F(ComposedTime, TheLastOneOfABurstReachesTheReaderHoweverLongTheBurst) {
  std::int64_t number = 1;
  append("in/live", number);
  ASSERT_TRUE(writing_.start(1));
  ASSERT_TRUE(reading_.start(1));
  for (int tenths = 1; tenths <= 15; ++tenths) {
    for (int i = 0; i < tenths; ++i) {
      append("in/live", ++number);
      pass(std::chrono::milliseconds{100});
    }
    pass(std::chrono::milliseconds{3'500});
    EXPECT_EQ(told(), number) << "after " << tenths << " tenths of a second";
  }
}

TEST_F(ComposedTime, NothingIsCommittedForEver) {
  append("in/live", 1);
  ASSERT_TRUE(writing_.start(1));
  ASSERT_TRUE(reading_.start(1));
  pass(std::chrono::seconds{10});
  const Epoch writer = writing_.worker().stats().epoch;
  const Epoch reader = reading_.worker().stats().epoch;
  pass(std::chrono::seconds{30});
  EXPECT_EQ(writing_.worker().stats().epoch, writer);
  EXPECT_EQ(reading_.worker().stats().epoch, reader);
}

TEST_F(ComposedJobs, AStreamThatIsNoLongerWrittenIsRefusedAndNothingChanges) {
  const auto job_that_writes = [this](const char* stream) {
    return testing::SimulatedJob(
        env_,
        [stream](Job& job) {
          job.from("source", generator::words({.count = 10})).to("sink", streams::out(stream));
        },
        options("writer"));
  };
  testing::SimulatedJob before = job_that_writes("lines");
  ASSERT_TRUE(before.start(1));
  ASSERT_TRUE(before.run(kTurns));
  before.kill();
  testing::SimulatedJob after = job_that_writes("rows");
  const Status started = after.start(1);
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().code, ErrorCode::kRefused);
  EXPECT_THAT(started.error().message, HasSubstr("whoever reads it would wait: 'lines'"));
  EXPECT_THAT(*env_.files().list("writer.data/stream"),
              ::testing::UnorderedElementsAre("lines", "quarantine"));
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
