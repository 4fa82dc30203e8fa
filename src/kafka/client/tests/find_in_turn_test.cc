#include "kafka/client/find_in_turn.h"

#include <gtest/gtest.h>

namespace rheon::kafka {
namespace {

TEST(FindInTurn, GoesOnBehindTheLastOneAndRound) {
  const std::vector<int> numbers{10, 11, 12, 13};
  std::size_t next = 0;
  std::size_t looked = 0;
  const auto find = [&](int number) {
    const auto at = find_in_turn(numbers, next, [&](int one) {
      ++looked;
      return one == number;
    });
    return at == numbers.end() ? -1 : *at;
  };
  for (const int number : numbers) {
    EXPECT_EQ(find(number), number);
  }
  EXPECT_EQ(looked, 4u) << "each at once";
  EXPECT_EQ(find(11), 11);
  EXPECT_EQ(next, 2u);
  EXPECT_EQ(find(10), 10);
  EXPECT_EQ(find(14), -1);
  EXPECT_EQ(next, 1u) << "as it was";
  EXPECT_EQ(find(13), 13);
}

TEST(FindInTurn, FindsNothingAmongNone) {
  std::size_t next = 0;
  const std::vector<int> none;
  EXPECT_EQ(find_in_turn(none, next, [](int) { return true; }), none.end());
}

}  // namespace
}  // namespace rheon::kafka
