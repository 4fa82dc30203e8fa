#include "env/posix/out_of_memory.h"

#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <new>
#include <string_view>
#include <system_error>
#include <utility>

#include "env/posix.h"

namespace rheon::env {
namespace {

// While this much can still be had, what was asked for was absurd, e.g. a length that user code has
// read from a damaged record: that is an exception like any other.
constexpr std::size_t kEnoughBytes = std::size_t{1} << 30;

constexpr std::string_view kNoMemory =
    "error: there is no memory left: an allocation has failed. Everything up to the last commit is "
    "safe: give the job more memory and run again to go on from there.\n";
constexpr std::string_view kNoThread =
    "error: the system gives no further thread: its memory or its number of threads is used up. "
    "Everything up to the last commit is safe: raise the limit and run again to go on from "
    "there.\n";

std::atomic<bool> ending{false};

/// Allocates nothing, and runs no destructor: other threads are at work.
[[noreturn]] void end_process(std::string_view sentence) {
  if (ending.exchange(true)) {
    for (;;) {
      ::pause();  // another thread is saying it
    }
  }
  static_cast<void>(!::write(STDERR_FILENO, sentence.data(), sentence.size()));
  ::_exit(1);
}

[[nodiscard]] bool much_is_left() {
  void* const probe =
      ::mmap(nullptr, kEnoughBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (probe == MAP_FAILED) {
    return false;
  }
  ::munmap(probe, kEnoughBytes);
  return true;
}

void on_failed_allocation() {
  if (much_is_left()) {
    throw std::bad_alloc();
  }
  end_process(kNoMemory);
}

}  // namespace

void end_when_memory_is_used_up() { std::set_new_handler(on_failed_allocation); }

namespace posix {

std::thread start_thread(std::function<void()> body) {
  try {
    return std::thread(std::move(body));
  } catch (const std::system_error&) {
    if (std::get_new_handler() == on_failed_allocation) {
      end_process(kNoThread);
    }
    throw;
  }
}

}  // namespace posix
}  // namespace rheon::env
