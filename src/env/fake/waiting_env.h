#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <memory>

#include "env/fake/fake_env.h"

namespace rheon::env::fake {

/// Threads whose waits take their time on the machine's clock, a millisecond at least: for code
/// that blocks until something has come. As long as time may pass, that is.
class WaitingThreads final : public FakeThreads {
 public:
  explicit WaitingThreads(FakeClock& clock) : clock_(clock) {}
  std::unique_ptr<Parker> make_parker() override { return std::make_unique<Waits>(*this); }
  void let_time_pass(bool passes) { passes_ = passes; }

 private:
  class Waits final : public FakeParker {
   public:
    explicit Waits(const WaitingThreads& threads) : threads_(threads) {}
    void park_until(Monotonic deadline) override {
      FakeClock& clock = threads_.clock_;
      const Monotonic least = clock.monotonic() + std::chrono::milliseconds{1};
      if (threads_.passes_) {
        clock.advance((woken() ? least : std::max(deadline, least)) - clock.monotonic());
      }
      FakeParker::park_until(deadline);
    }

   private:
    const WaitingThreads& threads_;
  };
  FakeClock& clock_;
  bool passes_ = true;
};

class WaitingEnv final : public FakeEnv {
 public:
  explicit WaitingEnv(std::uint64_t seed = 1) : FakeEnv(seed) {}
  WaitingThreads& threads() override { return threads_; }

 private:
  WaitingThreads threads_{clock()};
};

}  // namespace rheon::env::fake
