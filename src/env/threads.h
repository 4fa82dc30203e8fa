#pragma once

#include <functional>
#include <memory>
#include <string>

#include "env/clock.h"
#include "env/io_pool.h"

namespace rheon::env {

/// Parks the thread that owns it until somebody wakes it or the deadline has passed.
class Parker : public Waker {
 public:
  /// Returns at once when wake() was called since the last park_until() returned. One thread only.
  virtual void park_until(Monotonic deadline) = 0;
};

/// A running thread; the destructor joins it.
class Thread {
 public:
  virtual ~Thread() = default;
};

class Threads {
 public:
  virtual ~Threads() = default;
  /// `name`: at most 15 characters, shown by the system's tools.
  [[nodiscard]] virtual std::unique_ptr<Thread> start(const std::string& name,
                                                      std::function<void()> body) = 0;
  [[nodiscard]] virtual std::unique_ptr<Parker> make_parker() = 0;
};

}  // namespace rheon::env
