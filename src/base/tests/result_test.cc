#include "base/result.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "base/assert.h"

namespace rheon {
namespace {

Status succeed_if(bool good) { return good ? Status{} : fail(ErrorCode::kIo, "it is not good"); }

Result<std::unique_ptr<int>> make(int value) {
  if (value < 0) {
    return fail(ErrorCode::kInvalidInput, "below zero");
  }
  return std::make_unique<int>(value);
}

Result<int> both(bool good, int a, int b) {
  RHEON_TRY(succeed_if(good));
  RHEON_ASSIGN(const auto first, make(a));
  RHEON_ASSIGN(auto second, make(b));
  return *first + *second;
}

TEST(Result, GoesOnWithTheValues) { EXPECT_EQ(*both(true, 1, 2), 3); }

TEST(Result, ReturnsTheFirstError) {
  EXPECT_EQ(both(false, -1, 2).error().message, "it is not good");
  EXPECT_EQ(both(true, -1, 2).error().code, ErrorCode::kInvalidInput);
  EXPECT_EQ(both(true, 1, -2).error().message, "below zero");
}

TEST(AssertDeathTest, PrintsTheSentenceAndAborts) {
  RHEON_ASSERT(true, "nothing happens");
  EXPECT_DEATH(RHEON_ASSERT(1 > 2, "one is not above two"),
               "result_test.cc:.*assertion failed: one is not above two \\(1 > 2\\)");
}

}  // namespace
}  // namespace rheon
