#include "base/stable_hash.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <bit>
#include <string>
#include <vector>

namespace rheon {
namespace {

constexpr std::array<std::uint64_t, 301> kSamples = {
#include "stable_hash_samples.inc"
};

/// Byte i is (131 * i + 7) mod 256.
std::string pattern(std::size_t size) {
  std::string bytes;
  for (std::size_t i = 0; i < size; ++i) {
    bytes += static_cast<char>((131 * i + 7) & 0xff);
  }
  return bytes;
}

TEST(StableHash, GivesTheKeptSamplesForEveryLength) {
  const std::string bytes = pattern(kSamples.size());
  for (std::size_t size = 0; size < kSamples.size(); ++size) {
    EXPECT_EQ(stable_hash(std::string_view(bytes).substr(0, size)), kSamples[size]) << size;
  }
}

TEST(StableHash, ShortPathsEqualTheLibrary) {
  std::uint64_t state = 1;
  for (int round = 0; round < 20'000; ++round) {
    std::string bytes(static_cast<std::size_t>(round) % 40, '\0');
    for (char& byte : bytes) {
      state = state * 6364136223846793005ULL + 1442695040888963407ULL;
      byte = static_cast<char>(state >> 56);
    }
    ASSERT_EQ(stable_hash(bytes), stable_hash_detail::of_any(bytes)) << bytes.size();
  }
}

TEST(StableHash, TheWorkedExamplesOfTheFormatPage) {
  EXPECT_EQ(stable_hash(""), 0x2d06800538d394c2ULL);
  EXPECT_EQ(stable_hash("a"), 0xe6c632b61e964e1fULL);
  EXPECT_EQ(stable_hash("word"), 0xe3ce369cf66c5c55ULL);
  EXPECT_EQ(stable_hash("hello, world"), 0x302cd5fba73d006cULL);
  EXPECT_EQ(stable_hash("0123456789abcdef0123456789abcdef"), 0x01121d5b6c0ac055ULL);
  EXPECT_EQ(key_group(stable_hash("word"), kDefaultKeyGroups), KeyGroup{0x055});
  EXPECT_EQ(key_group(stable_hash("word"), 1), KeyGroup{0});
}

/// Greatest share of `positions` buckets that one gets of the hashes, times `positions`.
double crowding(const std::vector<std::uint64_t>& hashes, unsigned shift, std::size_t positions) {
  std::vector<std::size_t> counts(positions);
  for (const std::uint64_t hash : hashes) {
    ++counts[(hash >> shift) % positions];
  }
  const auto most = *std::max_element(counts.begin(), counts.end());
  return static_cast<double>(most * positions) / static_cast<double>(hashes.size());
}

TEST(Remix, IsEvenWithinOneKeyGroupAtAnyBits) {
  for (const std::uint64_t seed : {0ULL, 1ULL, 0x123456789abcdefULL}) {
    std::vector<std::uint64_t> hashes;
    for (std::uint64_t i = 0; hashes.size() < 40'000; ++i) {
      const std::uint64_t hash = stable_hash("key" + std::to_string(i));
      if (key_group(hash, 16) == KeyGroup{5}) {
        hashes.push_back(remix(hash, seed));
      }
    }
    for (unsigned shift = 0; shift <= 56; shift += 8) {
      EXPECT_LT(crowding(hashes, shift, 256), 1.5) << "seed " << seed << " shift " << shift;
    }
  }
}

TEST(Remix, DiffersBySeed) { EXPECT_NE(remix(42, 1), remix(42, 2)); }

}  // namespace
}  // namespace rheon
