#include "connect/generator/words.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "connect/generator/dictionary.h"
#include "connect/tests/connector_driver.h"

namespace rheon::generator {
namespace {

using connect::TextOutput;
using engine::Poll;

class Words : public ::testing::Test {
 protected:
  void start(const WordsOptions& options) {
    source_ = words(options);
    reader_ = source_.connector->make_any_reader(environment_);
    auto found = source_.connector->discover(environment_, known_);
    ASSERT_TRUE(found) << found.error().message;
    known_ = *found;
    for (const auto& partition : *found) {
      reader_->assign(partition);
    }
  }
  void commit() {
    for (std::size_t i = 0; i < known_.size(); ++i) {
      known_[i].position = reader_->position(i);
    }
  }
  /// The words of each partition, in order.
  std::map<std::size_t, std::vector<std::string>> by_partition() const {
    std::map<std::size_t, std::vector<std::string>> result;
    for (const auto& record : output_.records) {
      result[record.partition].push_back(record.value);
    }
    return result;
  }

  engine::SourceEnvironment environment_;
  Source<std::string_view> source_;
  std::unique_ptr<engine::AnySourceReader> reader_;
  std::vector<engine::SourcePartition> known_;
  TextOutput output_;
};

TEST_F(Words, AreAsManyAsAskedAndComeFromTheDictionary) {
  start({.dictionary = 50, .count = 10'003});
  EXPECT_EQ(*connect::poll_through(*reader_, output_), Poll::kEnded);
  EXPECT_EQ(output_.records.size(), 10'003u);
  std::map<std::string, int> counts;
  for (const auto& record : output_.records) {
    ++counts[record.value];
    ASSERT_GE(record.value.size(), 4u);
    ASSERT_LE(record.value.size(), 12u);
  }
  EXPECT_EQ(counts.size(), 50u);
  for (const auto& [word, count] : counts) {
    EXPECT_NEAR(count, 200, 80) << word;
  }
}

TEST_F(Words, AreTheSameForTheSameSeedAlsoOverRestarts) {
  start({.count = 20'000});
  ASSERT_TRUE(connect::poll_through(*reader_, output_));
  const auto straight = by_partition();

  output_.records.clear();
  known_.clear();
  start({.count = 20'000});
  for (int i = 0; i < 100; ++i) {
    output_.in_poll = 0;
    output_.full_after = 1 + static_cast<std::size_t>(i) * 7 % 300;
    if (*reader_->poll_any(output_) == Poll::kEnded) {
      break;
    }
    commit();
    start({.count = 20'000});
  }
  ASSERT_TRUE(connect::poll_through(*reader_, output_));
  EXPECT_EQ(by_partition(), straight);

  output_.records.clear();
  known_.clear();
  start({.seed = 2, .count = 20'000});
  ASSERT_TRUE(connect::poll_through(*reader_, output_));
  EXPECT_NE(by_partition(), straight);
}

TEST_F(Words, WithoutEndTheyCannotStopAtIt) {
  environment_.stop_at_end = true;
  const Source<std::string_view> endless = words({});
  const auto found = endless.connector->discover(environment_, {});
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code, ErrorCode::kInvalidInput);
  EXPECT_THAT(found.error().message, ::testing::HasSubstr("give it a count"));
  start({.count = 3});
}

TEST_F(Words, FewerThanThereHaveBeenAreRefused) {
  start({.count = 1'000});
  ASSERT_TRUE(connect::poll_through(*reader_, output_));
  commit();
  const auto again = [this](std::uint64_t count) {
    return words({.count = count}).connector->discover(environment_, known_);
  };
  ASSERT_FALSE(again(999));
  EXPECT_EQ(again(999).error().code, ErrorCode::kRefused);
  EXPECT_THAT(again(999).error().message, ::testing::HasSubstr("more words already than the 999"));
  ASSERT_TRUE(again(1'000));
  EXPECT_FALSE(again(1'000)->front().more);
  EXPECT_TRUE(again(1'004)->front().more);
}

TEST_F(Words, AreFrozenForEverySeed) {
  start({.count = 4, .partitions = 1});
  ASSERT_TRUE(connect::poll_through(*reader_, output_));
  EXPECT_THAT(output_.values(),
              ::testing::ElementsAre("rifirrderao", "unlxtjay", "htzelepvih", "fzlxyjaoa"));
}

TEST_F(Words, ComeAtTheirRate) {
  start({.rate = 1000});
  EXPECT_EQ(*connect::poll_through(*reader_, output_), Poll::kIdle);
  EXPECT_EQ(output_.records.size(), 0u);
  output_.now_ = output_.now_ + std::chrono::milliseconds{500};
  EXPECT_EQ(*connect::poll_through(*reader_, output_), Poll::kIdle);
  EXPECT_EQ(output_.records.size(), 500u);
  commit();
  output_.now_ = output_.now_ + std::chrono::hours{1};  // not running
  start({.rate = 1000});
  EXPECT_EQ(*connect::poll_through(*reader_, output_), Poll::kIdle);
  EXPECT_EQ(output_.records.size(), 500u);
  output_.now_ = output_.now_ + std::chrono::milliseconds{10};
  EXPECT_EQ(*connect::poll_through(*reader_, output_), Poll::kIdle);
  EXPECT_EQ(output_.records.size(), 510u);
}

TEST_F(Words, KeepTheirPartitions) {
  start({.count = 10, .partitions = 4});
  source_ = words({.count = 10, .partitions = 2});
  auto found = source_.connector->discover(environment_, known_);
  ASSERT_FALSE(found);
  EXPECT_THAT(found.error().message, ::testing::HasSubstr("had 4 partitions"));
}

TEST(Dictionary, HasDifferentWords) {
  for (const std::uint32_t size : {1u, 26u, 27u, 9000u, 500'000u}) {
    const connect::generator::Dictionary dictionary(size, 1, 6, 3);
    std::set<std::string_view> seen;
    for (std::uint32_t i = 0; i < size; ++i) {
      seen.insert(dictionary.word(i));
    }
    EXPECT_EQ(seen.size(), size);
  }
}

}  // namespace
}  // namespace rheon::generator
