#include "env/posix/posix_clock.h"

#include <sys/random.h>

#include <array>
#include <chrono>

#include "base/assert.h"
#include "env/posix/descriptor.h"

namespace rheon::env::posix {

EventTime PosixClock::wall() {
  const auto since_1970 = std::chrono::system_clock::now().time_since_epoch();
  return EventTime{std::chrono::duration_cast<std::chrono::microseconds>(since_1970).count()};
}

Monotonic PosixClock::monotonic() { return std::chrono::steady_clock::now().time_since_epoch(); }

std::uint64_t PosixRandom::next() {
  // getrandom() gives up to 256 bytes in one piece, whatever signals come.
  thread_local std::array<std::uint64_t, 32> block{};
  thread_local std::size_t used = block.size();
  if (used == block.size()) {
    const auto got = retry([] { return ::getrandom(block.data(), sizeof(block), 0); });
    RHEON_ASSERT(got == static_cast<ssize_t>(sizeof(block)), "the system gives random numbers");
    used = 0;
  }
  return block[used++];
}

}  // namespace rheon::env::posix
