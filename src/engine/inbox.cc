#include "engine/inbox.h"

#include <algorithm>
#include <chrono>

#include "base/assert.h"

namespace rheon::engine {

bool Inbox::has_input() const {
  return std::any_of(lanes_.begin(), lanes_.end(), [](const Lane& lane) {
    return !lane.at_barrier && lane.channel->front() != nullptr;
  });
}

Inbox::Lane* Inbox::next(Message& message) {
  for (std::size_t tried = 0; tried < lanes_.size(); ++tried) {
    Lane& lane = lanes_[turn_];
    turn_ = turn_ + 1 == lanes_.size() ? 0 : turn_ + 1;
    if (!lane.at_barrier && lane.channel->try_pop(message)) {
      return &lane;
    }
  }
  return nullptr;
}

Inbox::Lane* Inbox::next_barrier(Message& message) {
  for (Lane& lane : lanes_) {
    const Message* const front = lane.at_barrier ? nullptr : lane.channel->front();
    if (front != nullptr && front->kind == Message::Kind::kBarrier && !front->barrier->drain) {
      const bool popped = lane.channel->try_pop(message);
      return popped ? &lane : nullptr;
    }
  }
  return nullptr;
}

bool Inbox::align(Lane& lane) {
  RHEON_ASSERT(!lane.at_barrier, "a lane that is held back was read");
  lane.at_barrier = true;
  if (++held_ < lanes_.size()) {
    return false;
  }
  for (Lane& each : lanes_) {
    each.at_barrier = false;
  }
  held_ = 0;
  return true;
}

Watermark Inbox::watermark() const {
  Watermark least{EventTime::max(), true};
  EventTime most = EventTime::min();
  for (const Lane& lane : lanes_) {
    most = std::max(most, lane.watermark.time);
    if (!lane.watermark.idle) {
      least.time = std::min(least.time, lane.watermark.time);
      least.idle = false;
    }
  }
  // When all are idle nothing holds the watermark back but what has been promised.
  return least.idle ? Watermark{most, true} : least;
}

void Inbox::tell_cost(Work each) {
  constexpr Work kNothing{100};
  if (std::chrono::abs(each - told_) <= std::max(told_ / 8, kNothing)) {
    return;
  }
  told_ = each;
  for (const Lane& lane : lanes_) {
    lane.channel->tell_cost(each);
  }
}

void Inbox::report(std::vector<LedgerEntry>& ledger) {
  for (Lane& lane : lanes_) {
    if (lane.received > 0) {
      ledger.push_back({"edge/" + lane.edge + "/received", lane.received});
      lane.received = 0;
    }
  }
}

}  // namespace rheon::engine
