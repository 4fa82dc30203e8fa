#pragma once

// The receiving end of a stage's exchanges: one lane per sending task. Takes watermarks to their
// minimum and holds lanes back that have seen a barrier until all have (alignment).

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "engine/channel.h"
#include "engine/ledger.h"
#include "engine/message.h"

namespace rheon::engine {

class Inbox {
 public:
  struct Lane {
    std::string edge;  // for the ledger
    std::uint32_t input = 0;
    Channel* channel = nullptr;
    Watermark watermark;
    bool at_barrier = false;
    std::uint64_t received = 0;
    std::size_t room = 0;
  };

  void add(std::string edge, std::uint32_t input, Channel* channel) {
    if (lanes_.empty() || lanes_.back().edge != edge) {  // the lanes of an edge come together
      rooms_.emplace_back();
    }
    lanes_.push_back({std::move(edge), input, channel, {}, false, 0, rooms_.size() - 1});
  }

  /// next() has something to give.
  [[nodiscard]] bool has_input() const;
  /// The next message of some lane that is not held back, in turn; null lane: nothing is there.
  [[nodiscard]] Lane* next(Message& message);
  /// As next(), but only a barrier that may overtake a burst of timers: not one that drains.
  [[nodiscard]] Lane* next_barrier(Message& message);
  /// Of a message of the lane: see BatchBase::laid_out().
  [[nodiscard]] BatchBase& laid_out(const Lane& lane, BatchBase& batch, std::size_t& from) {
    return batch.laid_out(from, rooms_[lane.room]);
  }
  /// Puts a barrier's lane on hold; true when that was the last one: then all lanes are free again.
  [[nodiscard]] bool align(Lane& lane);
  /// The minimum over all lanes that are not idle; idle when all are.
  [[nodiscard]] Watermark watermark() const;
  /// Tells all senders what a record costs, when it is not about what they know.
  void tell_cost(Work each);
  void report(std::vector<LedgerEntry>& ledger);

 private:
  std::vector<Lane> lanes_;
  std::vector<std::unique_ptr<BatchBase>> rooms_;  // of an edge: all its records are of one type
  std::size_t turn_ = 0;
  std::size_t held_ = 0;
  Work told_ = RecordCost::kFirst;
};

}  // namespace rheon::engine
