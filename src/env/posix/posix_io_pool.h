#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "env/io_pool.h"

namespace rheon::env::posix {

/// A fixed number of threads over one queue. submit() holds a mutex for a few instructions and
/// never waits for work. The destructor runs what is queued, then joins.
class PosixIoPool : public IoPool {
 public:
  explicit PosixIoPool(unsigned threads);
  ~PosixIoPool() override;

  void submit(std::function<void()> work, Completion& completion) override;

 private:
  struct Item {
    std::function<void()> work;
    Completion* completion;
  };

  void serve();

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Item> queue_;  // under mutex_
  bool closing_ = false;    // under mutex_
  std::vector<std::thread> threads_;
};

}  // namespace rheon::env::posix
