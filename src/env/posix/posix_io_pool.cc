#include "env/posix/posix_io_pool.h"

#include <pthread.h>

#include <algorithm>
#include <utility>

#include "base/assert.h"
#include "env/posix/out_of_memory.h"

namespace rheon::env::posix {

PosixIoPool::PosixIoPool(unsigned threads) {
  for (unsigned i = 0; i < std::max(1u, threads); ++i) {
    threads_.push_back(start_thread([this] { serve(); }));
  }
}

PosixIoPool::~PosixIoPool() {
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
  }
  changed_.notify_all();
  for (std::thread& thread : threads_) {
    thread.join();
  }
}

void PosixIoPool::submit(std::function<void()> work, Completion& completion) {
  RHEON_ASSERT(!completion.pending(), "a completion is for one piece of work at a time");
  completion.mark_pending();
  {
    const std::lock_guard lock(mutex_);
    queue_.push_back({std::move(work), &completion});
  }
  changed_.notify_one();
}

void PosixIoPool::serve() {
  ::pthread_setname_np(::pthread_self(), "rheon-io");
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return closing_ || !queue_.empty(); });
    if (queue_.empty()) {
      return;
    }
    Item item = std::move(queue_.front());
    queue_.pop_front();
    lock.unlock();
    item.work();
    item.work = nullptr;  // what it holds goes before the owner hears that it is done
    item.completion->mark_done();
    lock.lock();
  }
}

}  // namespace rheon::env::posix
