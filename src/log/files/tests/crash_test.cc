// Crash at every mutating operation, in every way: what is found is what was committed (T-02).

#include <gtest/gtest.h>

#include <cstdlib>

#include "log/files/tests/model_job.h"

namespace rheon::log::files::testing {
namespace {

using env::fake::Crash;
using env::fake::FakeEnv;
using env::fake::Survival;

constexpr int kEpochs = 40;

enum class Ending {
  kKilled,
  kUnsyncedLost,
  kTorn,
  kScattered,
  kKilledThenTorn,
  kKilledThenScattered
};

bool is_killed_first(Ending ending) {
  return ending == Ending::kKilledThenTorn || ending == Ending::kKilledThenScattered;
}

Survival survival_of(Ending ending) {
  switch (ending) {
    case Ending::kTorn:
    case Ending::kKilledThenTorn:
      return Survival::kTorn;
    case Ending::kScattered:
    case Ending::kKilledThenScattered:
      return Survival::kScattered;
    default:
      return Survival::kSynced;
  }
}

struct Run {
  FakeEnv env;
  ModelJob job;
  /// Every third seed has a job whose epochs are decided outside.
  explicit Run(std::uint64_t seed) : env(seed), job(seed, /*decided_outside=*/seed % 3 == 0) {}

  /// What a killed process left unsynced the next one must make durable before it builds on it.
  void end(Ending ending, std::uint64_t seed) {
    ++endings_;
    if (endings_ == 1 && is_killed_first(ending)) {
      ending = Ending::kKilled;
    }
    if (ending != Ending::kKilled) {
      env.cut_power(seed, survival_of(ending));
    }
    env.restart();
    job.forget_log();
  }

 private:
  int endings_ = 0;
};

void work(Run& run) {
  run.job.open_and_compare(run.env);
  for (int i = 0; i < kEpochs; ++i) {
    ASSERT_TRUE(run.job.commit(run.env)) << run.job.events().back().sentence;
  }
}

std::uint64_t operations_of(std::uint64_t seed) {
  Run run(seed);
  work(run);
  return run.env.files().operations();
}

/// Crashes after `point` operations, again while it recovers, and then goes on.
void crash_at(std::uint64_t seed, std::uint64_t point, Ending ending) {
  SCOPED_TRACE(::testing::Message()
               << "seed " << seed << " point " << point << " ending " << static_cast<int>(ending));
  Run run(seed);
  run.env.files().crash_after(point);
  try {
    work(run);
  } catch (const Crash&) {
  }
  run.end(ending, seed + point);
  if (is_killed_first(ending)) {
    run.job.open_and_compare(run.env);  // what it tells the engine must outlive a power cut
  } else {
    run.env.files().crash_after(point % 7);
    try {
      run.job.open_and_compare(run.env);
    } catch (const Crash&) {
    }
  }
  run.end(ending, seed + 2 * point);
  run.job.open_and_compare(run.env);
  ASSERT_FALSE(::testing::Test::HasFatalFailure());
  for (int i = 0; i < 5; ++i) {
    ASSERT_TRUE(run.job.commit(run.env));
  }
  run.end(ending, seed + 3 * point);
  run.job.open_and_compare(run.env);
}

class CrashTest : public ::testing::TestWithParam<Ending> {};

TEST_P(CrashTest, AtEveryOperationWhatWasCommittedIsThereAndNothingElse) {
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    const std::uint64_t points = operations_of(seed);
    for (std::uint64_t point = seed % kPointStep; point <= points; point += kPointStep) {
      crash_at(seed, point, GetParam());
      if (HasFailure()) {
        return;
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Endings, CrashTest,
                         ::testing::Values(Ending::kKilled, Ending::kUnsyncedLost, Ending::kTorn,
                                           Ending::kScattered, Ending::kKilledThenTorn,
                                           Ending::kKilledThenScattered));

}  // namespace
}  // namespace rheon::log::files::testing
