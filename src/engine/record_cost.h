#pragma once

// What a record costs: the time that it takes here, and the work that it causes behind exchanges.
// It bounds what stands in the channels before a barrier, and what one poll of a source sets going:
// of an operator that takes a millisecond a record, rings full of messages of a thousand records
// would keep each commit waiting for many seconds.
//
// What it does not bound: the records that were on their way when an operator turned slow; the sum
// over the channels of a receiver, of which there is one from each shard; and the work of timers,
// which fire before the records behind them. All inputs of an operator count as one.

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>

#include "engine/batch.h"

namespace rheon::engine {

using Work = std::chrono::nanoseconds;

/// What takes longer is worth waking somebody for at once.
inline constexpr Work kQuick = std::chrono::microseconds{50};
/// What a message may set going: much longer than it takes to hand it over.
inline constexpr Work kWorkAtOnce = std::chrono::milliseconds{2};
/// What may stand in a channel whose records take longer than that; of quicker ones its ring holds
/// eight messages, which is the same.
inline constexpr Work kWorkInChannel = 8 * kWorkAtOnce;
/// What a poll of a source may set going: a message for each of several shards.
inline constexpr Work kWorkOfAPoll = 8 * kWorkAtOnce;
/// What a message of more than a batch may set going, and a poll of more than that.
inline constexpr Work kWorkOfALongMessage = std::chrono::microseconds{500};
inline constexpr Work kWorkOfALongPoll = 2 * kWorkOfALongMessage;

/// How many records of this cost are so much work: at least one, at most `records`.
[[nodiscard]] constexpr std::size_t records_at_once(Work each, Work most = kWorkAtOnce,
                                                    std::size_t records = kBatchRecords) {
  return static_cast<std::size_t>(std::clamp<std::int64_t>(most / std::max(each, Work{1}), 1,
                                                           static_cast<std::int64_t>(records)));
}

/// How many records of this cost a message may hold: of quick ones `most`, of others a batch or
/// fewer.
[[nodiscard]] constexpr std::size_t records_of_a_message(Work each, std::size_t most) {
  return std::max(records_at_once(each), records_at_once(each, kWorkOfALongMessage, most));
}

/// How many records of this cost a poll may emit. Of quick ones those that fill messages for
/// several shards; one shard alone takes them by the batch, while they are in its caches.
[[nodiscard]] constexpr std::size_t records_of_a_poll(Work each, std::uint32_t shards) {
  const std::size_t batch = records_at_once(each, kWorkOfAPoll);
  return shards == 1 ? batch
                     : std::max(batch, records_at_once(each, kWorkOfALongPoll, 2 * kPackedRecords));
}

/// How many batches of one record each a channel may hold: at least one.
[[nodiscard]] constexpr std::size_t records_in_channel(Work each) {
  return static_cast<std::size_t>(
      std::max<std::int64_t>(kWorkInChannel / std::max(each, Work{1}), 1));
}

/// Judged after so much work, or records that fill so many batches. It rises at once to what was
/// seen, and falls by half at most: what is slow now and then stays known, and a pause of the
/// machine is soon forgotten.
class RecordCost {
 public:
  /// Of a record before anything is known: one goes ahead, and says what the next ones cost.
  static constexpr Work kFirst = kWorkInChannel;
  static constexpr Work kJudged = std::chrono::milliseconds{10};
  static constexpr std::size_t kJudgedBatches = 8;

  /// So many records took, and caused, so much work.
  void add(std::size_t records, Work work) {
    records_ += records;
    work_ += work;
    const bool enough = work_ >= kJudged || records_ >= kJudgedBatches * records_at_once(each_);
    if (enough && records_ > 0) {
      const Work seen = work_ / static_cast<std::int64_t>(records_);
      known_ = known_ || seen >= each_ / 2;
      each_ = std::max(seen, each_ / 2);
      records_ = 0;
      work_ = {};
    }
  }
  /// Of one record, as of the last ones that were judged.
  [[nodiscard]] Work each() const { return each_; }
  /// False while each() is still on its way down from kFirst.
  [[nodiscard]] bool known() const { return known_; }

 private:
  Work each_ = kFirst;
  bool known_ = false;
  std::size_t records_ = 0;  // not judged yet
  Work work_{0};
};

}  // namespace rheon::engine
