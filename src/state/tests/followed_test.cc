#include "state/followed.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace rheon::state {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr std::uint64_t kHash = std::uint64_t{7} << 58;
constexpr std::uint64_t kOther = std::uint64_t{8} << 58;

observe::TraceContext trace(std::uint64_t span) { return {1, 2, span}; }
std::vector<std::uint64_t> take(Followed& followed, std::string_view key, std::uint64_t hash) {
  std::vector<std::uint64_t> spans;
  for (const observe::TraceContext& context : followed.take(key, hash)) {
    spans.push_back(context.span);
  }
  return spans;
}

TEST(Followed, AreGivenOnceTheLatestLast) {
  Followed followed;
  EXPECT_FALSE(followed.may_hold(kHash));
  followed.keep("alice", kHash, trace(1));
  followed.keep("alice", kHash, trace(2));
  followed.keep("bob", kOther, trace(3));
  EXPECT_TRUE(followed.may_hold(kHash));
  EXPECT_THAT(take(followed, "carol", kHash), IsEmpty()) << "another key with the same hash";
  EXPECT_THAT(take(followed, "alice", kHash), ElementsAre(1, 2));
  EXPECT_THAT(take(followed, "alice", kHash), IsEmpty());
  EXPECT_FALSE(followed.may_hold(kHash));
  EXPECT_TRUE(followed.may_hold(kOther));
}

TEST(Followed, OfAKeyOnlyTheLastFewStay) {
  Followed followed;
  for (std::uint64_t i = 1; i <= 10; ++i) {
    followed.keep("alice", kHash, trace(i));
  }
  EXPECT_THAT(take(followed, "alice", kHash), ElementsAre(7, 8, 9, 10));
}

TEST(Followed, OfTooManyKeysTheOldestIsForgotten) {
  Followed followed;
  followed.keep("first", kOther, trace(1));
  for (std::uint64_t i = 0; i < Followed::kMostKeys; ++i) {
    followed.keep("key " + std::to_string(i), kHash, trace(i));
  }
  EXPECT_FALSE(followed.may_hold(kOther));
  EXPECT_THAT(take(followed, "key 0", kHash), ElementsAre(0));
}

}  // namespace
}  // namespace rheon::state
