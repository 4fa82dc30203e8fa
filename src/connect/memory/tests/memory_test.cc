#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "connect/discard/discard.h"
#include "connect/memory/collector.h"
#include "connect/memory/csv_buffer.h"
#include "connect/memory/values.h"
#include "connect/tests/connector_driver.h"

namespace rheon::memory {
namespace {

using engine::Poll;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

template <class T>
std::unique_ptr<engine::AnySourceReader> reader_of(const Source<T>& source,
                                                   std::vector<engine::SourcePartition>& known) {
  engine::SourceEnvironment environment;
  auto reader = source.connector->make_any_reader(environment);
  known = *source.connector->discover(environment, known);
  for (const auto& partition : known) {
    reader->assign(partition);
  }
  return reader;
}

TEST(MemoryValues, AreReadPartByPartAndRepeated) {
  const auto source = values<std::string>({"a", "b", "c"}, {.partitions = 2, .repeat = 2});
  std::vector<engine::SourcePartition> known;
  const auto reader = reader_of(source, known);
  connect::TextOutput output;
  EXPECT_EQ(*connect::poll_through(*reader, output), Poll::kEnded);
  EXPECT_THAT(output.values(), ElementsAre("b", "c", "b", "c", "a", "a"));
}

TEST(MemoryValues, GoOnWhereTheyWere) {
  std::vector<std::uint64_t> numbers(1000);
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    numbers[i] = i;
  }
  const auto source = values(numbers);
  std::vector<engine::SourcePartition> known;
  connect::Output<std::uint64_t> output;
  output.full_after = 10;
  for (;;) {
    const auto reader = reader_of(source, known);
    output.in_poll = 0;
    if (*reader->poll_any(output) == Poll::kEnded) {
      break;
    }
    known[0].position = reader->position(0);
  }
  EXPECT_EQ(output.values(), numbers);
}

TEST(MemoryValues, BringTheirTimes) {
  const auto source = timed_values<std::uint64_t>({{EventTime{5}, 1}, {EventTime{7}, 2}});
  std::vector<engine::SourcePartition> known;
  const auto reader = reader_of(source, known);
  connect::Output<std::uint64_t> output;
  ASSERT_TRUE(connect::poll_through(*reader, output));
  EXPECT_EQ(output.records[1].time, EventTime{7});
}

class MemoryCollector : public ::testing::Test {
 protected:
  using Kept = std::pair<std::string, std::uint64_t>;

  void start() {
    const auto connector = collector_.bind<std::string_view, std::uint64_t>();
    engine::SinkEnvironment environment;
    engine::SinkRecovery done;
    ASSERT_TRUE(connector->make_committer()->recover(environment, facts_, done));
    writer_ = connector->make_writer(environment, facts_);
  }
  void write(std::string_view key, std::uint64_t value) {
    engine::Batch<std::string_view, std::uint64_t> batch;
    batch.slots.push_back({key, value, EventTime{0}, 0});
    writer_->write(batch);
  }
  void prepare(std::uint64_t epoch) {
    writer_->prepare(Epoch{epoch});
    changes_.clear();
    std::vector<log::StreamAppend> appends;
    ASSERT_TRUE(*writer_->prepared(changes_, appends));
  }

  Collector<Kept> collector_;
  engine::SinkFacts facts_;
  engine::SinkFactChanges changes_;
  std::unique_ptr<engine::SinkWriter<std::string_view, std::uint64_t>> writer_;
};

TEST_F(MemoryCollector, KeepsWhatIsCommitted) {
  start();
  write("a", 1);
  prepare(1);
  write("b", 1);
  EXPECT_THAT(collector_.committed(), IsEmpty());
  writer_->committed(Epoch{1});
  EXPECT_THAT(collector_.committed(), ElementsAre(Pair("a", 1)));
}

TEST_F(MemoryCollector, AfterACrashFinishesOrForgetsAsTheLogSays) {
  start();
  write("a", 1);
  prepare(1);
  connect::apply(facts_, changes_);  // committed, and then the crash
  start();
  EXPECT_THAT(collector_.committed(), ElementsAre(Pair("a", 1)));
  write("b", 1);
  prepare(2);  // the crash comes before the commit
  start();
  write("c", 1);
  prepare(2);
  writer_->committed(Epoch{2});
  EXPECT_THAT(collector_.committed(), ElementsAre(Pair("a", 1), Pair("c", 1)));
}

TEST(Discard, Counts) {
  const auto sink = discard::all();
  const auto writer = sink.bind<engine::NoKey, int>()->make_participant({}, {});
  engine::Batch<engine::NoKey, int> batch;
  batch.slots.resize(5);
  writer->write_batch(batch);
  writer->write_batch(batch);
  EXPECT_EQ(sink.records(), 10u);
}

TEST(MemoryCsvBuffer, TakesMoreThanItHolds) {
  const auto writer = csv_buffer().bind<std::string_view, std::uint64_t>()->make_writer({}, {});
  const std::string word(3 << 20, 'w');
  engine::Batch<std::string_view, std::uint64_t> batch;
  batch.slots.push_back({word, 1, EventTime{0}, 0});
  for (int i = 0; i < 1000; ++i) {
    batch.slots.push_back({"short", 1, EventTime{0}, 0});
  }
  for (int i = 0; i < 10; ++i) {
    writer->write(batch);
  }
}

}  // namespace
}  // namespace rheon::memory
