#pragma once

#include <functional>

#include "env/io_pool.h"

namespace rheon::env {

/// A reader's or writer's work on the I/O pool, one piece at a time. The owner may go at any
/// moment: the destructor waits for a piece that is running; one that has not begun is never run.
/// So work may touch its owner's members, if the IoTask is destroyed before them (declare it last).
/// One thread owns it.
class IoTask {
 public:
  /// `waker` may be null; it is not used any more once this object is gone.
  IoTask(IoPool& pool, Waker* waker);
  ~IoTask();
  IoTask(const IoTask&) = delete;
  IoTask& operator=(const IoTask&) = delete;

  /// Not while one is pending.
  void submit(std::function<void()> work);
  /// Submitted and not done: what the work touches is not ours now.
  [[nodiscard]] bool pending() const;
  /// Goes without waiting. What was submitted is still run: it must own all that it touches.
  void abandon();

 private:
  class Core;
  Core* core_;  // lives until the pool has let go of it
};

}  // namespace rheon::env
