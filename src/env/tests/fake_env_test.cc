#include "env/fake/fake_env.h"

#include <gtest/gtest.h>

#include <array>
#include <string>

#include "base/bytes.h"

namespace rheon::env::fake {
namespace {

using std::chrono::microseconds;
using std::chrono::nanoseconds;

TEST(FakeClock, MovesOnlyWhenTold) {
  FakeClock clock;
  const EventTime wall = clock.wall();
  const Monotonic start = clock.monotonic();
  EXPECT_EQ(clock.monotonic(), start);
  for (int i = 0; i < 4; ++i) {
    clock.advance(nanoseconds{500});
  }
  EXPECT_EQ(clock.monotonic() - start, nanoseconds{2000});
  EXPECT_EQ(clock.wall(), wall + microseconds{2});
  clock.set_wall(EventTime{5});
  EXPECT_EQ(clock.wall(), EventTime{5});
  EXPECT_EQ(clock.monotonic() - start, nanoseconds{2000});
}

TEST(FakeRandom, RepeatsForTheSameSeed) {
  FakeEnv one(3);
  FakeEnv same(3);
  FakeEnv other(4);
  const auto number = one.random().next();
  EXPECT_EQ(number, same.random().next());
  EXPECT_NE(number, other.random().next());
}

TEST(FakeIoPool, RunsWhatIsPickedAndWakesTheOwner) {
  FakeIoPool pool;
  FakeParker parker;
  Completion first(&parker);
  Completion second;
  std::string order;
  pool.submit([&] { order += '1'; }, first);
  pool.submit([&] { order += '2'; }, second);
  EXPECT_EQ(pool.pending(), 2u);
  EXPECT_TRUE(pool.run_one(3));
  EXPECT_TRUE(second.done());
  EXPECT_TRUE(first.pending());
  EXPECT_FALSE(parker.woken());
  pool.run_all();
  EXPECT_TRUE(first.done());
  EXPECT_TRUE(parker.woken());
  EXPECT_EQ(order, "21");
  EXPECT_FALSE(pool.run_one(0));
  parker.park_until(Monotonic{9});
  EXPECT_FALSE(parker.woken());
  EXPECT_EQ(parker.deadline(), Monotonic{9});
}

TEST(FakeIoPool, ACrashGoesThroughAndDropsTheRest) {
  FakeEnv env;
  Completion completion;
  Completion other;
  env.files().crash_after(0);
  env.io().submit([&] { static_cast<void>(env.files().open("a", OpenMode::kCreate)); }, completion);
  env.io().submit([] {}, other);
  EXPECT_THROW(env.io().run_one(0), Crash);
  EXPECT_FALSE(completion.done());
  env.restart();
  EXPECT_EQ(env.io().pending(), 0u);
  EXPECT_EQ(env.files().info("a").error().code, ErrorCode::kNotFound);
}

TEST(FakeThreadsDeathTest, NobodyStartsAThread) {
  FakeThreads threads;
  EXPECT_DEATH(threads.start("name", [] {}), "nothing starts a thread");
}

TEST(FakeProcess, TakesInputAndKeepsOutput) {
  FakeProcess process;
  process.set_input("hello");
  std::array<std::byte, 3> buffer{};
  EXPECT_EQ(*process.read_input(buffer), 3u);
  EXPECT_EQ(*process.read_input(buffer), 2u);
  EXPECT_EQ(*process.read_input(buffer), 0u);
  EXPECT_TRUE(process.write(Stream::kOut, as_bytes("out")));
  EXPECT_TRUE(process.write(Stream::kError, as_bytes("err")));
  EXPECT_EQ(process.output() + process.errors(), "outerr");
  process.request_stop();
  EXPECT_FALSE(process.stop_requested());
  process.watch_stop();
  EXPECT_TRUE(process.stop_requested());
}

TEST(FakeSockets, AskCallsTheServer) {
  FakeSockets sockets;
  const auto ask = [&] { return sockets.ask("s", "x", std::chrono::milliseconds{1}); };
  EXPECT_EQ(ask().error().code, ErrorCode::kNotFound);
  auto server = sockets.serve("s", [](const std::string& text) { return text + "!"; });
  EXPECT_EQ(*ask(), "x!");
  EXPECT_EQ(sockets.serve("s", nullptr).error().code, ErrorCode::kRefused);
  server->reset();
  EXPECT_EQ(ask().error().code, ErrorCode::kNotFound);
  EXPECT_TRUE(sockets.serve("s", nullptr));
}

}  // namespace
}  // namespace rheon::env::fake
