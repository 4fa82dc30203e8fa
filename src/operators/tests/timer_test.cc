// Bursts of timers: in order, before the records behind them, and never in the way of a commit.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "api/parameters.h"
#include "connect/files/csv.h"
#include "connect/memory/values.h"
#include "operators/operator.h"
#include "testing/topology.h"

namespace rheon {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::Topology;

constexpr EventTime kStart{1'704'067'200'000'000};

std::uint64_t spins = 0;  // timers that have fired

/// 1 starts a timer that sets itself to the time at which it fires; 0 stops it.
struct Spin : KeyedOperator<bool, std::int64_t, std::string_view> {
  Value<bool> on{*this, "on", unbounded()};
  Timer timer{*this, "timer"};

  void process(const std::int64_t& n, Context& ctx) {
    on.set(n == 1);
    if (n == 1) {
      timer.set(kStart);
    } else {
      ctx.emit("stopped");
    }
  }
  void on_timer(const Timer&, Context&) {
    ++spins;
    if (*on.get()) {
      timer.set(kStart);
    }
  }
};

void spinning(Job& job) {
  job.from("numbers", Source<std::int64_t>{})
      .key_by([](std::int64_t) { return true; })
      .process<Spin>("spin")
      .to("out", files::csv("out"));
}

/// All timers of all numbers are due at one time; each emits its number.
struct AllAtOnce : KeyedOperator<std::int64_t, std::int64_t, std::int64_t> {
  Timer timer{*this, "timer"};
  void process(const std::int64_t&, Context&) { timer.set(kStart); }
  void on_timer(const Timer&, Context& ctx) {
    ++spins;
    ctx.emit(ctx.key());
  }
};

void all_at_once(Job& job) {
  job.from("numbers", Source<std::int64_t>{})
      .key_by([](std::int64_t n) { return n; })
      .process<AllAtOnce>("all")
      .to("out", files::csv("out"));
}

/// ... and takes a millisecond of this clock.
env::fake::FakeClock* slow_clock = nullptr;
struct SlowAllAtOnce : KeyedOperator<std::int64_t, std::int64_t, std::int64_t> {
  Timer timer{*this, "timer"};
  void process(const std::int64_t&, Context&) { timer.set(kStart); }
  void on_timer(const Timer&, Context& ctx) {
    ++spins;
    slow_clock->advance(milliseconds{1});
    ctx.emit(ctx.key());
  }
};

void slow_all_at_once(Job& job) {
  job.from("numbers", Source<std::int64_t>{})
      .key_by([](std::int64_t n) { return n; })
      .process<SlowAllAtOnce>("all")
      .to("out", files::csv("out"));
}

/// Fires every hour from the first record on; a later record shows when it comes.
struct Hourly : KeyedOperator<bool, std::int64_t, std::int64_t> {
  Timer timer{*this, "timer"};
  Value<std::int64_t> fired{*this, "fired", unbounded()};

  void process(const std::int64_t& n, Context& ctx) {
    if (n == 0) {
      timer.set(kStart);
    } else {
      ctx.emit(-1);
    }
  }
  void on_timer(const Timer&, Context& ctx) {
    ctx.emit(++fired.get_or_create());
    if (*fired.get() < 5) {
      timer.set(ctx.time() + hours{1});
    }
  }
};

void hourly(Job& job) {
  job.from("numbers", Source<std::int64_t>{})
      .key_by([](std::int64_t) { return true; })
      .process<Hourly>("hourly")
      .to("out", files::csv("out"));
}

/// A job whose ends the test holds, turn by turn: few timers a burst, an epoch every millisecond.
class Timers : public ::testing::Test {
 protected:
  static constexpr std::uint64_t kTurns = 1'000'000;

  void start(JobFunction function, std::size_t timers_in_a_burst = 4) {
    testing::SimulatedJobOptions options;
    options.budgets.timers = timers_in_a_burst;
    options.log = testing::small_log();
    options.commit_interval = milliseconds{1};
    job_ = std::make_unique<testing::SimulatedJob>(
        env_,
        [ends = ends_, function](Job& described) {
          described.replace_ends(ends);
          function(described);
        },
        options);
    ASSERT_TRUE(job_->start(1));
  }
  [[nodiscard]] detail::PushedRecords<std::int64_t> numbers() {
    return ends_->source<std::int64_t>("numbers");
  }
  [[nodiscard]] std::uint64_t epoch() const { return job_->worker().stats().epoch.value; }
  /// Turns while `more()`.
  template <class More>
  void turn_while(More&& more) {
    for (std::uint64_t left = kTurns; more(); --left) {
      ASSERT_GT(left, 0u) << "it hangs";
      ASSERT_TRUE(job_->turn());
    }
  }

  env::fake::FakeEnv env_;
  std::shared_ptr<detail::StandIns> ends_ = std::make_shared<detail::StandIns>();
  std::unique_ptr<testing::SimulatedJob> job_;
};

TEST_F(Timers, OneThatSetsItselfInThePastHoldsUpNeitherCommitsNorRecords) {
  spins = 0;
  start(spinning);
  numbers().promise(kStart + hours{1});
  numbers().push(1, kStart + hours{1});
  turn_while([] { return spins < 100; });
  const std::uint64_t before = epoch();
  turn_while([&] { return epoch() < before + 3; });
  EXPECT_GT(spins, 100u);
  numbers().push(0, kStart + hours{1});
  turn_while([this] { return ends_->output<std::string_view>("out").empty(); });
  EXPECT_THAT(ends_->output<std::string_view>("out"), ElementsAre("stopped"));
}

TEST_F(Timers, OneThatSpinsGoesOnAfterARestartAndARescale) {
  spins = 0;
  start(spinning);
  numbers().promise(kStart + hours{1});
  numbers().push(1, kStart + hours{1});
  turn_while([this] { return spins < 10 || epoch() < 3; });
  job_->kill();
  ASSERT_TRUE(job_->start(2));
  spins = 0;
  turn_while([] { return spins < 100; });
  job_->rescale(3);
  turn_while([this] { return job_->worker().stats().shards < 3; });
  spins = 0;
  turn_while([] { return spins < 100; });
  numbers().push(0, kStart + hours{1});
  turn_while([this] { return ends_->output<std::string_view>("out").empty(); });
  EXPECT_THAT(ends_->output<std::string_view>("out"), ElementsAre("stopped"));
}

TEST_F(Timers, ADrainThatNeverEndsIsGivenUpWhenAStopIsAskedFor) {
  spins = 0;
  start(spinning);
  numbers().push(1, kStart + hours{1});
  numbers().end();
  turn_while([] { return spins < 1'000; });
  const std::uint64_t before = epoch();
  EXPECT_GT(before, 0u) << "what was read is committed before the drain";
  job_->worker().request_stop();
  ASSERT_TRUE(job_->run(kTurns));
  EXPECT_TRUE(job_->worker().stats().drain_given_up);
  EXPECT_FALSE(job_->worker().stats().complete);
  EXPECT_EQ(epoch(), before);
  EXPECT_EQ(job_->worker().stats().records_in, 1u);
  ASSERT_TRUE(job_->start(1));
  EXPECT_FALSE(job_->worker().already_complete());
  spins = 0;
  turn_while([] { return spins < 1'000; });
}

TEST_F(Timers, ADrainThatEndsWithinASecondAfterAStopIsWhole) {
  constexpr std::int64_t kNumbers = 2'000;
  start(all_at_once);
  for (std::int64_t n = 0; n < kNumbers; ++n) {
    numbers().push(n, kStart - hours{1});
  }
  numbers().end();
  spins = 0;
  turn_while([] { return spins == 0; });  // the drain has begun
  job_->worker().request_stop();
  ASSERT_TRUE(job_->run(kTurns));
  EXPECT_FALSE(job_->worker().stats().drain_given_up);
  EXPECT_TRUE(job_->worker().stats().complete);
  EXPECT_EQ(job_->worker().stats().records_in, static_cast<std::uint64_t>(kNumbers));
  EXPECT_EQ(ends_->output<std::int64_t>("out").size(), static_cast<std::size_t>(kNumbers));
}

TEST_F(Timers, ABarrierOvertakesABurst) {
  constexpr std::int64_t kNumbers = 10'000;
  start(all_at_once);
  for (std::int64_t n = 0; n < kNumbers; ++n) {
    numbers().push(n, kStart - hours{1});
  }
  turn_while([this] { return job_->worker().stats().records_in < kNumbers; });
  numbers().promise(kStart);
  const std::uint64_t before = epoch();
  const auto fired = [this] { return ends_->output<std::int64_t>("out").size(); };
  turn_while([&] { return epoch() < before + 3; });
  EXPECT_GT(fired(), 0u);
  EXPECT_LT(fired(), std::size_t{kNumbers});
  job_->kill();
  ASSERT_TRUE(job_->start(2));
  turn_while([&fired] { return fired() < kNumbers; });
  ASSERT_TRUE(job_->settle(kTurns));
  std::vector<std::int64_t> values = ends_->output<std::int64_t>("out");
  std::sort(values.begin(), values.end());
  for (std::int64_t n = 0; n < kNumbers; ++n) {
    ASSERT_EQ(values[static_cast<std::size_t>(n)], n);
  }
  EXPECT_EQ(values.size(), std::size_t{kNumbers});
  EXPECT_THAT(job_->worker().ledger().imbalances(), IsEmpty());
}

TEST_F(Timers, ABurstOfSlowOnesIsCutOffByTheClock) {
  constexpr std::int64_t kNumbers = 10'000;
  slow_clock = &env_.clock();
  start(slow_all_at_once, /*timers_in_a_burst=*/256);
  for (std::int64_t n = 0; n < kNumbers; ++n) {
    numbers().push(n, kStart - hours{1});
  }
  turn_while([this] { return job_->worker().stats().records_in < kNumbers; });
  numbers().promise(kStart);
  spins = 0;
  turn_while([] { return spins == 0; });
  const std::uint64_t before = epoch();
  const env::Monotonic began = env_.clock().monotonic();
  turn_while([&] { return epoch() < before + 3; });
  EXPECT_LT(env_.clock().monotonic() - began, milliseconds{256}) << "less than one burst of 256";
  EXPECT_LT(spins, std::uint64_t{kNumbers});
}

TEST(TimerOrder, WhatIsCaughtUpComesBeforeTheRecordsBehindTheWatermark) {
  testing::TopologyOptions options;
  options.budgets.timers = 2;
  Topology topology(hourly, {}, options);
  auto numbers = topology.input<std::int64_t>("numbers");
  numbers.push_at(kStart, 0);
  topology.hold();
  numbers.watermark(kStart + hours{10}).push_at(kStart + hours{10}, 7);
  topology.release();
  EXPECT_THAT(topology.output<std::int64_t>("out"), ElementsAre(1, 2, 3, 4, 5, -1));
}

/// Says of each number whether it came late.
struct TellLate : KeyedOperator<std::int64_t, std::int64_t, std::string_view> {
  void process(const std::int64_t&, Context& ctx) { ctx.emit(ctx.is_late() ? "late" : "on time"); }
};

TEST(TimerOrder, WhatATimerEmitsComesBeforeTheWatermarkThatMadeItDue) {
  testing::TopologyOptions options;
  options.budgets.timers = 1;
  Topology topology(
      [](Job& job) {
        job.from("numbers", Source<std::int64_t>{})
            .key_by([](std::int64_t n) { return n; })
            .process<AllAtOnce>("all")
            .process<TellLate>("told")
            .to("out", files::csv("out"));
      },
      {}, options);
  auto numbers = topology.input<std::int64_t>("numbers");
  numbers.push_at(kStart - hours{1}, 1).push_at(kStart - hours{1}, 2).push_at(kStart - hours{1}, 3);
  numbers.watermark(kStart + hours{1});
  EXPECT_THAT(topology.output<std::string_view>("out"),
              ElementsAre("on time", "on time", "on time"));
}

TEST(TimerOrder, SetInThePastItFiresRightAfterTheCallAndCatchesUp) {
  Topology topology(hourly);
  auto numbers = topology.input<std::int64_t>("numbers");
  numbers.push_at(kStart + hours{10}, 7).watermark(kStart + hours{10});
  topology.hold();
  numbers.push_at(kStart + hours{10}, 0).push_at(kStart + hours{10}, 7);
  topology.release();
  EXPECT_THAT(topology.output<std::int64_t>("out"), ElementsAre(-1, 1, 2, 3, 4, 5, -1));
}

/// Nobody waits for 300 years, and nobody spins meanwhile either.
TEST(TimerOrder, OneThatIsSetBehindTheEndOfAllClocksKeepsNobodyBusy) {
  struct Never : KeyedOperator<bool, std::int64_t, std::int64_t> {
    Timer never{*this, "never", processing_time};
    void process(const std::int64_t& micros, Context& ctx) {
      never.set(EventTime{micros});
      ctx.emit(micros);
    }
    void on_timer(const Timer&, Context&) { ADD_FAILURE() << "it fired"; }
  };
  for (const std::int64_t far : {EventTime::max().micros - 1, std::int64_t{9'300'000'000'000'000},
                                 std::int64_t{100'000'000'000'000'000}}) {
    Topology topology([](Job& job) {
      job.from("numbers", Source<std::int64_t>{})
          .key_by([](std::int64_t) { return true; })
          .process<Never>("never")
          .to("out", files::csv("out"));
    });
    topology.input<std::int64_t>("numbers").push_at(kStart, far);
    topology.advance(hours{24 * 400});
    topology.input<std::int64_t>("numbers").push_at(kStart, far);
    EXPECT_THAT(topology.output<std::int64_t>("out"), ElementsAre(far, far));
    topology.end();
  }
}

TEST(TimerOrder, ADrainWaitsForTimersThatAreSetInThePast) {
  spins = 0;
  Topology topology([](Job& job) {
    struct Thrice : KeyedOperator<bool, std::int64_t, std::int64_t> {
      Timer timer{*this, "timer"};
      Value<std::int64_t> fired{*this, "fired", unbounded()};
      void process(const std::int64_t&, Context&) { timer.set(kStart); }
      void on_timer(const Timer&, Context& ctx) {
        ctx.emit(++fired.get_or_create());
        if (*fired.get() < 3) {
          timer.set(kStart - hours{1});
        }
      }
    };
    job.from("numbers", Source<std::int64_t>{})
        .key_by([](std::int64_t) { return true; })
        .process<Thrice>("thrice")
        .to("out", files::csv("out"));
  });
  topology.input<std::int64_t>("numbers").push_at(kStart, 0);
  topology.end();
  EXPECT_THAT(topology.output<std::int64_t>("out"), ElementsAre(1, 2, 3));
}

/// Of its two timers nothing is called for the second.
struct Half : KeyedOperator<bool, std::int64_t, std::int64_t> {
  Timer one{*this, "one"};
  TimerSet many{*this, "many"};

  void process(const std::int64_t& n, Context& /*ctx*/) { many.add(EventTime{n}); }
  void on_timer(const Timer&, Context& ctx) { ctx.emit(1); }
};

TEST(TimerThatNothingIsCalledFor, IsRefused) {
  Job job("halves", Parameters({}, /*complete=*/true));
  job.from("numbers", memory::values<std::int64_t>({1}))
      .key_by([](std::int64_t) { return true; })
      .process<Half>("half")
      .to("out", files::csv("out"));
  const auto graph = job.finish();
  ASSERT_FALSE(graph.has_value());
  EXPECT_EQ(graph.error().code, ErrorCode::kInvalidInput);
  EXPECT_EQ(graph.error().message,
            "operator 'half': nothing is called when its timer 'many' fires. Give it a `void "
            "on_timer(const TimerSet& timer, Context& ctx)`.");
}

}  // namespace
}  // namespace rheon
