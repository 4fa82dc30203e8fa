#include "base/arena.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

namespace rheon {
namespace {

TEST(Arena, CopiesStayWhereTheyAre) {
  std::mt19937 random(1);
  Arena arena(64);
  std::vector<std::string> originals;
  std::vector<std::string_view> copies;
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 2000; ++i) {
      originals.emplace_back(random() % 200, static_cast<char>('a' + i % 26));
      copies.push_back(arena.copy(originals.back()));
    }
    originals.emplace_back(200'000, 'L');  // larger than any chunk
    copies.push_back(arena.copy(originals.back()));
    for (std::size_t i = 0; i < copies.size(); ++i) {
      ASSERT_EQ(copies[i], originals[i]) << i;
    }
    arena.reset();
    originals.clear();
    copies.clear();
  }
}

TEST(Arena, Aligns) {
  Arena arena(64);
  for (std::size_t align = 1; align <= 64; align *= 2) {
    static_cast<void>(arena.allocate(3));
    const auto address = reinterpret_cast<std::uintptr_t>(arena.allocate(100, align));
    EXPECT_EQ(address % align, 0u) << align;
  }
}

TEST(Arena, IsEmptyWhenNewAndAfterReset) {
  Arena arena;
  EXPECT_EQ(arena.bytes_used(), 0u);
  EXPECT_EQ(arena.bytes_reserved(), 0u);
  EXPECT_NE(arena.allocate(0), nullptr);
  EXPECT_EQ(arena.copy(""), "");
  static_cast<void>(arena.copy("abc"));
  EXPECT_EQ(arena.bytes_used(), 3u);
  arena.reset();
  EXPECT_EQ(arena.bytes_used(), 0u);
  EXPECT_EQ(arena.bytes_reserved(), 4096u);
}

TEST(Arena, FilledAlikeAgainItAllocatesNothingMore) {
  Arena arena(100);
  const auto fill = [&] {
    for (int i = 0; i < 1000; ++i) {
      static_cast<void>(arena.allocate(77));
    }
  };
  fill();
  arena.reset();
  const std::size_t reserved = arena.bytes_reserved();
  const char* first = arena.allocate(1);
  arena.reset();
  fill();
  arena.reset();
  EXPECT_EQ(arena.bytes_reserved(), reserved);
  EXPECT_EQ(arena.allocate(1), first);
}

TEST(Arena, RewindGivesBackWhatCameAfterTheMark) {
  Arena arena(64);
  const Arena::Mark start = arena.mark();
  const auto kept = arena.copy("kept");
  const Arena::Mark mark = arena.mark();
  const std::size_t used = arena.bytes_used();
  static_cast<void>(arena.allocate(10));
  static_cast<void>(arena.allocate(1'000));
  static_cast<void>(arena.allocate(100'000));
  const std::size_t reserved = arena.bytes_reserved();
  arena.rewind(mark);
  EXPECT_EQ(arena.bytes_used(), used);
  EXPECT_EQ(kept, "kept");
  static_cast<void>(arena.allocate(10));
  static_cast<void>(arena.allocate(1'000));
  static_cast<void>(arena.allocate(100'000));
  EXPECT_EQ(arena.bytes_reserved(), reserved);
  arena.rewind(start);
  EXPECT_EQ(arena.bytes_used(), 0u);
}

TEST(Arena, MovesWithItsBytes) {
  Arena arena;
  const auto text = arena.copy("text");
  Arena other = std::move(arena);
  EXPECT_EQ(text, "text");
  EXPECT_EQ(other.bytes_used(), 4u);
  EXPECT_EQ(arena.bytes_used(), 0u);  // usable, and empty
  EXPECT_EQ(arena.copy("more"), "more");
  other = Arena();
  EXPECT_EQ(other.bytes_used(), 0u);
}

}  // namespace
}  // namespace rheon
