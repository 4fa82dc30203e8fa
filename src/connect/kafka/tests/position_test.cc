#include "connect/kafka/position.h"

#include <gtest/gtest.h>

#include <string>

namespace rheon::connect::kafka {
namespace {

TEST(TopicPosition, HasTheBytesOfItsPage) {
  const PartitionPosition position{{1, 2}, 300, 301};
  const std::string bytes = encode(position);
  EXPECT_EQ(bytes, std::string("\x01"
                               "\x01\0\0\0\0\0\0\0\x02\0\0\0\0\0\0\0"
                               "\xac\x02\xad\x02",
                               21));
  const auto read = decode_position(bytes);
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(read->topic_id, position.topic_id);
  EXPECT_EQ(read->offset, 300);
  EXPECT_EQ(read->until, 301);
  EXPECT_EQ(decode_position(encode({{1, 2}, 300, std::nullopt}))->until, std::nullopt);
}

TEST(TopicPosition, ThatIsBrokenIsRefused) {
  const std::string bytes = encode({{1, 2}, 300, std::nullopt});
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(decode_position(bytes.substr(0, size)));
  }
  EXPECT_FALSE(decode_position("\x02" + bytes.substr(1)));
  EXPECT_FALSE(decode_position(bytes + "\x01x"));
  EXPECT_FALSE(decode_position(bytes.substr(0, 17) + std::string(9, '\xff') + "\x01"));
}

}  // namespace
}  // namespace rheon::connect::kafka
