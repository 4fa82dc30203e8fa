#pragma once

#include <atomic>
#include <cstdint>

#include "base/assert.h"

namespace rheon {

/// Which of a consumer's inputs have something for it, and whether it sleeps: one word, so that the
/// two are never seen apart and no wake-up is lost.
///
/// Producers, after pushing:       ready.set(input, [&] { parker.wake(); });
/// The consumer, when it wakes:    ready.unpark(); bits = ready.take();
/// The consumer, out of work:      if (ready.try_park()) { parker.park_until(deadline); ... }
///
/// Why none is lost: set() and try_park() both change the word by read-modify-write, which have one
/// order. If set() comes first, try_park() sees a bit and fails; if try_park() does, set() sees the
/// parked bit and wakes. What a producer wrote before set() is visible after the take() that
/// returns its bit.
///
/// set() from any thread; all else from the consumer.
class ReadyWord {
 public:
  static constexpr unsigned kInputs = 62;

  /// Marks `input` (0 .. kInputs - 1) as ready; calls `wake` when the consumer is parked. While it
  /// stays parked every set() wakes it: a wake-up may be superfluous, never missing.
  template <class Wake>
  void set(unsigned input, Wake&& wake) {
    RHEON_ASSERT(input < kInputs, "an input has a bit in the ready word");
    const std::uint64_t before =
        word_.fetch_or(std::uint64_t{1} << input, std::memory_order_acq_rel);
    if ((before & kParked) != 0) {
      wake();
    }
  }

  /// The bits of all inputs that became ready since the last take(). The consumer is not parked
  /// after it.
  [[nodiscard]] std::uint64_t take() {
    return word_.exchange(0, std::memory_order_acq_rel) & ~kParked;
  }

  /// True: nothing is ready, and whoever makes something ready from now on wakes. False: something
  /// is, take it.
  [[nodiscard]] bool try_park() {
    std::uint64_t nothing = 0;
    return word_.compare_exchange_strong(nothing, kParked, std::memory_order_acq_rel,
                                         std::memory_order_acquire);
  }

  /// After sleeping. Bits that were set meanwhile stay.
  void unpark() { word_.fetch_and(~kParked, std::memory_order_acq_rel); }

 private:
  static constexpr std::uint64_t kParked = std::uint64_t{1} << 63;

  std::atomic<std::uint64_t> word_{0};
};

}  // namespace rheon
