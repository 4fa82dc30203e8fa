#include "kafka/partitioner.h"

#include <gtest/gtest.h>

#include <string>

#include "kafka/tests/samples.h"
#include "kafka/wire/reader.h"

namespace rheon::kafka {
namespace {

TEST(Partitioner, HashesAsKafkasClassesDo) {
  for (const std::string key :
       {"a", "ab", "abc", "abcd", "the quick brown fox", "\xc3\xbc\xc3\xbf\xe4\xb8\xad"}) {
    std::string hex;
    for (const char c : key) {
      constexpr const char* kDigits = "0123456789abcdef";
      hex += kDigits[static_cast<std::uint8_t>(c) >> 4];
      hex += kDigits[c & 15];
    }
    wire::Reader in(testing::sample("murmur2-" + hex));
    EXPECT_EQ(murmur2(key), in.integer<std::uint32_t>()) << key;
  }
}

TEST(Partitioner, ChoosesOneOfThePartitions) {
  for (int i = 0; i < 1'000; ++i) {
    const std::int32_t partition = partition_of_key(std::to_string(i), 7);
    EXPECT_GE(partition, 0);
    EXPECT_LT(partition, 7);
  }
  EXPECT_EQ(partition_of_key("anything", 1), 0);
}

}  // namespace
}  // namespace rheon::kafka
