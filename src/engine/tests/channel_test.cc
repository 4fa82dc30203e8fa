#include "engine/channel.h"

#include <gtest/gtest.h>

#include "env/fake/fake_threads.h"

namespace rheon::engine {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class ChannelTest : public ::testing::Test {
 protected:
  /// How many messages it takes.
  std::size_t fill() {
    std::size_t taken = 0;
    Message message;
    message.kind = Message::Kind::kBatch;
    while (channel_.try_push(message)) {
      ++taken;
    }
    return taken;
  }
  void take(std::size_t messages) {
    Message message;
    for (; messages > 0; --messages) {
      ASSERT_TRUE(channel_.try_pop(message));
    }
  }

  env::fake::FakeParker parker_;
  Doorbell doorbell_{parker_};
  Channel channel_{8, doorbell_, doorbell_};
};

TEST_F(ChannelTest, HoldsAllItsRingCanOfQuickRecords) {
  EXPECT_EQ(fill(), 1u) << "nothing is known of them yet";
  channel_.tell_cost(kWorkAtOnce);
  EXPECT_EQ(fill(), 7u);
}

TEST_F(ChannelTest, HoldsFewMessagesOfRecordsThatTakeLong) {
  channel_.tell_cost(milliseconds{5});
  EXPECT_EQ(fill(), 3u);
  take(1);
  EXPECT_EQ(fill(), 1u);
  take(3);
  channel_.tell_cost(seconds{3600});
  EXPECT_GT(channel_.cost(), seconds{4}) << "as much as it can say";
  EXPECT_EQ(fill(), 1u);
  channel_.tell_cost(milliseconds{1});
  EXPECT_EQ(fill(), 7u) << "quick again";
}

TEST_F(ChannelTest, HoldsNoWatermarkBackForThem) {
  channel_.tell_cost(seconds{1});
  EXPECT_EQ(fill(), 1u);
  EXPECT_TRUE(channel_.try_push(Message{}));
  EXPECT_EQ(fill(), 0u);
}

}  // namespace
}  // namespace rheon::engine
