#pragma once

#include "base/assert.h"
#include "env/threads.h"

namespace rheon::env::fake {

/// Never sleeps: the loop that drives the simulation looks at woken() and at deadlines itself.
class FakeParker : public Parker {
 public:
  void wake() override { woken_ = true; }
  void park_until(Monotonic deadline) override {
    woken_ = false;
    deadline_ = deadline;
  }

  /// True when wake() was called since the last park_until().
  [[nodiscard]] bool woken() const { return woken_; }
  /// Of the last park_until().
  [[nodiscard]] Monotonic deadline() const { return deadline_; }

 private:
  bool woken_ = false;
  Monotonic deadline_ = Monotonic::min();
};

/// In a simulation one loop drives step functions: nothing may start a thread.
class FakeThreads : public Threads {
 public:
  std::unique_ptr<Thread> start(const std::string& /*name*/,
                                std::function<void()> /*body*/) override {
    RHEON_ASSERT(false, "nothing starts a thread in a simulation");
    return nullptr;
  }
  std::unique_ptr<Parker> make_parker() override { return std::make_unique<FakeParker>(); }
};

}  // namespace rheon::env::fake
