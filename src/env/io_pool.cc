#include "env/io_pool.h"

#include <thread>

namespace rheon::env {

Completion::~Completion() {
  while (waking_.load(std::memory_order_acquire) != 0) {
    std::this_thread::yield();
  }
}

}  // namespace rheon::env
