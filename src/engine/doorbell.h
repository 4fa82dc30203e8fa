#pragma once

// How one thread tells another that there is something to do: a word that says "rung" or "parked",
// changed by read-modify-write only, so that no wake-up is lost and a thread that is busy is never
// woken. ring() by anybody; park_until() by the owner.

#include <atomic>

#include "env/threads.h"

namespace rheon::engine {

class Doorbell final : public env::Waker {
 public:
  explicit Doorbell(env::Parker& parker) : parker_(parker) {}

  void ring() {
    if (state_.exchange(kRung, std::memory_order_acq_rel) == kParked) {
      parker_.wake();
    }
  }
  void wake() override { ring(); }

  /// Somebody has rung since clear(): park_until() would return at once.
  [[nodiscard]] bool rung() const { return state_.load(std::memory_order_acquire) == kRung; }

  /// Forgets earlier rings: the owner is about to look at everything.
  void clear() { state_.exchange(kQuiet, std::memory_order_acq_rel); }

  /// Parks unless somebody has rung since clear().
  void park_until(env::Monotonic deadline) {
    int expected = kQuiet;
    if (!state_.compare_exchange_strong(expected, kParked, std::memory_order_acq_rel)) {
      return;
    }
    parker_.park_until(deadline);
    state_.exchange(kQuiet, std::memory_order_acq_rel);
  }

 private:
  enum State { kQuiet, kRung, kParked };
  std::atomic<int> state_{kQuiet};
  env::Parker& parker_;
};

}  // namespace rheon::engine
