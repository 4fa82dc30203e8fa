#include "observe/traceparent.h"

#include <gtest/gtest.h>

#include <string>

namespace rheon::observe {
namespace {

constexpr const char* kGood = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

TEST(Traceparent, NamesTraceAndSpan) {
  const auto context = parse_traceparent(kGood);
  ASSERT_TRUE(context.has_value());
  EXPECT_EQ(context->trace_high, 0x4bf92f3577b34da6u);
  EXPECT_EQ(context->trace_low, 0xa3ce929d0e0e4736u);
  EXPECT_EQ(context->span, 0x00f067aa0ba902b7u);
  EXPECT_TRUE(parse_traceparent("01" + std::string(kGood).substr(2) + "-more").has_value())
      << "of a later version";
}

TEST(Traceparent, IsWrittenAsItIsRead) {
  EXPECT_EQ(format_traceparent(*parse_traceparent(kGood)), kGood);
  EXPECT_EQ(format_traceparent({1, 2, 3}),
            "00-00000000000000010000000000000002-0000000000000003-01");
}

TEST(Traceparent, ThatIsNoneIsNotFollowed) {
  const auto changed = [](std::size_t at, const std::string& with) {
    return std::string(kGood).replace(at, with.size(), with);
  };
  for (const std::string& text :
       {std::string(), std::string("00"), std::string(kGood).substr(1), kGood + std::string("-x"),
        changed(0, "ff"), changed(0, "0x"), changed(2, "_"), changed(3, "4BF9"), changed(35, "0"),
        changed(52, "0"), changed(53, "00"), changed(53, "0g"), changed(3, std::string(32, '0')),
        changed(36, std::string(16, '0'))}) {
    EXPECT_FALSE(parse_traceparent(text).has_value()) << text;
  }
}

}  // namespace
}  // namespace rheon::observe
