#include "connect/line_splitter.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "connect/tests/connector_driver.h"

namespace rheon::connect {
namespace {

TEST(LineSplitterTest, GivesTheMemoryOfALongLineBack) {
  constexpr std::size_t kLong = 1 << 20;
  const std::string half(kLong / 2, 'x');
  const std::string rest = half + "\n";
  LineSplitter splitter({}, "a.txt", 0);
  Output<std::string_view, std::string> output;
  splitter.feed(half);
  ASSERT_TRUE(splitter.run(output));
  splitter.feed(rest);
  ASSERT_TRUE(splitter.run(output));
  ASSERT_EQ(output.values(), std::vector{std::string(kLong, 'x')});
  EXPECT_GE(splitter.memory(), kLong) << "the line is still shown";
  splitter.forget();
  EXPECT_LT(splitter.memory(), kLong / 8);
}

TEST(LineSplitterTest, KeepsNoMoreThanTheLastLongLine) {
  constexpr std::size_t kLong = 1 << 20;
  const std::string half(kLong / 2, 'x');
  const std::string rest = half + "\n";
  LineSplitter splitter({}, "a.txt", 0);
  Output<std::string_view, std::string> output;
  for (int line = 0; line < 4; ++line) {
    splitter.feed(half);
    ASSERT_TRUE(splitter.run(output));
    splitter.feed(rest);
    ASSERT_TRUE(splitter.run(output));
    EXPECT_LT(splitter.memory(), 2 * kLong) << line;
  }
  EXPECT_EQ(output.values(), std::vector<std::string>(4, std::string(kLong, 'x')));
}

}  // namespace
}  // namespace rheon::connect
