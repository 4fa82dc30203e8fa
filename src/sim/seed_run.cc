#include "sim/seed_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/rare_branch.h"
#include "env/fake/waiting_env.h"
#include "sim/oracles.h"
#include "sim/rot.h"
#include "sim/scenario.h"
#include "sim/swarm.h"

namespace rheon::sim {

namespace {

using env::fake::Crash;
using env::fake::Fault;
using env::fake::Survival;

constexpr std::uint64_t kMostTurns = 400'000;
constexpr std::uint64_t kMostStarts = 100;
constexpr std::chrono::minutes kMostVirtualTime{2};

[[nodiscard]] tl::unexpected<Error> broken(const std::string& sentence) {
  return fail(ErrorCode::kInternal, sentence);
}

class SeedRun {
 public:
  SeedRun(std::uint64_t seed, const Swarm& swarm)
      : random_(skip_drawn(seed)),
        swarm_(swarm),
        told_(swarm),
        env_(seed),
        scenario_(any_scenario(env_, random_)),
        oracles_(env_, scenario_, caused_),
        job_(env_, scenario_.job, options(seed)) {
    job_.driver().set_slowness(swarm_.slowness);
    job_.driver().set_stalls(swarm_.stalls_every, swarm_.most_stalled);
    env_.threads().let_time_pass(false);
    choose_rare_branches(seed);
  }
  ~SeedRun() {
#if RHEON_RARE_BRANCHES
    rare_branches() = nullptr;
#endif
  }
  SeedRun(const SeedRun&) = delete;
  SeedRun& operator=(const SeedRun&) = delete;

  Result<SeedReport> run() {
    Status ended = run_to_the_end();
    if (ended.has_value()) {
      job_.kill();  // faults that are still to come go with it
      ended = oracles_.check_end();
    }
    if (!ended.has_value()) {
      return broken(scenario_.name + ", " + told_.describe() + ": " + ended.error().message);
    }
    report_.turns = job_.driver().turns();
    report_.trace = job_.driver().trace();
    report_.epochs = oracles_.epoch();
    return report_;
  }

 private:
  /// The generator stands where it stood after drawing: the rest is the same, whatever the faults.
  static Generator skip_drawn(std::uint64_t seed) {
    Generator random(seed);
    static_cast<void>(Swarm::draw(random));
    return random;
  }

  void choose_rare_branches([[maybe_unused]] std::uint64_t seed) {
#if RHEON_RARE_BRANCHES
    if (swarm_.takes_rare_branches()) {
      rare_branches() = [this, random = Generator(~seed)](RareBranch which) mutable {
        const auto index = static_cast<std::size_t>(which);
        const std::uint32_t every = swarm_.rare_every[index];
        const bool chosen = every > 0 && random() % every == 0;
        report_.rare[index] += chosen ? 1 : 0;
        return chosen;
      };
    }
#endif
  }

  [[nodiscard]] testing::SimulatedJobOptions options(std::uint64_t seed) const {
    testing::SimulatedJobOptions options;
    options.seed = seed;
    options.ring_capacity_batches = swarm_.ring_capacity_batches;
    options.budgets = swarm_.budgets;
    options.commit_interval = swarm_.commit_interval;
    options.accept_clock = true;
    options.log = testing::small_log();
    return options;
  }

  Status run_to_the_end() {
    const env::Monotonic began = env_.clock().monotonic();
    plan_next_event();
    while (job_.driver().turns() < kMostTurns && report_.processes < kMostStarts) {
      try {
        const Result<bool> finished = go_on();
        if (!finished.has_value()) {
          RHEON_TRY(judge(finished.error()));
        } else if (*finished) {
          return {};
        }
        if (is_full_ && env_.clock().monotonic() > full_until_) {
          free_space();
        }
        if (is_slow_ && env_.clock().monotonic() > slow_until_) {
          is_slow_ = false;
          env_.files().on_operation = nullptr;
        }
        if (brokers_are_gone_ && env_.clock().monotonic() > gone_until_) {
          bring_brokers_back();
        }
        if (job_.driver().turns() >= next_event_) {
          cause_event();
          plan_next_event();
        }
      } catch (const Crash&) {
        lose_power();
      }
      if (env_.clock().monotonic() - began - starting_ > kMostVirtualTime) {
        return broken("two minutes of virtual time have passed, without starts: it hangs.");
      }
    }
    return broken("it has not finished after " + std::to_string(job_.driver().turns()) +
                  " turns and " + std::to_string(report_.processes) + " starts.");
  }

  Result<bool> go_on() {
    if (!job_.running()) {
      return start_once();
    }
    RHEON_ASSIGN(const bool finished, job_.turn());
    if (finished) {
      RHEON_TRY(oracles_.check_progress(job_.worker(), Oracles::Look::kAlways));
      RHEON_TRY(oracles_.check_ledger(job_.worker().ledger()));
    } else if (job_.worker().stats().epoch.value != oracles_.epoch()) {
      RHEON_TRY(oracles_.check_progress(job_.worker(), Oracles::Look::kSometimes));
    }
    return finished;
  }

  Result<bool> start_once() {
    ++report_.processes;
    rot_.heal();  // of a start that was cut off
    if (std::exchange(rot_is_due_, false) && rot_.change_a_bit(random_)) {
      came(FaultKind::kRot);
    }
    const Status started = start();
    const std::optional<std::string> rotten = rot_.heal();
    if (!started.has_value() && rotten.has_value() && finds(started.error(), *rotten)) {
      ++report_.refusals;
      return false;
    }
    RHEON_TRY(started);
    RHEON_TRY(oracles_.check_progress(job_.worker(), Oracles::Look::kAlways));
    return false;
  }

  /// A refusal that tells of this file: others may come of what the job made of the change.
  static bool finds(const Error& error, const std::string& path) {
    return (error.code == ErrorCode::kRefused || error.code == ErrorCode::kCorrupt) &&
           error.message.find(path) != std::string::npos;
  }
  void came(FaultKind kind) { ++report_.faults[static_cast<std::size_t>(kind)]; }

  /// A start waits for what is outside; nothing else does.
  Status start() {
    struct Waiting {
      explicit Waiting(SeedRun& run) : run_(run), began_(run.env_.clock().monotonic()) {
        run.env_.threads().let_time_pass(true);
      }
      ~Waiting() {
        run_.env_.threads().let_time_pass(false);
        run_.starting_ += run_.env_.clock().monotonic() - began_;
      }
      SeedRun& run_;
      env::Monotonic began_;
    } waiting(*this);
    return job_.start(some_shards());
  }

  std::uint32_t some_shards() {
    return report_.processes == 1 ? swarm_.shards : static_cast<std::uint32_t>(1 + random_() % 5);
  }

  // ---- faults

  /// What a process does about an error (run/run_command.cc). Only those that were caused may come.
  Status judge(const Error& error) {
    const bool no_space = error.code == ErrorCode::kNoSpace;
    const bool caused =
        no_space ? caused_.was_full : error.code == ErrorCode::kIo && caused_.take();
    if (!caused) {
      return tl::unexpected<Error>(error);
    }
    if (no_space && random_() % 2 == 0) {
      free_space();
    }
    ++report_.aborts;
    job_.abort();
    env_.clock().advance(std::chrono::milliseconds{200});
    return {};
  }

  void fail_an_operation() {
    constexpr Fault kKinds[] = {Fault::kIo, Fault::kShortWrite, Fault::kFailedSync};
    const std::uint64_t operations = random_() % 40;
    if (random_() % 4 == 0) {
      env_.files().fail_read_after(operations);
    } else {
      env_.files().fail_after(operations, kKinds[random_() % 3]);
    }
    caused_.add();
  }

  void fill_disk() {
    env_.files().set_capacity(env_.files().used_bytes() + random_() % 4096);
    is_full_ = caused_.was_full = true;
    full_until_ = env_.clock().monotonic() + std::chrono::milliseconds{random_() % 5000};
  }

  void free_space() {
    env_.files().set_capacity(std::uint64_t{1} << 40);
    is_full_ = false;
  }

  void slow_disk_down() {
    const std::chrono::microseconds most{1 << (random_() % 15)};
    is_slow_ = true;
    slow_until_ = env_.clock().monotonic() + std::chrono::milliseconds{random_() % 3000};
    env_.files().on_operation = [this, most] {
      env_.clock().advance(std::chrono::microseconds{random_() % (most.count() + 1)});
    };
  }

  void set_clock() {
    const std::chrono::seconds off{1 << (random_() % 29)};
    env_.clock().set_wall(random_() % 2 == 0 ? began_at_ - off : began_at_ + off);
  }

  void disturb_brokers() {
    using Lost = kafka::fake::FakeCluster::Fault;
    if (scenario_.brokers == nullptr) {
      return;
    }
    came(FaultKind::kBrokers);
    ++caused_.left;  // not all of them are noticed
    switch (random_() % 4) {
      case 0:
        scenario_.brokers->hang_up();
        brokers_are_gone_ = true;
        gone_until_ = env_.clock().monotonic() + std::chrono::milliseconds{random_() % 5000};
        break;
      case 1:
        scenario_.brokers->time_out_all();
        break;
      default: {
        const Lost what = random_() % 2 == 0 ? Lost::kRequest : Lost::kAnswer;
        scenario_.brokers->fault = [this, what, left = random_() % 40](std::int16_t) mutable {
          if (left-- > 0) {
            return Lost::kNothing;
          }
          const Lost lost = what;  // this function goes with the next line
          scenario_.brokers->fault = nullptr;
          return lost;
        };
      }
    }
  }

  void bring_brokers_back() {
    scenario_.brokers->listen();
    brokers_are_gone_ = false;
  }

  void plan_next_event() {
    next_event_ = job_.driver().turns() + 1 + random_() % (2 * swarm_.turns_between);
  }

  void cause_event() {
    if (is_full_) {
      free_space();
    }
    if (!job_.running()) {
      return;
    }
    const std::optional<FaultKind> kind = swarm_.take(random_());
    if (!kind.has_value()) {
      return;
    }
    if (*kind != FaultKind::kBrokers && *kind != FaultKind::kRot) {  // which need something there
      came(*kind);
    }
    switch (*kind) {
      case FaultKind::kKill:
        job_.kill();
        break;
      case FaultKind::kPowerCut:
        lose_power();
        break;
      case FaultKind::kDiskCrash:
        env_.files().crash_after(random_() % 40);
        break;
      case FaultKind::kDiskError:
        fail_an_operation();
        break;
      case FaultKind::kFullDisk:
        fill_disk();
        break;
      case FaultKind::kRescale:
        job_.rescale(static_cast<std::uint32_t>(1 + random_() % 5));
        break;
      case FaultKind::kClockJump:
        set_clock();
        break;
      case FaultKind::kBrokers:
        disturb_brokers();
        break;
      case FaultKind::kSlowDisk:
        slow_disk_down();
        break;
      case FaultKind::kRot:
        job_.kill();
        rot_is_due_ = true;
        break;
    }
    if (!job_.running() && random_() % 2 == 0) {
      env_.files().crash_after(random_() % 30);  // and once more during recovery
    }
  }

  void lose_power() {
    constexpr Survival kKinds[] = {Survival::kAll, Survival::kSynced, Survival::kTorn,
                                   Survival::kScattered};
    job_.cut_power(kKinds[random_() % 4]);
  }

  Generator random_;
  Swarm swarm_;
  const Swarm& told_;
  env::fake::WaitingEnv env_;
  Scenario scenario_;
  Caused caused_;
  Oracles oracles_;
  Rot rot_{env_.files()};
  testing::SimulatedJob job_;
  SeedReport report_;
  std::uint64_t next_event_ = 0;
  bool rot_is_due_ = false;
  env::Monotonic starting_{0};  // in all: each waits for brokers for up to half a minute
  bool is_slow_ = false;
  env::Monotonic slow_until_{0};
  bool is_full_ = false;
  env::Monotonic full_until_{0};
  bool brokers_are_gone_ = false;
  env::Monotonic gone_until_{0};
  const EventTime began_at_ = env_.clock().wall();
};

}  // namespace

Swarm swarm_of(std::uint64_t seed) {
  Generator random(seed);
  return Swarm::draw(random);
}

Result<SeedReport> run_seed(std::uint64_t seed, const Swarm& swarm) {
  if (swarm.takes_rare_branches() && !RHEON_RARE_BRANCHES) {
    return fail(ErrorCode::kInvalidInput,
                "a release build has no rare branches: build with --preset asan");
  }
  return SeedRun(seed, swarm).run();
}

Swarm shrink(std::uint64_t seed, Swarm swarm) {
  const auto still_fails = [seed](const Swarm& smaller) {
    return !run_seed(seed, smaller).has_value();
  };
  for (std::uint32_t& every : swarm.rare_every) {
    const std::uint32_t before = std::exchange(every, 0);
    if (before > 0 && !still_fails(swarm)) {
      every = before;
    }
  }
  for (bool smaller = true; smaller;) {
    smaller = false;
    for (std::uint32_t& count : swarm.faults) {
      const std::uint32_t before = count;
      for (const std::uint32_t fewer : {0u, before / 2, before - std::min(before, 1u)}) {
        count = fewer;
        if (fewer < before && still_fails(swarm)) {
          smaller = true;
          break;
        }
        count = before;
      }
    }
  }
  return swarm;
}

}  // namespace rheon::sim
