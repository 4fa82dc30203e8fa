#include "env/posix/posix_threads.h"

#include <linux/futex.h>
#include <pthread.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <ctime>
#include <thread>
#include <utility>

#include "env/posix/out_of_memory.h"

namespace rheon::env::posix {
namespace {

class JoiningThread : public Thread {
 public:
  JoiningThread(const std::string& name, std::function<void()> body)
      : thread_(start_thread([short_name = name.substr(0, 15), run = std::move(body)] {
          ::pthread_setname_np(::pthread_self(), short_name.c_str());
          run();
        })) {}
  ~JoiningThread() override { thread_.join(); }

 private:
  std::thread thread_;
};

/// One word: the owner sleeps on it with the kernel's futex only while it is kParked, and wake()
/// enters the kernel only when it finds it so.
class FutexParker : public Parker {
 public:
  void wake() override {
    if (word_.exchange(kWoken, std::memory_order_acq_rel) == kParked) {
      ::syscall(SYS_futex, &word_, FUTEX_WAKE_PRIVATE, 1, nullptr, nullptr, 0);
    }
  }

  void park_until(Monotonic deadline) override {
    std::uint32_t seen = kRunning;
    const bool parked = word_.compare_exchange_strong(seen, kParked, std::memory_order_acq_rel);
    while (parked && word_.load(std::memory_order_acquire) == kParked && sleep(deadline)) {
    }
    word_.exchange(kRunning, std::memory_order_acq_rel);
  }

 private:
  enum : std::uint32_t { kRunning, kParked, kWoken };
  static_assert(sizeof(std::atomic<std::uint32_t>) == sizeof(std::uint32_t));

  /// False when the deadline has passed. std::chrono::steady_clock is CLOCK_MONOTONIC here, which
  /// is the clock of FUTEX_WAIT_BITSET.
  bool sleep(Monotonic deadline) {
    if (deadline <= Monotonic::zero()) {
      return false;
    }
    const auto seconds = std::chrono::floor<std::chrono::seconds>(deadline);
    const timespec until{static_cast<std::time_t>(seconds.count()),
                         static_cast<long>((deadline - seconds).count())};
    const timespec* timeout = deadline == Monotonic::max() ? nullptr : &until;
    const long answer = ::syscall(SYS_futex, &word_, FUTEX_WAIT_BITSET_PRIVATE,
                                  std::uint32_t{kParked}, timeout, nullptr, FUTEX_BITSET_MATCH_ANY);
    return answer == 0 || errno != ETIMEDOUT;
  }

  std::atomic<std::uint32_t> word_{kRunning};
};

}  // namespace

std::unique_ptr<Thread> PosixThreads::start(const std::string& name, std::function<void()> body) {
  return std::make_unique<JoiningThread>(name, std::move(body));
}

std::unique_ptr<Parker> PosixThreads::make_parker() { return std::make_unique<FutexParker>(); }

}  // namespace rheon::env::posix
