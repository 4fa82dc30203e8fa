#pragma once

// One sender task to one receiver task of one exchange: a ring of messages, and a ring on which
// batches come back. The depth of the way back is the credit: a sender that has none waits.

#include <memory>
#include <vector>

#include "base/spsc_ring.h"
#include "engine/doorbell.h"
#include "engine/message.h"

namespace rheon::engine {

class Channel {
 public:
  /// The doorbells of the shards at both ends; they outlive the channel.
  Channel(std::size_t capacity_messages, Doorbell& sender, Doorbell& receiver)
      : messages_(capacity_messages),
        returned_(capacity_messages + 2),
        sender_(sender),
        receiver_(receiver) {}

  ~Channel() {
    Message message;
    while (messages_.try_pop(message)) {
      delete message.batch;
    }
    BatchBase* batch = nullptr;
    while (returned_.try_pop(batch)) {
      delete batch;
    }
  }
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;

  // On the sender's thread.
  [[nodiscard]] bool try_push(const Message& message) {
    if (!messages_.try_push(message)) {
      return false;
    }
    receiver_.ring();
    return true;
  }
  /// An empty batch that came back, or null.
  [[nodiscard]] BatchBase* take_returned() {
    BatchBase* batch = nullptr;
    return returned_.try_pop(batch) ? batch : nullptr;
  }

  // On the receiver's thread.
  [[nodiscard]] bool try_pop(Message& message) {
    if (!messages_.try_pop(message)) {
      return false;
    }
    if (message.kind != Message::Kind::kBatch) {
      sender_.ring();  // there is room; batches ring when they are given back
    }
    return true;
  }
  /// What try_pop() would give, or null.
  [[nodiscard]] const Message* front() { return messages_.front(); }
  void give_back(BatchBase* batch) {
    batch->clear();
    if (!returned_.try_push(batch)) {
      delete batch;
    }
    sender_.ring();
  }

 private:
  SpscRing<Message> messages_;
  SpscRing<BatchBase*> returned_;
  Doorbell& sender_;
  Doorbell& receiver_;
};

}  // namespace rheon::engine
