#include "connect/files/csv_facts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace rheon::connect::csv {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string refusal(const std::string& key, const std::string& value) {
  const auto facts = read_facts({{key, value}});
  return facts.has_value() ? "" : facts.error().message;
}

TEST(CsvFileNames, AreThoseThatTheSinkGives) {
  const auto name = parse_file_name("3-000012.csv");
  ASSERT_TRUE(name.has_value());
  EXPECT_EQ(name->shard, 3u);
  EXPECT_EQ(name->sequence, 12u);
  EXPECT_EQ(to_string(*name), "3-000012.csv");
  for (const char* other :
       {"", "-", "3.csv", "3-000012", "3-000012.txt", "x-000012.csv", "3-x.csv", "3-.csv",
        "3-12.csv", "03-000012.csv", "3-000012x.csv", "99999999999-000012.csv"}) {
    EXPECT_FALSE(parse_file_name(other).has_value()) << other;
  }
}

TEST(CsvFacts, AreReadAsTheyWereWritten) {
  const FileFact fact{77, 12345, true};
  const log::FactChange file = file_change("out/0-000001.csv", fact);
  const log::FactChange sequence = sequence_change(4, 9);
  const auto facts = read_facts({{file.key, *file.value},
                                 {sequence.key, *sequence.value},
                                 {std::string(kLineageFact), "abc"},
                                 {"file/./out//0-000002.csv", encode(fact)}});
  ASSERT_TRUE(facts.has_value()) << facts.error().message;
  EXPECT_EQ(facts->files.at("out/0-000001.csv"), fact);
  EXPECT_EQ(facts->files.at("out/0-000002.csv"), fact);
  EXPECT_THAT(facts->misspelled, ElementsAre("file/./out//0-000002.csv"));
  EXPECT_EQ(facts->sequence_of(4), 9u);
  EXPECT_EQ(facts->sequence_of(5), 0u);
  EXPECT_EQ(facts->lineage, "abc");
}

// The worked bytes of docs/formats/connectors.md.
TEST(CsvFacts, HaveAKeptSample) {
  EXPECT_EQ(encode(FileFact{77, 12345, true}), "\x01\x4d\xb9\x60\x01");
}

TEST(CsvFacts, ThatThisBuildCannotReadAreRefused) {
  const std::string whole = encode(FileFact{77, 12345, true});
  for (std::size_t length = 0; length < whole.size(); ++length) {
    EXPECT_THAT(refusal("file/a", whole.substr(0, length)), HasSubstr("('file/a') cannot be read"));
  }
  EXPECT_NE(refusal("file/a", whole + "x"), "");
  EXPECT_NE(refusal("file/a", "\x7f" + whole.substr(1)), "");
  EXPECT_NE(refusal("sequence/x", "1"), "");
  EXPECT_NE(refusal("sequence/1", "x"), "");
  EXPECT_NE(refusal("color", "green"), "");
  EXPECT_EQ(refusal("topic/words", "of a sink of Kafka"), "") << "that had the name before";
}

}  // namespace
}  // namespace rheon::connect::csv
