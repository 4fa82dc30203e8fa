#include "connect/kafka/place.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

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
