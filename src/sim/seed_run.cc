#include "sim/seed_run.h"

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "codec/wire.h"
#include "sim/scenario.h"
#include "sim/swarm.h"

namespace rheon::sim {

namespace {

using env::fake::Crash;
using env::fake::Survival;

constexpr std::uint64_t kMostTurns = 400'000;
constexpr std::uint64_t kMostStarts = 100;
constexpr std::chrono::minutes kMostVirtualTime{2};

[[nodiscard]] tl::unexpected<Error> broken(const std::string& sentence) {
  return fail(ErrorCode::kInternal, sentence);
}

class SeedRun {
 public:
  explicit SeedRun(std::uint64_t seed)
      : random_(seed),
        swarm_(Swarm::draw(random_)),
        env_(seed),
        scenario_(any_scenario(env_, random_)),
        job_(env_, scenario_.job, options(seed)) {
    job_.driver().set_slowness(swarm_.slowness);
  }

  Result<SeedReport> run() {
    Status ended = run_to_the_end();
    if (ended.has_value()) {
      ended = check_output();
    }
    if (!ended.has_value()) {
      return broken(scenario_.name + ", " + swarm_.describe() + ": " + ended.error().message);
    }
    report_.turns = job_.driver().turns();
    report_.epochs = epoch_;
    return report_;
  }

 private:
  [[nodiscard]] testing::SimulatedJobOptions options(std::uint64_t seed) const {
    testing::SimulatedJobOptions options;
    options.seed = seed;
    options.ring_capacity_batches = swarm_.ring_capacity_batches;
    options.budgets = swarm_.budgets;
    options.commit_interval = swarm_.commit_interval;
    options.log = testing::small_log();
    return options;
  }

  Status run_to_the_end() {
    const env::Monotonic began = env_.clock().monotonic();
    plan_next_event();
    while (job_.driver().turns() < kMostTurns && report_.processes < kMostStarts) {
      try {
        RHEON_ASSIGN(const bool finished, go_on());
        if (finished) {
          return {};
        }
        if (job_.driver().turns() >= next_event_) {
          cause_event();
          plan_next_event();
        }
      } catch (const Crash&) {
        lose_power();
      }
      if (env_.clock().monotonic() - began > kMostVirtualTime) {
        return broken("two minutes of virtual time have passed: it hangs.");
      }
    }
    return broken("it has not finished after " + std::to_string(job_.driver().turns()) +
                  " turns and " + std::to_string(report_.processes) + " starts.");
  }

  Result<bool> go_on() {
    if (!job_.running()) {
      ++report_.processes;
      RHEON_TRY(job_.start(some_shards()));
      RHEON_TRY(check_progress());
      return false;
    }
    RHEON_ASSIGN(const bool finished, job_.turn());
    if (finished) {
      RHEON_TRY(check_progress());
      RHEON_TRY(check_ledger());
    } else if (job_.worker().stats().epoch.value != epoch_) {
      RHEON_TRY(check_progress());
    }
    return finished;
  }

  std::uint32_t some_shards() {
    return report_.processes == 1 ? swarm_.shards : static_cast<std::uint32_t>(1 + random_() % 5);
  }

  // ---- faults

  void plan_next_event() {
    next_event_ = job_.driver().turns() + 1 + random_() % (2 * swarm_.turns_between);
  }

  void cause_event() {
    const std::uint32_t left =
        swarm_.kills + swarm_.power_cuts + swarm_.disk_crashes + swarm_.rescales;
    if (left == 0 || !job_.running()) {
      return;
    }
    std::uint64_t pick = random_() % left;
    const auto is = [&pick](std::uint32_t& kind) {
      if (pick < kind) {
        --kind;
        return true;
      }
      pick -= kind;
      return false;
    };
    if (is(swarm_.kills)) {
      job_.kill();
    } else if (is(swarm_.power_cuts)) {
      lose_power();
    } else if (is(swarm_.disk_crashes)) {
      env_.files().crash_after(random_() % 40);
    } else if (is(swarm_.rescales)) {
      job_.rescale(static_cast<std::uint32_t>(1 + random_() % 5));
    }
    if (!job_.running() && random_() % 2 == 0) {
      env_.files().crash_after(random_() % 30);  // and once more during recovery
    }
  }

  void lose_power() {
    constexpr Survival kKinds[] = {Survival::kAll, Survival::kSynced, Survival::kTorn,
                                   Survival::kTorn};
    job_.cut_power(kKinds[random_() % 4]);
  }

  // ---- what must hold while it runs

  /// Epochs and watermarks only go on, over restarts, too.
  Status check_progress() {
    const std::uint64_t epoch = std::max(epoch_, job_.worker().stats().epoch.value);
    epoch_ = epoch;
    for (const auto& [key, value] : job_.worker().facts()) {
      if (!key.starts_with("watermark/")) {
        continue;
      }
      std::vector<std::int64_t>& reached = watermarks_[key];
      codec::Reader in(value);
      while (!in.failed() && !in.at_end()) {
        const std::uint64_t first = in.varint();
        const std::uint64_t last = in.varint();
        const std::int64_t watermark = in.i64();
        if (in.failed() || last > 1024) {
          return broken("the fact '" + key + "' cannot be read.");
        }
        reached.resize(std::max<std::size_t>(reached.size(), last + 1), INT64_MIN);
        for (std::uint64_t group = first; group <= last; ++group) {
          if (watermark < reached[group]) {
            return broken("the watermark of '" + key + "', key group " + std::to_string(group) +
                          ", went back from " + std::to_string(reached[group]) + " to " +
                          std::to_string(watermark) + ".");
          }
          reached[group] = watermark;
        }
      }
    }
    return {};
  }

  Status check_ledger() {
    const engine::Ledger& ledger = job_.worker().ledger();
    for (const engine::Imbalance& imbalance : ledger.imbalances()) {
      return broken(imbalance.sentence);
    }
    for (const auto& [counter, count] : scenario_.ledger) {
      if (ledger.get(counter) != count) {
        return broken("the ledger says " + counter + " = " + std::to_string(ledger.get(counter)) +
                      ", it was " + std::to_string(count) + ".");
      }
    }
    return {};
  }

  // ---- what must hold in the end

  Status check_output() {
    Answer found;
    RHEON_ASSIGN(const std::vector<std::string> files,
                 env_.files().glob(std::string(kOutputDirectory) + "/*.csv"));
    for (const std::string& file : files) {
      RHEON_ASSIGN(const std::string text, env::read_whole(env_.files(), file));
      RHEON_TRY(read_csv(file, text, found));
    }
    for (auto& [key, values] : found) {
      std::sort(values.begin(), values.end());
    }
    for (const auto& [key, values] : scenario_.expected) {
      const auto at = found.find(key);
      if (at == found.end() || at->second != values) {
        return broken("key '" + key + "' should have " + show(values) + ", the files have " +
                      show(at == found.end() ? std::vector<std::uint64_t>{} : at->second) + ".");
      }
    }
    if (found.size() != scenario_.expected.size()) {
      return broken("the files hold keys that the input does not have.");
    }
    return {};
  }

  static Status read_csv(const std::string& file, std::string_view text, Answer& found) {
    while (!text.empty()) {
      const std::size_t end = text.find('\n');
      const std::string_view line = text.substr(0, end);
      const std::size_t comma = line.rfind(',');
      if (end == std::string_view::npos || comma == std::string_view::npos) {
        return broken(file + " ends in a torn line.");
      }
      found[std::string(line.substr(0, comma))].push_back(
          std::stoull(std::string(line.substr(comma + 1))));
      text.remove_prefix(end + 1);
    }
    return {};
  }

  static std::string show(const std::vector<std::uint64_t>& values) {
    std::string text = std::to_string(values.size()) + " values";
    for (std::size_t i = 0; i < std::min<std::size_t>(values.size(), 12); ++i) {
      text += (i == 0 ? ": " : " ") + std::to_string(values[i]);
    }
    return text;
  }

  Generator random_;
  Swarm swarm_;
  env::fake::FakeEnv env_;
  Scenario scenario_;
  testing::SimulatedJob job_;
  SeedReport report_;
  std::uint64_t next_event_ = 0;
  std::uint64_t epoch_ = 0;
  std::map<std::string, std::vector<std::int64_t>> watermarks_;  // by fact, key group
};

}  // namespace

Result<SeedReport> run_seed(std::uint64_t seed) { return SeedRun(seed).run(); }

}  // namespace rheon::sim
