#include "env/system_error.h"

#include <gtest/gtest.h>

#include <cerrno>

namespace rheon::env {
namespace {

TEST(SystemError, SaysWhatCouldNotBeDoneAndWhy) {
  const Error error = system_error("open", "a.txt", ENOENT);
  EXPECT_EQ(error.code, ErrorCode::kNotFound);
  EXPECT_EQ(error.message, "cannot open 'a.txt': No such file or directory");
}

TEST(SystemError, SaysWhatToDoAboutAReadOnlyDisk) {
  EXPECT_EQ(system_error("make the directory", "d", EROFS).message,
            "cannot make the directory 'd': Read-only file system: make it writable, or use "
            "another directory");
}

}  // namespace
}  // namespace rheon::env
