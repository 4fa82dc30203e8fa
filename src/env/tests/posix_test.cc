// Clock, threads, I/O pool, sockets and process of the real machine.

#include "env/posix.h"

#include <gtest/gtest.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <set>
#include <string>
#include <thread>

#include "base/bytes.h"
#include "base/sanitizers.h"

namespace rheon::env {
namespace {

using std::chrono::milliseconds;

class Posix : public ::testing::Test {
 protected:
  Posix() {
    std::string name = (std::filesystem::temp_directory_path() / "rheon_posix_XXXXXX").string();
    directory_ = ::mkdtemp(name.data());
  }
  ~Posix() override { std::filesystem::remove_all(directory_); }

  std::string path(std::string_view name) const { return join(directory_, name); }
  void wait_for(const Completion& completion) {
    const auto parker = env_->threads().make_parker();
    while (!completion.done()) {
      parker->park_until(env_->clock().monotonic() + milliseconds{1});
    }
  }

  std::string directory_;
  std::unique_ptr<Env> env_ = make_posix_env();
};

TEST_F(Posix, ClocksRun) {
  EXPECT_GT(env_->clock().wall(), EventTime{1'600'000'000'000'000});
  const auto before = env_->clock().monotonic();
  EXPECT_GE(env_->clock().monotonic(), before);
}

TEST_F(Posix, RandomNumbersDiffer) {
  std::set<std::uint64_t> seen;
  for (int i = 0; i < 1000; ++i) {
    seen.insert(env_->random().next());
  }
  EXPECT_EQ(seen.size(), 1000u);
}

TEST_F(Posix, ThreadsRunUnderTheirNameAndAreJoined) {
  std::string name;
  {
    const auto thread = env_->threads().start("rheon-shard-with-a-long-name", [&] {
      name.resize(16);
      ::pthread_getname_np(::pthread_self(), name.data(), name.size());
    });
  }
  EXPECT_STREQ(name.c_str(), "rheon-shard-wit");
}

TEST_F(Posix, ParkReturnsAtTheDeadline) {
  const auto parker = env_->threads().make_parker();
  const auto deadline = env_->clock().monotonic() + milliseconds{20};
  parker->park_until(deadline);
  EXPECT_GE(env_->clock().monotonic(), deadline);
  parker->park_until(Monotonic::zero());
  parker->park_until(Monotonic::min());
}

TEST_F(Posix, AWakeBeforeParkingIsNotLostAndCountsOnce) {
  const auto parker = env_->threads().make_parker();
  parker->wake();
  parker->wake();
  parker->park_until(Monotonic::max());
  const auto deadline = env_->clock().monotonic() + milliseconds{10};
  parker->park_until(deadline);
  EXPECT_GE(env_->clock().monotonic(), deadline);
}

TEST_F(Posix, TwoThreadsWakeEachOtherWithoutDeadline) {
  constexpr int kRounds = 20'000;
  const auto here = env_->threads().make_parker();
  const auto there = env_->threads().make_parker();
  std::atomic<int> ball{0};
  const auto play = [&](Parker& mine, Parker& other, int parity) {
    for (int round = parity; round < kRounds; round += 2) {
      while (ball.load(std::memory_order_acquire) != round) {
        mine.park_until(Monotonic::max());
      }
      ball.store(round + 1, std::memory_order_release);
      other.wake();
    }
  };
  const auto thread = env_->threads().start("player", [&] { play(*there, *here, 1); });
  play(*here, *there, 0);
}

TEST_F(Posix, PoolRunsWorkAndWakesTheOwner) {
  const auto parker = env_->threads().make_parker();
  Completion completion(parker.get());
  int result = 0;
  env_->io().submit([&] { result = 42; }, completion);
  while (!completion.done()) {
    parker->park_until(Monotonic::max());
  }
  EXPECT_EQ(result, 42);
  completion.reset();
  EXPECT_FALSE(completion.done());
  env_->io().submit([&] { result = 43; }, completion);
  wait_for(completion);
  EXPECT_EQ(result, 43);
}

TEST_F(Posix, PoolRunsWhatIsQueuedBeforeItGoes) {
  std::atomic<int> ran{0};
  std::array<Completion, 100> completions;
  auto env = make_posix_env(PosixOptions{.io_threads = 1});
  for (auto& completion : completions) {
    env->io().submit([&] { ++ran; }, completion);
  }
  env.reset();
  EXPECT_EQ(ran, 100);
}

TEST_F(Posix, AskGetsTheServersAnswer) {
  auto server =
      env_->sockets().serve(path("s"), [](const std::string& text) { return "<" + text + ">"; });
  ASSERT_TRUE(server) << server.error().message;
  for (int i = 0; i < 10; ++i) {
    auto answer = env_->sockets().ask(path("s"), std::to_string(i), milliseconds{2000});
    ASSERT_TRUE(answer) << answer.error().message;
    EXPECT_EQ(*answer, "<" + std::to_string(i) + ">");
  }
  const std::string large(64 * 1024, 'x');
  EXPECT_EQ(env_->sockets().ask(path("s"), large, milliseconds{2000})->size(), large.size() + 2);
  EXPECT_EQ(env_->sockets().ask(path("s"), large + "x", milliseconds{2000}).error().code,
            ErrorCode::kInvalidInput);
}

TEST_F(Posix, SocketsAreForTheirOwnerOnly) {
  auto server = env_->sockets().serve(path("s"), [](const std::string& text) { return text; });
  ASSERT_TRUE(server);
  struct stat status{};
  ASSERT_EQ(::stat(path("s").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
  server->reset();
  EXPECT_NE(::stat(path("s").c_str(), &status), 0);
}

TEST_F(Posix, SocketsWorkAtLongPaths) {
  const std::string deep = join(path(std::string(120, 'd')), std::string(90, 'e'));
  ASSERT_TRUE(env_->files().make_directories(deep));
  auto server =
      env_->sockets().serve(join(deep, "s"), [](const std::string& text) { return text; });
  ASSERT_TRUE(server) << server.error().message;
  EXPECT_EQ(*env_->sockets().ask(join(deep, "s"), "hello", milliseconds{2000}), "hello");
  EXPECT_EQ(env_->sockets().ask(join(deep, "t"), "x", milliseconds{100}).error().code,
            ErrorCode::kNotFound);
}

TEST_F(Posix, NobodyListens) {
  const auto ask = [&] { return env_->sockets().ask(path("s"), "x", milliseconds{100}); };
  EXPECT_EQ(ask().error().code, ErrorCode::kNotFound);
  {  // a socket whose process died
    const int fd = ::socket(AF_UNIX, SOCK_STREAM, 0);
    sockaddr_un name{};
    name.sun_family = AF_UNIX;
    path("s").copy(name.sun_path, sizeof(name.sun_path) - 1);
    ASSERT_EQ(::bind(fd, reinterpret_cast<sockaddr*>(&name), sizeof(name)), 0);
    ::close(fd);
  }
  EXPECT_EQ(ask().error().code, ErrorCode::kNotFound);
  EXPECT_TRUE(env_->sockets().serve(path("s"), [](const std::string& text) { return text; }));
}

TEST_F(Posix, ASocketOfAnotherUserSaysWhoMayAsk) {
  const int fd = ::socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  path("s").copy(name.sun_path, sizeof(name.sun_path) - 1);
  ASSERT_EQ(::bind(fd, reinterpret_cast<sockaddr*>(&name), sizeof(name)), 0);
  ASSERT_EQ(::chmod(path("s").c_str(), 0), 0);
  EXPECT_EXIT(
      {
        constexpr uid_t kNobody = 65534;
        if (::geteuid() == 0 && ::setuid(kNobody) != 0) {  // root has every permission
          std::_Exit(2);
        }
        const auto answer = env_->sockets().ask(path("s"), "x", milliseconds{100});
        std::fputs(answer.error().message.c_str(), stderr);
        std::_Exit(answer.error().code == ErrorCode::kRefused ? 0 : 1);
      },
      ::testing::ExitedWithCode(0), "this user may not talk to the job at .*ask as the one who");
  ::close(fd);
}

TEST_F(Posix, ASecondServerAndAForeignFileAreRefused) {
  const auto echo = [](const std::string& text) { return text; };
  auto first = env_->sockets().serve(path("s"), echo);
  ASSERT_TRUE(first);
  EXPECT_EQ(env_->sockets().serve(path("s"), echo).error().code, ErrorCode::kRefused);
  ASSERT_TRUE(replace_whole(env_->files(), path("f"), "text"));
  EXPECT_EQ(env_->sockets().serve(path("f"), echo).error().code, ErrorCode::kRefused);
  EXPECT_EQ(*read_whole(env_->files(), path("f")), "text");
}

TEST_F(Posix, AskGivesUpAtItsTimeout) {
  std::atomic<bool> answer_now{false};
  const auto parker = env_->threads().make_parker();
  auto server = env_->sockets().serve(path("s"), [&](const std::string& text) {
    while (!answer_now) {
      parker->park_until(env_->clock().monotonic() + milliseconds{5});
    }
    return text;
  });
  ASSERT_TRUE(server);
  EXPECT_EQ(env_->sockets().ask(path("s"), "x", milliseconds{50}).error().code, ErrorCode::kIo);
  answer_now = true;
}

TEST_F(Posix, FactsAboutTheProcess) {
  EXPECT_EQ(env_->process().id(), static_cast<std::uint32_t>(::getpid()));
  EXPECT_GE(env_->process().cores(), 1u);
  const Usage usage = env_->process().usage();
  EXPECT_GT(usage.resident_bytes, 1u << 20);
  EXPECT_GT(usage.cpu.count(), 0);
}

TEST_F(Posix, AStopIsSeenOnceAndASecondOneHalfASecondLaterEndsTheProcess) {
  env_->process().watch_stop();
  EXPECT_FALSE(env_->process().stop_requested());
  std::raise(SIGTERM);
  EXPECT_TRUE(env_->process().stop_requested());
  std::array<std::byte, 1> buffer{};
  EXPECT_EQ(*env_->process().read_input(buffer), 0u);
  std::raise(SIGTERM);  // the same again, from a parent that passes it on
  std::raise(SIGINT);
#if !RHEON_THREAD_SANITIZER  // which lets a handler run only when a raise() has returned
  const auto stop_again = [] {
    std::this_thread::sleep_for(milliseconds{600});
    std::raise(SIGTERM);
  };
  EXPECT_EXIT(stop_again(), ::testing::KilledBySignal(SIGTERM), "");
#endif
  std::signal(SIGINT, SIG_DFL);
  std::signal(SIGTERM, SIG_DFL);
}

TEST_F(Posix, ItsEndLetsABlockedReadOfTheInputReturn) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe(ends.data()), 0);
  const int saved = ::dup(STDIN_FILENO);
  ::dup2(ends[0], STDIN_FILENO);
  std::array<std::byte, 4> buffer{};
  Result<std::size_t> got{std::size_t{7}};
  Completion completion;
  Process& process = env_->process();  // env_ itself changes while the work runs
  env_->io().submit([&] { got = process.read_input(buffer); }, completion);
  const auto parker = env_->threads().make_parker();
  parker->park_until(env_->clock().monotonic() + milliseconds{20});
  EXPECT_TRUE(completion.pending());
  env_.reset();
  EXPECT_EQ(*got, 0u);
  ::dup2(saved, STDIN_FILENO);
  for (const int fd : {saved, ends[0], ends[1]}) {
    ::close(fd);
  }
}

TEST_F(Posix, WritingToAClosedPipeIsAnError) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe(ends.data()), 0);
  ::close(ends[0]);
  const int saved = ::dup(STDERR_FILENO);
  ::dup2(ends[1], STDERR_FILENO);
  const Status status = env_->process().write(Stream::kError, as_bytes("x"));
  ::dup2(saved, STDERR_FILENO);
  ::close(saved);
  ::close(ends[1]);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, ErrorCode::kClosed);
}

}  // namespace
}  // namespace rheon::env
