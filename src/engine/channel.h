#pragma once

// One sender task to one receiver task of one exchange: a ring of messages, and a ring on which
// batches come back. The depth of the way back is the credit: a sender that has none waits.

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/spsc_ring.h"
#include "engine/doorbell.h"
#include "engine/message.h"
#include "engine/record_cost.h"

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
    if (const Work each = cost(); each > kWorkAtOnce && message.kind == Message::Kind::kBatch)
        [[unlikely]] {
      if (messages_.size_approx() >= records_in_channel(each)) {
        return false;
      }
    }
    return messages_.try_push(message);
  }
  /// Wakes the receiver, when it sleeps: not with every message, which costs more than a message.
  void ring_receiver() { receiver_.ring(); }
  /// An empty batch that came back, or null.
  [[nodiscard]] BatchBase* take_returned() {
    BatchBase* batch = nullptr;
    return returned_.try_pop(batch) ? batch : nullptr;
  }
  /// What the receiver says of a record: see RecordCost.
  [[nodiscard]] Work cost() const { return Work{cost_.load(std::memory_order_relaxed)}; }

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
  /// A hint for the sender; four seconds are the most that it can say.
  void tell_cost(Work each) {
    cost_.store(static_cast<std::uint32_t>(std::clamp<std::int64_t>(each.count(), 0, UINT32_MAX)),
                std::memory_order_relaxed);
  }

 private:
  SpscRing<Message> messages_;
  SpscRing<BatchBase*> returned_;
  Doorbell& sender_;
  Doorbell& receiver_;
  std::atomic<std::uint32_t> cost_{RecordCost::kFirst.count()};
};

}  // namespace rheon::engine
