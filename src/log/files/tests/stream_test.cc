#include <gtest/gtest.h>

#include <algorithm>
#include <span>

#include "base/bytes.h"
#include "log/files/frame.h"
#include "log/files/stream_reader.h"
#include "log/files/tests/log_fixture.h"

namespace rheon::log::files::testing {
namespace {

using env::fake::FakeEnv;

class Streams : public ::testing::Test {
 protected:
  void open_writer(Retention retention = {}) {
    OpenOptions options = small_options();
    options.streams = {{"out", 2, "text", retention}};
    auto result = open(env, options);
    ASSERT_TRUE(result.has_value()) << result.error().message;
    log = std::move(result->log);
    epoch = result->opened.epoch;
  }
  void commit(std::vector<StreamAppend> appends, bool complete = false) {
    Commit commit;
    commit.epoch = epoch = Epoch{epoch.value + 1};
    commit.appends = std::move(appends);
    commit.complete = complete;
    log->submit(std::move(commit));
    ASSERT_TRUE(has(settle(env, *log), Event::Kind::kCommitted));
  }
  void open_reader() {
    auto result = open_stream(env.files(), "job.data", "out");
    ASSERT_TRUE(result.has_value()) << result.error().message;
    reader = std::move(*result);
  }
  std::vector<std::string> read_on(std::uint32_t partition) {
    positions[partition].incarnation = reader->info().incarnation;
    EXPECT_TRUE(reader->refresh().has_value());
    auto batches = reader->read(partition, positions[partition], 1 << 20);
    std::vector<std::string> found;
    if (!batches.has_value()) {
      return {batches.error().message};
    }
    for (const StreamBatchView& batch : *batches) {
      EXPECT_EQ(batch.sequence, positions[partition].next_batch++);
      found.push_back(batch.batch);
    }
    return found;
  }

  FakeEnv env;
  std::unique_ptr<Log> log;
  Epoch epoch;
  std::unique_ptr<StreamReader> reader;
  std::map<std::uint32_t, StreamPosition> positions;
};

using Batches = std::vector<std::string>;

TEST_F(Streams, AReaderSeesWhatIsCommittedWhileTheWriterWrites) {
  open_writer();
  open_reader();
  EXPECT_EQ(read_on(0), Batches{});
  commit({{"out", 0, 1, EventTime{1}, "a"}, {"out", 1, 1, EventTime{1}, "b"}});
  EXPECT_EQ(read_on(0), Batches{"a"});
  EXPECT_EQ(read_on(1), Batches{"b"});
  commit({{"out", 0, 1, EventTime{2}, "c"}});
  EXPECT_EQ(read_on(0), Batches{"c"});
  EXPECT_EQ(read_on(1), Batches{});
}

TEST_F(Streams, AReaderGoesOnAcrossTheWritersRestart) {
  open_writer();
  open_reader();
  for (int i = 0; i < 50; ++i) {
    const std::string batch = std::to_string(i) + std::string(60, '.');
    commit({{"out", 0, 1, EventTime{i}, batch}});
    ASSERT_EQ(read_on(0), Batches{batch});
    if (i % 10 == 9) {
      log.reset();
      open_writer();
    }
  }
}

/// A crash may leave a segment behind that no commit lists. Its number will be given again.
TEST_F(Streams, ASegmentThatNoCommitListsIsGoneAfterTheStart) {
  open_writer();
  commit({{"out", 0, 1, EventTime{1}, "a"}});
  const std::string directory = "job.data/stream/out";
  const std::vector<std::string> before = *env.files().list(directory);
  const std::string next = number_name(2);
  ASSERT_EQ(std::count(before.begin(), before.end(), next), 0);
  log.reset();
  {
    auto file = env.files().open(env::join(directory, next), env::OpenMode::kCreate);
    ASSERT_TRUE((*file)->write_at(0, as_bytes("left over")).has_value());
  }
  open_writer();
  EXPECT_EQ(*env.files().list(directory), before);
}

TEST_F(Streams, AReaderNoticesThatTheWriterWasResetMeanwhile) {
  open_writer();
  commit({{"out", 0, 1, EventTime{1}, "a"}});
  open_reader();
  EXPECT_EQ(read_on(0), Batches{"a"});
  log.reset();
  ASSERT_TRUE(files::reset(env, "job.data", "job").has_value());
  EXPECT_FALSE(reader->refresh().has_value());
  open_writer();
  commit({{"out", 0, 1, EventTime{1}, "b"}, {"out", 0, 1, EventTime{1}, "c"}});
  const Status refreshed = reader->refresh();
  ASSERT_FALSE(refreshed.has_value());
  EXPECT_EQ(refreshed.error().code, ErrorCode::kRefused);
  EXPECT_NE(refreshed.error().message.find("made anew"), std::string::npos);
}

TEST_F(Streams, ACompleteJobSealsItsStreams) {
  open_writer();
  open_reader();
  commit({}, true);
  ASSERT_TRUE(reader->refresh().has_value());
  EXPECT_TRUE(reader->info().sealed);
}

TEST_F(Streams, RetentionByBytesUnlinksOldSegmentsAndALateReaderIsTold) {
  open_writer({std::nullopt, 2000});
  for (int i = 0; i < 100; ++i) {
    commit({{"out", 0, 1, EventTime{i}, std::string(100, 'x')}});
    if (i > 40) {
      EXPECT_GE(log->usage().stream_bytes, 2000u) << "less than was promised";
    }
  }
  EXPECT_LT(log->usage().stream_bytes, 5000u);
  EXPECT_LT(env.files().list("job.data/stream/out")->size(), 8u);
  open_reader();
  const Batches told = read_on(0);
  ASSERT_EQ(told.size(), 1u);
  EXPECT_NE(told[0].find("does not hold batch 0 of partition 0 any more"), std::string::npos);
  positions[0].next_batch = 99;
  EXPECT_EQ(read_on(0).size(), 1u);
}

TEST_F(Streams, ANewReaderBeginsAtTheOldestThatIsKept) {
  open_writer({std::nullopt, 2000});
  open_reader();
  EXPECT_EQ(reader->oldest(0)->next_batch, 0u);
  for (int i = 0; i < 100; ++i) {
    commit({{"out", 0, 3, EventTime{i}, std::string(100, 'x')}});
  }
  open_reader();
  positions[0] = *reader->oldest(0);
  positions[1] = *reader->oldest(1);
  const std::uint64_t oldest = positions[0].next_batch;
  EXPECT_GT(oldest, 50u);
  EXPECT_TRUE(*reader->more(0, positions[0]));
  EXPECT_FALSE(*reader->more(1, positions[1]));
  EXPECT_FALSE(reader->more(0, {positions[0].incarnation, oldest - 1}));
  EXPECT_EQ(read_on(0).size(), 100 - oldest);
  EXPECT_EQ(read_on(1), Batches{});
}

TEST_F(Streams, TheirSizeIsWhatIsCommittedAndKept) {
  open_writer();
  open_reader();
  EXPECT_EQ(reader->size()->records, 0u);
  for (int i = 0; i < 50; ++i) {
    commit({{"out", 0, 3, EventTime{1}, std::string(60, '.')}, {"out", 1, 4, EventTime{1}, "."}});
  }
  ASSERT_TRUE(reader->refresh().has_value());
  EXPECT_EQ(reader->size()->records, 50 * 7u);
  EXPECT_EQ(reader->size()->bytes, log->usage().stream_bytes);
}

TEST_F(Streams, RetentionInBytesHoldsAlsoWhenItIsLessThanASegment) {
  OpenOptions options = small_options();
  options.stream_segment_bytes = 64 << 20;
  options.streams = {{"out", 1, "text", {std::nullopt, 4 << 20}}};
  log = std::move(open(env, options)->log);
  for (int i = 0; i < 20; ++i) {
    commit({{"out", 0, 1, EventTime{i}, std::string(1 << 20, 'x')}});
  }
  EXPECT_LE(log->usage().stream_bytes, 6u << 20);
}

// Found by reading: a slot that was read while it was written showed the other one, which may be
// many commits old, and the reader was told that the stream had gone back.
TEST_F(Streams, NeverGoBackForAReaderThatSawASlotBeingWritten) {
  open_writer();
  open_reader();
  for (int i = 0; i < 5; ++i) {
    commit({{"out", 0, 1, EventTime{1}, std::to_string(i)}});
  }
  EXPECT_EQ(read_on(0).size(), 5u);
  auto published = env.files().open("job.data/stream/out/published", env::OpenMode::kReadWrite);
  ASSERT_TRUE(published.has_value());
  for (const std::uint64_t slot : {0, 4096}) {
    std::string whole(64, '\0');
    ASSERT_TRUE((*published)->read_at(slot, std::as_writable_bytes(std::span(whole))).has_value());
    ASSERT_TRUE((*published)->write_at(slot, as_bytes(std::string(64, '#'))).has_value());
    EXPECT_EQ(read_on(0), Batches{});
    ASSERT_TRUE((*published)->write_at(slot, as_bytes(whole)).has_value());
  }
}

// The writer was killed between making the stream and telling readers of it.
TEST_F(Streams, OfWhichNobodyWasToldYetAreNotFound) {
  open_writer();
  auto published = env.files().open("job.data/stream/out/published", env::OpenMode::kReadWrite);
  ASSERT_TRUE(published.has_value());
  for (const std::uint64_t size : {8192, 0}) {
    ASSERT_TRUE((*published)->truncate(0).has_value());
    ASSERT_TRUE((*published)->write_at(0, as_bytes(std::string(size, '\0'))).has_value());
    const auto result = open_stream(env.files(), "job.data", "out");
    ASSERT_FALSE(result.has_value());
    EXPECT_EQ(result.error().code, ErrorCode::kNotFound) << result.error().message;
    EXPECT_TRUE(list_streams(env.files(), "job.data")->empty());
  }
}

TEST_F(Streams, RetentionByTimeCountsBackFromTheNewestEvent) {
  open_writer({std::chrono::microseconds(20), std::nullopt});
  for (int i = 0; i < 100; ++i) {
    commit({{"out", 0, 1, EventTime{i}, std::string(100, 'x')}});
  }
  EXPECT_LT(log->usage().stream_bytes, 6000u);
  EXPECT_GT(log->usage().stream_bytes, 2000u);
}

TEST_F(Streams, RetentionByTimeWaitsForATime) {
  open_writer({std::chrono::seconds{1}, std::nullopt});
  for (int i = 0; i < 40; ++i) {
    commit({{"out", 0, 1, EventTime::max(), std::string(100, 'x')}});
  }
  EXPECT_GT(log->usage().stream_bytes, 4000u);
}

TEST_F(Streams, APositionOfAnotherIncarnationIsRefused) {
  open_writer();
  commit({{"out", 0, 1, EventTime{1}, "a"}});
  log.reset();
  ASSERT_TRUE(reset(env, "job.data", "job").has_value());
  StreamPosition old;
  open_writer();
  open_reader();
  auto result = reader->read(0, old, 100);
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().code, ErrorCode::kRefused);
}

TEST_F(Streams, ASegmentThatIsRemovedWhileTheJobRunsFailsTheNextCommitForGood) {
  open_writer();
  commit({{"out", 0, 1, EventTime{1}, "a"}});
  ASSERT_TRUE(env.files().remove("job.data/stream/out/00000001"));
  Commit next;
  next.epoch = Epoch{2};
  next.appends = {{"out", 0, 1, EventTime{1}, "b"}};
  log->submit(std::move(next));
  const std::vector<Event> events = settle(env, *log);
  ASSERT_TRUE(has(events, Event::Kind::kFailed));
  EXPECT_EQ(events.back().code, ErrorCode::kRefused);
  EXPECT_NE(events.back().sentence.find("was removed or moved away"), std::string::npos)
      << events.back().sentence;
}

TEST_F(Streams, APositionThatCannotBeIsRefused) {
  open_writer();
  commit({{"out", 0, 1, EventTime{1}, "a"}});
  open_reader();
  const StreamPosition position{reader->info().incarnation, 0};
  EXPECT_EQ(reader->read(2, position, 100).error().code, ErrorCode::kInvalidInput);
  EXPECT_EQ(reader->more(2, position).error().code, ErrorCode::kInvalidInput);
  EXPECT_EQ(reader->oldest(2)->next_batch, 0u);
  const auto ahead = reader->read(0, {position.incarnation, 2}, 100);
  ASSERT_FALSE(ahead.has_value());
  EXPECT_EQ(ahead.error().code, ErrorCode::kRefused);
  EXPECT_NE(ahead.error().message.find("ends before batch 2 of partition 0"), std::string::npos);
}

TEST_F(Streams, ASegmentThatIsMissingIsDamageToAReader) {
  open_writer();
  for (int i = 0; i < 40; ++i) {
    commit({{"out", 0, 1, EventTime{i}, std::string(100, 'x')}});
  }
  log.reset();
  ASSERT_TRUE(env.files().remove("job.data/stream/out/00000001").has_value());
  open_reader();
  EXPECT_NE(read_on(0).front().find("00000001 is damaged"), std::string::npos)
      << read_on(0).front();
  EXPECT_NE(reader->size().error().message.find("the segment is missing"), std::string::npos);
}

TEST_F(Streams, WithoutASegmentOrTheirHeaderAreNotWrittenOn) {
  open_writer();
  commit({{"out", 0, 1, EventTime{1}, "a"}});
  log.reset();
  OpenOptions options = small_options();
  options.streams = {{"out", 2, "text", {}}};
  for (const auto& [path, what] :
       {std::pair{"job.data/stream/out/00000001",
                  "00000001 is damaged at offset 0: the segment is missing"},
        std::pair{"job.data/stream/out/header",
                  "header is damaged at offset 0: the file is missing"}}) {
    const std::string bytes = *env::read_whole(env.files(), path);
    ASSERT_TRUE(env.files().remove(path).has_value());
    const auto refused = open(env, options);
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().code, ErrorCode::kRefused);
    EXPECT_NE(refused.error().message.find(what), std::string::npos) << refused.error().message;
    ASSERT_TRUE(env::replace_whole(env.files(), path, bytes).has_value());
  }
  EXPECT_TRUE(open(env, options).has_value());
}

TEST_F(Streams, ABatchThatIsDamagedIsNotHandedOut) {
  open_writer();
  commit({{"out", 0, 1, EventTime{1}, std::string(100, 'x')}});
  log.reset();
  const std::string path = "job.data/stream/out/00000001";
  const std::string bytes = *env::read_whole(env.files(), path);
  auto file = env.files().open(path, env::OpenMode::kReadWrite);
  ASSERT_TRUE((*file)->write_at(bytes.find("xxx") + 50, as_bytes("y")).has_value());
  open_reader();
  EXPECT_NE(read_on(0).front().find("00000001 is damaged"), std::string::npos);
}

TEST_F(Streams, AreListedWithWhatCanBeOpened) {
  EXPECT_TRUE(list_streams(env.files(), "none.data")->empty());
  open_writer();
  ASSERT_TRUE(env.files().make_directories("job.data/stream/half").has_value());
  EXPECT_EQ(list_streams(env.files(), "job.data")->size(), 1u);
  log.reset();
  auto file = env.files().open("job.data/stream/out/header", env::OpenMode::kReadWrite);
  ASSERT_TRUE((*file)->write_at(0, as_bytes("rotten")).has_value());
  EXPECT_EQ(list_streams(env.files(), "job.data").error().code, ErrorCode::kCorrupt);
}

TEST_F(Streams, ThatAreNotDeclaredAnyMoreAreKept) {
  open_writer();
  commit({{"out", 0, 1, EventTime{1}, "a"}});
  log.reset();
  OpenOptions options = small_options();
  options.streams = {{"other", 1, "text", {}}};
  ASSERT_TRUE(open(env, options).has_value());
  open_reader();
  EXPECT_EQ(read_on(0), Batches{"a"});
}

TEST_F(Streams, AStreamThatIsNotThereIsNotFound) {
  auto result = open_stream(env.files(), "job.data", "out");
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().code, ErrorCode::kNotFound);
  EXPECT_TRUE(list_streams(env.files(), "job.data")->empty());
  open_writer();
  EXPECT_EQ(list_streams(env.files(), "job.data")->size(), 1u);
}

}  // namespace
}  // namespace rheon::log::files::testing
