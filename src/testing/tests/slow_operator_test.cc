// Operators that take their time for each record: what stands before a barrier, and with it the
// time from one commit to the next, is bounded in time, not in records. All shards of these tests
// run in one thread, so their work comes one after the other.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <numeric>
#include <string>
#include <vector>

#include "api/job.h"
#include "connect/discard/discard.h"
#include "connect/memory/values.h"
#include "testing/simulated_job.h"

namespace rheon {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

constexpr std::chrono::seconds kWatched{20};

std::vector<std::uint64_t> numbers(std::uint64_t count) {
  std::vector<std::uint64_t> result(count);
  std::iota(result.begin(), result.end(), 0);
  return result;
}
std::uint64_t many_keys(std::uint64_t number) { return number % 1000; }
std::uint64_t one_key(std::uint64_t /*number*/) { return 7; }

class SlowOperator : public ::testing::Test {
 protected:
  struct Seen {
    env::Monotonic longest{0};  // from one commit to the next
    std::uint64_t commits = 0;
    std::uint64_t records = 0;  // at the sink
  };

  /// Takes so long for a record.
  auto taking(microseconds each) {
    return [this, each](std::uint64_t number) {
      env_.clock().advance(each);
      return number;
    };
  }
  /// Runs the job, which is to be busy all the time, for a while.
  Seen watch(const testing::JobDescription& describe, std::uint32_t shards = 2) {
    testing::SimulatedJobOptions options;
    options.shards = shards;
    options.commit_interval = milliseconds{50};
    testing::SimulatedJob job(env_, describe, options);
    EXPECT_TRUE(job.start());
    const env::Monotonic began = env_.clock().monotonic();
    env::Monotonic committed = began;
    Seen seen;
    Epoch epoch;
    while (env_.clock().monotonic() < began + kWatched) {
      EXPECT_THAT(job.turn(), ::testing::Optional(false)) << "it has ended";
      if (const Epoch now = job.worker().stats().epoch; now != epoch) {
        seen.longest = std::max(seen.longest, env_.clock().monotonic() - committed);
        ++seen.commits;
        epoch = now;
        committed = env_.clock().monotonic();
      }
    }
    seen.records = job.worker().stats().records_out;
    return seen;
  }

  env::fake::FakeEnv env_;
};

TEST_F(SlowOperator, InTheSourcesStage) {
  const Seen seen = watch([&](Job& job) {
    job.from("numbers", memory::values(numbers(100'000)))
        .map("slow", taking(milliseconds{1}))
        .key_by(many_keys)
        .to("out", discard::all());
  });
  EXPECT_LT(seen.longest, milliseconds{300});
  EXPECT_GT(seen.records, 18'000u);
}

TEST_F(SlowOperator, BehindAnExchange) {
  const Seen seen = watch([&](Job& job) {
    job.from("numbers", memory::values(numbers(100'000)))
        .key_by(many_keys)
        .map("slow", taking(milliseconds{1}))
        .to("out", discard::all());
  });
  EXPECT_LT(seen.longest, milliseconds{250});
  EXPECT_GT(seen.records, 18'000u);
}

TEST_F(SlowOperator, BehindThreeExchanges) {
  const Seen seen = watch([&](Job& job) {
    job.from("numbers", memory::values(numbers(100'000)))
        .rebalance()
        .map("quick", taking(microseconds{0}))
        .rebalance()
        .map("quick too", taking(microseconds{0}))
        .key_by(many_keys)
        .map("slow", taking(milliseconds{1}))
        .to("out", discard::all());
  });
  EXPECT_LT(seen.longest, milliseconds{500});
  EXPECT_GT(seen.records, 18'000u);
}

TEST_F(SlowOperator, OfOneKeyOnOneOfManyShards) {
  const Seen seen = watch(
      [&](Job& job) {
        job.from("numbers", memory::values(numbers(100'000), {.partitions = 8}))
            .key_by(one_key)
            .map("slow", taking(milliseconds{1}))
            .to("out", discard::all());
      },
      8);
  EXPECT_LT(seen.longest, milliseconds{500});
  EXPECT_GT(seen.records, 18'000u);
}

TEST_F(SlowOperator, BehindOneThatMakesAThousandOfEach) {
  const Seen seen = watch([&](Job& job) {
    job.from("numbers", memory::values(numbers(100'000)))
        .rebalance()
        .flat_map("copies",
                  [](std::uint64_t number, Emit<std::uint64_t>& emit) {
                    for (std::uint64_t i = 0; i < 1000; ++i) {
                      emit(number + i);
                    }
                  })
        .key_by(many_keys)
        .map("slow", taking(microseconds{20}))
        .to("out", discard::all());
  });
  // A record of the source is 20 ms of work; one stands in each channel.
  EXPECT_LT(seen.longest, milliseconds{700});
  EXPECT_GT(seen.records, 900'000u);
}

TEST_F(SlowOperator, WhoseRecordsGoToAllShards) {
  const Seen seen = watch([&](Job& job) {
    job.from("numbers", memory::values(numbers(100'000)))
        .broadcast()
        .map("slow", taking(milliseconds{1}))
        .to("out", discard::all());
  });
  EXPECT_LT(seen.longest, milliseconds{250});
  EXPECT_GT(seen.records, 18'000u);
}

TEST_F(SlowOperator, OfATenthOfASecondEach) {
  const Seen seen = watch([&](Job& job) {
    job.from("numbers", memory::values(numbers(100'000)))
        .key_by(many_keys)
        .map("very slow", taking(milliseconds{100}))
        .to("out", discard::all());
  });
  // One stands in each of the lanes that are in use, one is at work, one in an outbox.
  EXPECT_LT(seen.longest, milliseconds{1'000});
  EXPECT_GT(seen.commits, 40u);
  EXPECT_GT(seen.records, 180u);
}

TEST_F(SlowOperator, OnceIsForgotten) {
  testing::SimulatedJobOptions options;
  options.shards = 2;
  testing::SimulatedJob job(
      env_,
      [this](Job& described) {
        described.from("numbers", memory::values(numbers(200'000)))
            .key_by(many_keys)
            .map("slow once",
                 [this](std::uint64_t number) {
                   env_.clock().advance(number == 100 ? milliseconds{500} : milliseconds{0});
                   return number;
                 })
            .to("out", discard::all());
      },
      options);
  ASSERT_TRUE(job.start());
  ASSERT_TRUE(job.run(1'000'000));
  EXPECT_LT(job.driver().turns(), 5'000u) << "of a record each it would take 200,000";
}

// A shard that never gets a record says nothing of what one costs there.
TEST_F(SlowOperator, NoneWhereOneShardGetsEverything) {
  testing::SimulatedJobOptions options;
  options.shards = 4;
  testing::SimulatedJob job(
      env_,
      [](Job& described) {
        described.from("numbers", memory::values(numbers(50'000)))
            .key_by(one_key)
            .to("out", discard::all());
      },
      options);
  ASSERT_TRUE(job.start());
  ASSERT_TRUE(job.run(1'000'000));
  EXPECT_LT(job.driver().turns(), 2'000u) << "of a thousand records each it takes 50";
}

}  // namespace
}  // namespace rheon
