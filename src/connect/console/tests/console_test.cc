#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "connect/console/lines.h"
#include "connect/console/lines_out.h"
#include "connect/tests/connector_driver.h"

namespace rheon::console {
namespace {

using engine::Poll;
using ::testing::ElementsAre;

class Console : public ::testing::Test {
 protected:
  engine::SourceEnvironment source_environment() {
    engine::SourceEnvironment result;
    result.env = &env_;
    result.waker = &parker_;
    return result;
  }
  void start() {
    auto environment = source_environment();
    reader_ = source_.connector->make_any_reader(environment);
    auto found = source_.connector->discover(environment, known_);
    ASSERT_TRUE(found);
    ASSERT_EQ(found->size(), 1u);
    known_.push_back(found->front());
    reader_->assign(found->front());
  }
  template <class K, class T>
  std::unique_ptr<engine::SinkParticipant> writer() {
    engine::SinkEnvironment environment;
    environment.env = &env_;
    environment.waker = &parker_;
    return lines_out().bind<K, T>()->make_participant(environment, {});
  }
  void commit(engine::SinkParticipant& writer) {
    writer.prepare(Epoch{1});
    for (;;) {
      engine::SinkFactChanges facts;
      std::vector<log::StreamAppend> appends;
      const auto done = writer.prepared(facts, appends);
      ASSERT_TRUE(done);
      if (*done) {
        return;
      }
      env_.io().run_all();
    }
  }

  env::fake::FakeEnv env_;
  env::fake::FakeParker parker_;
  Source<std::string_view> source_ = lines();
  std::unique_ptr<engine::AnySourceReader> reader_;
  std::vector<engine::SourcePartition> known_;
  connect::TextOutput output_;
};

TEST_F(Console, ReadsLinesToTheEndOfTheInput) {
  std::string text;
  for (int i = 0; i < 50'000; ++i) {
    text += std::to_string(i) + "\n";
  }
  env_.process().set_input(text + "last");
  start();
  EXPECT_EQ(*connect::poll_through(*reader_, output_, &env_), Poll::kEnded);
  ASSERT_EQ(output_.records.size(), 50'001u);
  EXPECT_EQ(output_.records[49'999].value, "49999");
  EXPECT_EQ(output_.records.back().value, "last");
}

TEST_F(Console, IsAnotherPartitionInEachRun) {
  start();
  start();
  EXPECT_NE(known_[0].id, known_[1].id);
  EXPECT_FALSE(source_.connector->traits().replayable);
}

TEST_F(Console, GivesWhatAReaderHadAskedForToTheNextOne) {
  env_.process().set_input("one\ntwo\n");
  start();
  EXPECT_EQ(*reader_->poll_any(output_), Poll::kWaiting);
  start();
  EXPECT_EQ(*reader_->poll_any(output_), Poll::kWaiting);
  env_.io().run_one(0);
  start();
  EXPECT_EQ(*connect::poll_through(*reader_, output_, &env_), Poll::kEnded);
  EXPECT_THAT(output_.values(), ElementsAre("one", "two"));
}

TEST_F(Console, WritesTextAsItIsAndOthersAsCsv) {
  const auto text = writer<engine::NoKey, std::string_view>();
  engine::Batch<engine::NoKey, std::string_view> lines;
  lines.slots.push_back({{}, "a,b", EventTime{0}});
  lines.slots.push_back({{}, "", EventTime{0}});
  text->write_batch(lines);
  commit(*text);
  const auto counts = writer<std::string_view, std::uint64_t>();
  engine::Batch<std::string_view, std::uint64_t> batch;
  batch.slots.push_back({"a,b", 7, EventTime{0}, 0});
  counts->write_batch(batch);
  commit(*counts);
  EXPECT_EQ(env_.process().output(), "a,b\n\n\"a,b\",7\n");
}

TEST_F(Console, FailsTheJobForGoodWhenNobodyReadsTheOutput) {
  const auto text = writer<engine::NoKey, std::string_view>();
  engine::Batch<engine::NoKey, std::string_view> batch;
  batch.slots.assign(1000, {{}, "a line that nobody reads", EventTime{0}});
  env_.process().close_output();
  for (int i = 0; i < 1000; ++i) {  // more than may wait: the barrier stands behind it
    text->write_batch(batch);
  }
  env_.io().run_all();
  const auto blocked = text->blocked();
  ASSERT_FALSE(blocked);
  EXPECT_EQ(blocked.error().code, ErrorCode::kClosed) << "neither bad input nor to be tried again";
  text->prepare(Epoch{1});
  engine::SinkFactChanges facts;
  std::vector<log::StreamAppend> appends;
  EXPECT_FALSE(text->prepared(facts, appends));
}

TEST_F(Console, BlocksWhenTheOutputIsSlow) {
  const auto text = writer<engine::NoKey, std::string_view>();
  const std::string line(1000, 'x');
  engine::Batch<engine::NoKey, std::string_view> batch;
  for (int i = 0; i < 1000; ++i) {
    batch.slots.push_back({{}, line, EventTime{0}});
  }
  while (!*text->blocked()) {
    text->write_batch(batch);
  }
  env_.io().run_all();
  EXPECT_FALSE(*text->blocked());
}

}  // namespace
}  // namespace rheon::console
