// Readers of a stream whose writer removes old segments at the very moment at which they are
// opened.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <utility>

#include "log/files/frame.h"
#include "log/files/stream_reader.h"
#include "log/files/tests/log_fixture.h"
#include "log/files/tests/meanwhile.h"

namespace rheon::log::files::testing {
namespace {

using ::testing::HasSubstr;

class OvertakenReader : public ::testing::Test {
 protected:
  void SetUp() override {
    OpenOptions options = small_options();
    options.streams = {{"out", 2, "text", {std::nullopt, 2000}}};
    auto result = open(env_, options);
    ASSERT_TRUE(result.has_value()) << result.error().message;
    log_ = std::move(result->log);
  }
  void write(std::uint32_t partition, int batches = 1) {
    for (int i = 0; i < batches; ++i) {
      Commit commit;
      commit.epoch = epoch_ = Epoch{epoch_.value + 1};
      commit.appends = {{"out", partition, 1, EventTime{1}, std::string(100, 'x')}};
      log_->submit(std::move(commit));
      ASSERT_TRUE(has(settle(env_, *log_), Event::Kind::kCommitted));
    }
  }
  void open_reader() {
    auto result = open_stream(files_, "job.data", "out");
    ASSERT_TRUE(result.has_value()) << result.error().message;
    reader_ = std::move(*result);
    ASSERT_TRUE(reader_->refresh().has_value());
  }
  void before_next_segment(std::function<void()> act) {
    files_.before_opening("/stream/out/0", std::move(act));
  }
  [[nodiscard]] StreamPosition at(std::uint64_t batch) const {
    return {reader_->info().incarnation, batch};
  }
  [[nodiscard]] bool exists(std::uint64_t segment) {
    return env_.files().info(env::join("job.data/stream/out", number_name(segment))).has_value();
  }

  env::fake::FakeEnv env_;
  Meanwhile files_{env_.files()};
  std::unique_ptr<Log> log_;
  Epoch epoch_;
  std::unique_ptr<StreamReader> reader_;
};

TEST_F(OvertakenReader, BeginsAtWhatIsTheOldestByNow) {
  write(0, 40);
  open_reader();
  const auto before = reader_->oldest(0);
  open_reader();
  before_next_segment([this] { write(0, 40); });
  const auto oldest = reader_->oldest(0);
  ASSERT_TRUE(oldest.has_value()) << oldest.error().message;
  EXPECT_GT(oldest->next_batch, before->next_batch);
  EXPECT_EQ(oldest->next_batch, reader_->oldest(0)->next_batch);
}

TEST_F(OvertakenReader, MeasuresWhatIsThereByNow) {
  write(0, 40);
  open_reader();
  before_next_segment([this] { write(0, 40); });
  const auto size = reader_->size();
  ASSERT_TRUE(size.has_value()) << size.error().message;
  EXPECT_EQ(size->records, reader_->size()->records);
  EXPECT_EQ(size->bytes, reader_->size()->bytes);
}

TEST_F(OvertakenReader, IsToldWhatItHasLost) {
  write(0, 10);
  open_reader();
  before_next_segment([this] { write(0, 60); });
  const auto read = reader_->read(0, at(0), 1 << 20);
  ASSERT_FALSE(read.has_value());
  EXPECT_EQ(read.error().code, ErrorCode::kRefused);
  EXPECT_THAT(read.error().message, HasSubstr("does not hold batch 0 of partition 0 any more"));
}

TEST_F(OvertakenReader, GoesOnBehindSegmentsInWhichNothingWasForIt) {
  write(0);
  for (int i = 0; !exists(3); ++i) {
    ASSERT_LT(i, 100);
    write(1);
  }
  write(0);
  open_reader();
  ASSERT_EQ(reader_->read(0, at(0), 1)->size(), 1u);
  before_next_segment([this] {
    for (int i = 0; exists(2); ++i) {
      ASSERT_LT(i, 100);
      write(1);
    }
  });
  const auto read = reader_->read(0, at(1), 1 << 20);
  ASSERT_TRUE(read.has_value()) << read.error().message;
  ASSERT_EQ(read->size(), 1u);
  EXPECT_EQ(read->front().sequence, 1u);
  EXPECT_TRUE(exists(3));
}

TEST_F(OvertakenReader, IsToldWhatItHasLostInTheMiddleOfItsReading) {
  write(0, 30);
  open_reader();
  const auto first = reader_->oldest(0);
  ASSERT_EQ(reader_->read(0, *first, 1)->size(), 1u);
  before_next_segment([this] { write(0, 60); });
  const auto read = reader_->read(0, at(first->next_batch + 1), 1 << 20);
  ASSERT_FALSE(read.has_value());
  EXPECT_EQ(read.error().code, ErrorCode::kRefused);
  EXPECT_THAT(read.error().message, HasSubstr("of partition 0 any more"));
}

TEST_F(OvertakenReader, MayGoBack) {
  write(0, 5);
  open_reader();
  EXPECT_EQ(reader_->read(0, at(0), 1 << 20)->size(), 5u);
  EXPECT_EQ(reader_->read(0, at(2), 1 << 20)->size(), 3u);
  EXPECT_EQ(reader_->read(0, at(0), 1)->size(), 1u);
}

}  // namespace
}  // namespace rheon::log::files::testing
