// What a process says and does when its memory is used up.

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <cstdlib>
#include <list>
#include <memory>
#include <new>
#include <vector>

#include "base/block_memory.h"
#include "base/sanitizers.h"
#include "env/posix.h"

namespace rheon::env {
namespace {

constexpr std::size_t kMiB = std::size_t{1} << 20;

/// For a process of its own, which ends with the test.
void confine(std::size_t bytes) {
  end_when_memory_is_used_up();
  const rlimit limit{bytes, bytes};
  ASSERT_EQ(::setrlimit(RLIMIT_DATA, &limit), 0);
}

class OutOfMemory : public ::testing::Test {
 protected:
  void SetUp() override {
    if (RHEON_SANITIZER) {
      GTEST_SKIP() << "a sanitizer's own memory does not fit in the limit";
    }
  }
};

TEST_F(OutOfMemory, EndsTheProcessWithASentence) {
  EXPECT_EXIT(
      {
        confine(64 * kMiB);
        std::list<std::vector<char>> all;
        for (;;) {
          all.emplace_back(kMiB);
        }
      },
      testing::ExitedWithCode(1), "error: there is no memory left.*run again");
}

TEST_F(OutOfMemory, EndsItAlsoWhenStateNeedsABlock) {
  EXPECT_EXIT(
      {
        confine(64 * kMiB);
        for (;;) {
          static_cast<void>(allocate_block(4 * kMiB));
        }
      },
      testing::ExitedWithCode(1), "error: there is no memory left");
}

TEST_F(OutOfMemory, EndsItWhenAThreadCannotBeStarted) {
  EXPECT_EXIT(
      {
        confine(64 * kMiB);  // a stack has 8
        static_cast<void>(make_posix_env({.io_threads = 64}));
      },
      testing::ExitedWithCode(1), "error: the system gives no further thread.*run again");
}

TEST_F(OutOfMemory, IsNotWhatAnAbsurdLengthMeans) {
  EXPECT_EXIT(
      {
        end_when_memory_is_used_up();
        try {
          static_cast<void>(std::make_unique<std::vector<char>>(std::size_t{1} << 60));
        } catch (const std::bad_alloc&) {
          std::_Exit(7);
        }
      },
      testing::ExitedWithCode(7), "");
}

}  // namespace
}  // namespace rheon::env
