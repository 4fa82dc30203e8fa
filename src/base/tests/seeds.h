#pragma once

// Seeds of a randomised test. A failure names the seed and the command that repeats it:
//
//   for (const std::uint64_t seed : testing::seeds(100)) {
//     SCOPED_TRACE(testing::repeat(seed));
//     ...
//   }

#include <gtest/gtest.h>

#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

namespace rheon::testing {

/// 1 to `count`; RHEON_SEED=n in the environment: only n; RHEON_SEEDS=n: 1 to n.
[[nodiscard]] inline std::vector<std::uint64_t> seeds(std::uint64_t count) {
  if (const char* one = std::getenv("RHEON_SEED"); one != nullptr) {
    return {std::strtoull(one, nullptr, 10)};
  }
  if (const char* many = std::getenv("RHEON_SEEDS"); many != nullptr) {
    count = std::strtoull(many, nullptr, 10);
  }
  std::vector<std::uint64_t> result;
  for (std::uint64_t seed = 1; seed <= count; ++seed) {
    result.push_back(seed);
  }
  return result;
}

/// The sentence that a failure of the running test shows.
[[nodiscard]] inline std::string repeat(std::uint64_t seed) {
  const ::testing::TestInfo* test = ::testing::UnitTest::GetInstance()->current_test_info();
  std::string room(program_invocation_short_name);  // rheon_ROOM_test
  if (room.starts_with("rheon_") && room.ends_with("_test")) {
    room = room.substr(6, room.size() - 6 - 5);
  }
  return "seed " + std::to_string(seed) + "; repeat: RHEON_SEED=" + std::to_string(seed) +
         " ./dev test " + room + " --filter '" + test->test_suite_name() + "." + test->name() + "'";
}

}  // namespace rheon::testing
