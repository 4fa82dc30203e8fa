#include "engine/quarantine.h"

#include <gtest/gtest.h>

#include <string>

namespace rheon::engine {
namespace {

TEST(QuarantineTest, OfALongRecordOnlyWhatIsKeptTakesMemory) {
  ShardContext shard;
  shard.quarantine({"parse", "", "bad", std::string(10 << 20, 'x'), EventTime{}});
  const Quarantined& kept = shard.quarantined.records.front();
  EXPECT_EQ(kept.record, std::string(kMaxQuarantinedBytes, 'x'));
  EXPECT_LT(kept.record.capacity(), 2 * kMaxQuarantinedBytes);
}

}  // namespace
}  // namespace rheon::engine
