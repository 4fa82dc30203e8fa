#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

#include "base/assert.h"
#include "env/io_pool.h"

namespace rheon::env::fake {

/// Submitted work waits until the test's loop lets it run, in any order.
class FakeIoPool : public IoPool {
 public:
  void submit(std::function<void()> work, Completion& completion) override {
    RHEON_ASSERT(!completion.pending(), "a completion is for one piece of work at a time");
    completion.mark_pending();
    queue_.push_back({std::move(work), &completion});
  }

  [[nodiscard]] std::size_t pending() const { return queue_.size(); }

  /// Runs one of the waiting pieces; which one, `pick` says (taken modulo their number). False when
  /// none waits. What the work throws (Crash) goes through; its completion is then never done.
  bool run_one(std::uint64_t pick) {
    if (queue_.empty()) {
      return false;
    }
    const auto place = queue_.begin() + static_cast<std::ptrdiff_t>(pick % queue_.size());
    Item item = std::move(*place);
    queue_.erase(place);
    item.work();
    item.work = nullptr;
    item.completion->mark_done();
    return true;
  }
  /// Oldest first, until none waits.
  void run_all() {
    while (run_one(0)) {
    }
  }
  /// The process died: what waits never runs. Completions are not touched.
  void drop_all() { queue_.clear(); }

 private:
  struct Item {
    std::function<void()> work;
    Completion* completion;
  };

  std::vector<Item> queue_;  // oldest first
};

}  // namespace rheon::env::fake
