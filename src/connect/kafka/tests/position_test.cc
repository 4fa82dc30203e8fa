#include "connect/kafka/position.h"

#include <gtest/gtest.h>

#include <string>

namespace rheon::connect::kafka {
namespace {

const std::string kTopicId("\x01\0\0\0\0\0\0\0\x02\0\0\0\0\0\0\0", 16);

TEST(TopicPosition, HasTheBytesOfItsPage) {
  const PartitionPosition position{{1, 2}, 300, 301, 4, true};
  const std::string bytes = encode(position);
  EXPECT_EQ(bytes, "\x02" + kTopicId + "\xac\x02\x05\x03\xad\x02");
  const auto read = decode_position(bytes);
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(read->topic_id, position.topic_id);
  EXPECT_EQ(read->offset, 300);
  EXPECT_EQ(read->until, 301);
  EXPECT_EQ(read->leader_epoch, 4);
  EXPECT_TRUE(read->gapless);
  const auto least = decode_position(encode({{1, 2}, 300, std::nullopt}));
  EXPECT_EQ(least->until, std::nullopt);
  EXPECT_EQ(least->leader_epoch, -1);
  EXPECT_FALSE(least->gapless);
}

TEST(TopicPosition, OfTheFormatBeforeIsRead) {
  const auto open = decode_position("\x01" + kTopicId + "\xac\x02");
  ASSERT_TRUE(open.has_value());
  EXPECT_EQ(open->offset, 300);
  EXPECT_EQ(open->until, std::nullopt);
  EXPECT_EQ(open->leader_epoch, -1);
  EXPECT_EQ(decode_position("\x01" + kTopicId + "\xac\x02\xad\x02")->until, 301);
}

TEST(TopicPosition, ThatIsBrokenIsRefused) {
  const std::string bytes = encode({{1, 2}, 300, std::nullopt});
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(decode_position(bytes.substr(0, size)));
  }
  EXPECT_FALSE(decode_position("\x03" + bytes.substr(1)));
  EXPECT_FALSE(decode_position("\x01" + bytes.substr(1))) << "two numbers too many";
  EXPECT_FALSE(decode_position(bytes + "\x01x"));
  EXPECT_FALSE(decode_position(bytes.substr(0, 17) + std::string(9, '\xff') + "\x01"));
}

}  // namespace
}  // namespace rheon::connect::kafka
