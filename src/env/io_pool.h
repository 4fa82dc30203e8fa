#pragma once

// Submit -> completion, for whatever may block. A shard hands over a piece of work and looks at its
// completion in a later step; it never waits.

#include <atomic>
#include <functional>

namespace rheon::env {

/// Wakes a parked thread. wake() may be called from any thread, at any time, also spuriously.
class Waker {
 public:
  virtual ~Waker() = default;
  virtual void wake() = 0;
};

/// Says when a submitted piece of work has run. Owned by the submitter, who keeps it alive until
/// done() or until the pool is gone; may be used again after done(). The waker is destroyed after
/// all completions that name it.
class Completion {
 public:
  explicit Completion(Waker* waker = nullptr) : waker_(waker) {}
  /// Waits for a wake() that is under way: done() may be seen before it returns.
  ~Completion();
  Completion(const Completion&) = delete;
  Completion& operator=(const Completion&) = delete;

  [[nodiscard]] bool pending() const { return state_.load(std::memory_order_acquire) == kPending; }
  /// True from when the work has run until the next submission. What the work wrote is visible.
  [[nodiscard]] bool done() const { return state_.load(std::memory_order_acquire) == kDone; }
  /// Makes a finished completion idle again, so that done() answers false.
  void reset() { state_.store(kIdle, std::memory_order_relaxed); }

  // For pools:
  void mark_pending() { state_.store(kPending, std::memory_order_relaxed); }
  void mark_done() {
    if (waker_ == nullptr) {
      state_.store(kDone, std::memory_order_release);  // then the owner may destroy this object
      return;
    }
    waking_.fetch_add(1, std::memory_order_relaxed);
    state_.store(kDone, std::memory_order_release);
    waker_->wake();
    waking_.fetch_sub(1, std::memory_order_release);
  }

 private:
  enum State { kIdle, kPending, kDone };
  std::atomic<State> state_{kIdle};
  std::atomic<unsigned> waking_{0};  // calls of wake() under way; more than one after quick reuse
  Waker* waker_;
};

class IoPool {
 public:
  virtual ~IoPool() = default;
  /// Runs `work` on an I/O thread, then marks `completion` done. Work submitted with different
  /// completions may run in any order and at the same time.
  virtual void submit(std::function<void()> work, Completion& completion) = 0;
};

}  // namespace rheon::env
