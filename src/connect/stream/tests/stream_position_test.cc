#include <gtest/gtest.h>

#include <string>

#include "connect/stream/stream_fetcher.h"

namespace rheon::connect::stream {
namespace {

// The worked bytes of docs/formats/connectors.md. They must be read for ever.
TEST(StreamPosition, HasAKeptSample) {
  const std::string bytes("\x01\x01\0\0\0\0\0\0\0\x02\0\0\0\0\0\0\0\xac\x02\x05", 20);
  EXPECT_EQ(encode({{{1, 2}, 300}, 5}), bytes);
  const auto position = decode_position(bytes);
  ASSERT_TRUE(position.has_value()) << position.error().message;
  EXPECT_EQ(position->records, 5u);
}

TEST(StreamPosition, ThatThisBuildCannotReadIsRefused) {
  const std::string whole = encode({{{1, 2}, 300}, 5});
  for (std::size_t length = 1; length < whole.size(); ++length) {
    EXPECT_FALSE(decode_position(whole.substr(0, length)).has_value()) << length;
  }
  EXPECT_FALSE(decode_position(whole + "x").has_value());
  EXPECT_FALSE(decode_position("\x63" + whole.substr(1)).has_value());
}

}  // namespace
}  // namespace rheon::connect::stream
