#include "connect/kafka/place.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>

namespace rheon::connect::kafka {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

TEST(KafkaPlace, NamesBrokersAndATopic) {
  const auto place = parse_place("kafka://one:1234,two,[::1]:99/words_1.a-b");
  ASSERT_TRUE(place.has_value()) << place.error().message;
  EXPECT_EQ(place->topic, "words_1.a-b");
  ASSERT_EQ(place->brokers.size(), 3u);
  EXPECT_EQ(place->brokers[0].host, "one");
  EXPECT_EQ(place->brokers[0].port, 1234);
  EXPECT_EQ(place->brokers[1].port, 9092);
  EXPECT_EQ(place->brokers[2].host, "::1");
  EXPECT_EQ(describe(*place), "topic 'words_1.a-b' at one:1234,two:9092,[::1]:99");
}

TEST(KafkaPlace, NamesTopicsByAPattern) {
  for (const char* pattern : {"*", "words-*", "*-words", "w?rds.*.log", "**", "?", ".*", "*.."}) {
    const auto place = parse_places("kafka://one/" + std::string(pattern));
    ASSERT_TRUE(place.has_value()) << place.error().message;
    EXPECT_EQ(describe(*place), "topics '" + std::string(pattern) + "' at one:9092");
  }
  EXPECT_EQ(describe(*parse_places("kafka://one/words")), "topic 'words' at one:9092");
  EXPECT_FALSE(parse_places("kafka://one/").has_value());
  EXPECT_FALSE(parse_places("kafka://one/w rds*").has_value());
  const auto for_output = parse_place("kafka://one/words-*");
  ASSERT_FALSE(for_output.has_value());
  EXPECT_THAT(for_output.error().message, HasSubstr("records go to one topic"));
}

TEST(KafkaPlace, PatternsMatchWholeNames) {
  for (const auto& [pattern, name] :
       {std::pair("words", "words"), std::pair("*", "words"), std::pair("words*", "words"),
        std::pair("w*s", "words"), std::pair("w?r??", "words"), std::pair("*a*b", "xaxbxab"),
        std::pair("a*b*c", "abbbc"), std::pair("*.*", "a.b")}) {
    EXPECT_TRUE(matches(pattern, name)) << pattern << " " << name;
  }
  for (const auto& [pattern, name] :
       {std::pair("words", "word"), std::pair("word", "words"), std::pair("w?s", "words"),
        std::pair("*a*b", "xaxbxa"), std::pair("words?", "words"), std::pair("a*b*c", "acb"),
        std::pair("*.*", "ab")}) {
    EXPECT_FALSE(matches(pattern, name)) << pattern << " " << name;
  }
}

TEST(KafkaPlace, ThatIsNoneIsSaidSo) {
  for (const char* url :
       {"one:1/words", "kafka://one:1", "kafka://one:1/", "kafka:///words", "kafka://one:/words",
        "kafka://one:0/words", "kafka://one:70000/words", "kafka://one:1x/words",
        "kafka://one,,two/words", "kafka://one,/words", "kafka://[::1/words",
        "kafka://[::1]9/words", "kafka://one/two/three", "kafka://one/..", "kafka://one/w rds"}) {
    const auto place = parse_place(url);
    ASSERT_FALSE(place.has_value()) << url;
    EXPECT_EQ(place.error().code, ErrorCode::kInvalidInput);
    EXPECT_THAT(place.error().message, AllOf(HasSubstr(url), HasSubstr("kafka://HOST:PORT/TOPIC")));
  }
  EXPECT_FALSE(parse_place("kafka://one/" + std::string(250, 'w')).has_value());
  EXPECT_TRUE(parse_place("kafka://one/" + std::string(249, 'w')).has_value());
}

}  // namespace
}  // namespace rheon::connect::kafka
