// A data directory is asked for while others take it and leave it.

#include "run/data_directory.h"

#include <gtest/gtest.h>

#include <chrono>
#include <deque>
#include <string>
#include <utility>

#include "env/fake/fake_env.h"
#include "log/files/format.h"

namespace rheon::run {
namespace {

/// Answers one look after the other as the test has said, then: nobody holds it. A look takes 20
/// ms.
class WatchedDisk final : public env::fake::FakeDisk {
 public:
  explicit WatchedDisk(env::fake::FakeClock& clock) : FakeDisk(1), clock_(clock) {}
  Result<bool> is_locked(const std::string& /*path*/) override {
    ++looks;
    clock_.advance(std::chrono::milliseconds{20});
    if (held.empty()) {
      return false;
    }
    const bool answer = held.front();
    held.pop_front();
    return answer;
  }

  std::deque<bool> held;
  int looks = 0;

 private:
  env::fake::FakeClock& clock_;
};

class WatchedMachine final : public env::Env {
 public:
  env::Clock& clock() override { return machine_.clock(); }
  env::Random& random() override { return machine_.random(); }
  WatchedDisk& files() override { return disk_; }
  env::IoPool& io() override { return machine_.io(); }
  env::Threads& threads() override { return machine_.threads(); }
  env::Process& process() override { return machine_.process(); }
  env::LocalSockets& sockets() override { return machine_.sockets(); }
  env::Network& network() override { return machine_.network(); }

 private:
  env::fake::FakeEnv machine_;
  WatchedDisk disk_{machine_.clock()};
};

class DataDirectory : public ::testing::Test {
 protected:
  DataDirectory() {
    EXPECT_TRUE(machine_.files().make_directories("d"));
    const std::string identity = env::join("d", log::files::kIdentityFile);
    EXPECT_TRUE(machine_.files().open(identity, env::OpenMode::kCreate));
  }

  bool is_held_after(std::deque<bool> looks) {
    machine_.files().held = std::move(looks);
    return wait_while_held_silently(machine_, "d");
  }

  WatchedMachine machine_;
};

TEST_F(DataDirectory, that_nobody_holds_is_free_at_the_first_look) {
  EXPECT_FALSE(is_held_after({}));
  EXPECT_EQ(machine_.files().looks, 1);
}

TEST_F(DataDirectory, that_a_command_takes_right_after_the_look_is_free_all_the_same) {
  EXPECT_FALSE(is_held_after({false, true}));
}

TEST_F(DataDirectory, is_waited_for_until_it_is_left) {
  EXPECT_FALSE(is_held_after({true, true, false, true}));
  EXPECT_EQ(machine_.files().looks, 3);
}

TEST_F(DataDirectory, that_is_never_left_is_held) {
  EXPECT_TRUE(is_held_after(std::deque<bool>(10'000, true)));
  EXPECT_LE(machine_.files().looks, 102);
}

}  // namespace
}  // namespace rheon::run
