#include "base/crc32c.h"

#include <gtest/gtest.h>

#include <string>

namespace rheon {
namespace {

std::string numbers(std::size_t size) {
  std::string bytes;
  std::uint32_t state = 1;
  for (std::size_t i = 0; i < size; ++i) {
    state = state * 1664525u + 1013904223u;
    bytes += static_cast<char>(state >> 24);
  }
  return bytes;
}

TEST(Crc32c, GivesTheValuesOfTheStandard) {
  std::string ascending;
  for (char c = 0; c < 32; ++c) {
    ascending += c;
  }
  for (const auto function : {crc32c, crc32c_portable}) {
    EXPECT_EQ(function("", 0), 0u);
    EXPECT_EQ(function(std::string(32, '\0'), 0), 0x8a9136aau);
    EXPECT_EQ(function(std::string(32, '\xff'), 0), 0x62a8ab43u);
    EXPECT_EQ(function(ascending, 0), 0x46dd794eu);
    EXPECT_EQ(function("123456789", 0), 0xe3069283u);
  }
}

TEST(Crc32c, InstructionAndTablesAgreeAtEveryLengthAndAlignment) {
  const std::string bytes = numbers(30'000);
  for (std::size_t size = 0; size < 2'000; ++size) {
    const auto part = std::string_view(bytes).substr(size % 9, size);
    ASSERT_EQ(crc32c(part), crc32c_portable(part)) << size;
  }
  for (std::size_t size = 11'000; size < 29'000; size += 997) {
    const auto part = std::string_view(bytes).substr(size % 9, size);
    ASSERT_EQ(crc32c(part, 77), crc32c_portable(part, 77)) << size;
  }
}

TEST(Crc32c, OfPiecesIsThatOfTheWhole) {
  const std::string bytes = numbers(20'000);
  const std::string_view whole = bytes;
  for (const std::size_t cut : {0, 1, 7, 8, 1000, 12'345, 19'999, 20'000}) {
    const std::string_view first = whole.substr(0, cut);
    const std::string_view second = whole.substr(cut);
    EXPECT_EQ(crc32c(second, crc32c(first)), crc32c(whole));
    EXPECT_EQ(crc32c_combine(crc32c(first), crc32c(second), second.size()), crc32c(whole));
  }
}

TEST(Crc32c, CombinesWithPartsLongerThanMemory) {
  // (a + b) + c = a + (b + c), with a b of 2^40 bytes that is known only by its checksum.
  constexpr std::uint64_t kHuge = std::uint64_t{1} << 40;
  const std::uint32_t left = crc32c_combine(crc32c_combine(1, 2, kHuge), 3, 5);
  EXPECT_EQ(left, crc32c_combine(1, crc32c_combine(2, 3, 5), kHuge + 5));
}

}  // namespace
}  // namespace rheon
