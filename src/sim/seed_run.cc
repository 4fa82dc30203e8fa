#include "sim/seed_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "codec/wire.h"
#include "engine/fact_names.h"
#include "engine/operator_counters.h"
#include "env/fake/waiting_env.h"
#include "log/files/inspect.h"
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

/// The one counter that goes down: entries of state as of the commit.
[[nodiscard]] bool is_at_rest(std::string_view fact) {
  return engine::parse_counter(fact.substr(engine::kLedgerPrefix.size())).what == "at_rest";
}

class SeedRun {
 public:
  SeedRun(std::uint64_t seed, const Swarm& swarm)
      : random_(skip_drawn(seed)),
        swarm_(swarm),
        told_(swarm),
        env_(seed),
        scenario_(any_scenario(env_, random_)),
        job_(env_, scenario_.job, options(seed)) {
    job_.driver().set_slowness(swarm_.slowness);
    job_.driver().set_stalls(swarm_.stalls_every, swarm_.most_stalled);
    env_.threads().let_time_pass(false);
  }

  Result<SeedReport> run() {
    Status ended = run_to_the_end();
    if (ended.has_value()) {
      job_.kill();  // faults that are still to come go with it
      ended = check_output();
    }
    if (ended.has_value()) {
      ended = check_log();
    }
    if (!ended.has_value()) {
      return broken(scenario_.name + ", " + told_.describe() + ": " + ended.error().message);
    }
    report_.turns = job_.driver().turns();
    report_.trace = job_.driver().trace();
    report_.epochs = epoch_;
    return report_;
  }

 private:
  /// The generator stands where it stood after drawing: the rest is the same, whatever the faults.
  static Generator skip_drawn(std::uint64_t seed) {
    Generator random(seed);
    static_cast<void>(Swarm::draw(random));
    return random;
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
      RHEON_TRY(start());
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

  /// A start waits for what is outside; nothing else does.
  Status start() {
    struct Waiting {
      explicit Waiting(env::fake::WaitingThreads& threads) : threads_(threads) {
        threads_.let_time_pass(true);
      }
      ~Waiting() { threads_.let_time_pass(false); }
      env::fake::WaitingThreads& threads_;
    } waiting(env_.threads());
    return job_.start(some_shards());
  }

  std::uint32_t some_shards() {
    return report_.processes == 1 ? swarm_.shards : static_cast<std::uint32_t>(1 + random_() % 5);
  }

  // ---- faults

  /// What a process does about an error (run/run_command.cc). Only those that were caused may come.
  Status judge(const Error& error) {
    const bool no_space = error.code == ErrorCode::kNoSpace;
    const bool caused = no_space ? was_full_ : error.code == ErrorCode::kIo && errors_left_ > 0;
    if (!caused) {
      return tl::unexpected<Error>(error);
    }
    if (!no_space) {
      --errors_left_;
    } else if (random_() % 2 == 0) {
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
    ++errors_left_;
    ++errors_caused_;
  }

  void fill_disk() {
    env_.files().set_capacity(env_.files().used_bytes() + random_() % 4096);
    is_full_ = was_full_ = true;
    full_until_ = env_.clock().monotonic() + std::chrono::milliseconds{random_() % 5000};
  }

  void free_space() {
    env_.files().set_capacity(std::uint64_t{1} << 40);
    is_full_ = false;
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
    ++errors_left_;  // not all of them are noticed
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

  // ---- what must hold while it runs

  /// Epochs, the ledger, the job's clock and watermarks only go on, over restarts, too; and so does
  /// what readers are told is committed.
  Status check_progress() {
    const std::uint64_t epoch = job_.worker().stats().epoch.value;
    if (epoch < std::exchange(epoch_, epoch)) {
      return broken(fmt::format("epoch {} follows a later one.", epoch));
    }
    if (scenario_.writes_files && random_() % 4 == 0) {
      RHEON_TRY(check_committed_text());
    }
    for (const auto& [key, value] : job_.worker().facts()) {
      if (key == engine::kClockFact) {
        const auto clock = static_cast<std::int64_t>(engine::decode_u64(value));
        if (clock < std::exchange(job_clock_, clock)) {
          return broken("the job's clock went back to " + std::to_string(clock) + ".");
        }
      }
      if (key.starts_with(engine::kLedgerPrefix) && !is_at_rest(key)) {
        const std::uint64_t count = engine::decode_u64(value);
        if (count < std::exchange(counted_[key], count)) {
          return broken("'" + key + "' went back to " + std::to_string(count) + ".");
        }
      }
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

  /// A reader that takes from every file as many bytes as `committed` names never sees one of them
  /// change. It may meet an error of the disk that was meant for the job.
  Status check_committed_text() {
    const auto list =
        env::read_whole(env_.files(), std::string(kOutputDirectory) + "/.rheon/committed");
    if (!list.has_value()) {
      const bool may_be = list.error().code == ErrorCode::kNotFound && committed_text_.empty();
      return may_be || take_error() ? Status{} : tl::unexpected<Error>(list.error());
    }
    std::map<std::string, std::uint64_t> told;
    std::string_view lines = *list;
    while (!lines.empty()) {
      const std::string_view line = lines.substr(0, lines.find('\n'));
      lines.remove_prefix(std::min(line.size() + 1, lines.size()));
      const std::size_t space = std::min(line.find(' '), line.size());
      std::uint64_t bytes = 0;
      std::from_chars(line.data() + space + (space < line.size() ? 1 : 0),
                      line.data() + line.size(), bytes);
      told[std::string(line.substr(0, space))] = bytes;
    }
    for (const auto& [name, bytes] : told) {
      const auto text = env::read_whole(env_.files(), std::string(kOutputDirectory) + "/" + name);
      if (!text.has_value() && take_error()) {
        return {};
      }
      std::string& seen = committed_text_[name];
      if (!text.has_value() || text->size() < bytes || !text->starts_with(seen)) {
        return broken(fmt::format(
            "of '{}' {} bytes are told to be committed, and they, or what a reader had seen "
            "before, are not there.",
            name, bytes));
      }
      if (bytes > seen.size()) {
        seen = text->substr(0, bytes);
      }
    }
    for (const auto& [name, seen] : committed_text_) {
      if (errors_caused_ == 0 && !was_full_ && told[name] < seen.size()) {
        return broken(fmt::format("of '{}' {} bytes were told to be committed, and now {}.", name,
                                  seen.size(), told[name]));
      }
    }
    return {};
  }

  /// An error that was caused has come.
  bool take_error() {
    if (errors_left_ == 0) {
      return false;
    }
    --errors_left_;
    return true;
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
    if (scenario_.brokers != nullptr) {
      RHEON_TRY(check_topic());
    }
    return scenario_.writes_files ? check_files() : Status();
  }

  Status check_topic() {
    Answer found;
    for (std::int32_t partition = 0; partition < kOutputPartitions; ++partition) {
      for (const std::string& record : scenario_.brokers->committed(kOutputTopic, partition)) {
        const std::size_t equals = record.rfind('=');
        found[record.substr(0, equals)].push_back(std::stoull(record.substr(equals + 1)));
      }
    }
    return compare(found, scenario_.expected, "the topic");
  }

  Status check_files() {
    Answer found;
    RHEON_ASSIGN(const std::vector<std::string> files,
                 env_.files().glob(std::string(kOutputDirectory) + "/*.csv"));
    for (const std::string& file : files) {
      RHEON_ASSIGN(const std::string text, env::read_whole(env_.files(), file));
      RHEON_TRY(check_published(file, text.size()));
      Answer here;
      RHEON_TRY(read_csv(file, text, here));
      for (const auto& [key, values] : here) {
        RHEON_TRY(check_order(file, key, values));
        found[key].insert(found[key].end(), values.begin(), values.end());
      }
    }
    return compare(sorted(std::move(found)), sorted(scenario_.expected), "the files");
  }

  Status check_order(const std::string& file, const std::string& key,
                     const std::vector<std::uint64_t>& values) {
    const std::vector<std::uint64_t>& all = scenario_.expected[key];
    auto at = all.begin();
    for (const std::uint64_t value : values) {
      at = std::find(at, all.end(), value);
      if (at == all.end()) {
        return broken(
            fmt::format("{} has for key '{}' {}, of {}.", file, key, show(values), show(all)));
      }
      ++at;
    }
    return {};
  }

  static Answer sorted(Answer answer) {
    for (auto& [key, values] : answer) {
      std::sort(values.begin(), values.end());
    }
    return answer;
  }

  static Status compare(const Answer& found, const Answer& expected, std::string_view output) {
    for (const auto& [key, values] : expected) {
      const auto at = found.find(key);
      if (at == found.end() || at->second != values) {
        return broken(
            fmt::format("key '{}' should have {}, {} with {}.", key, show(values), output,
                        show(at == found.end() ? std::vector<std::uint64_t>{} : at->second)));
      }
    }
    if (found.size() != expected.size()) {
      return broken(fmt::format("{} has keys that the input does not have.", output));
    }
    return {};
  }

  /// What readers are told is committed. An error of the disk may leave that to the next start.
  Status check_published(const std::string& file, std::uint64_t bytes) {
    if (errors_caused_ > 0) {
      return {};
    }
    RHEON_ASSIGN(
        const std::string committed,
        env::read_whole(env_.files(), std::string(kOutputDirectory) + "/.rheon/committed"));
    const std::string line = file.substr(file.rfind('/') + 1) + " " + std::to_string(bytes) + " ";
    if (("\n" + committed).find("\n" + line) == std::string::npos) {
      return broken("readers are not told '" + line + "', but:\n" + committed);
    }
    return {};
  }

  /// What `log check` says of the directory that the job has left.
  Status check_log() {
    RHEON_ASSIGN(const log::files::CheckReport report, log::files::check(env_.files(), "job.data"));
    for (const log::files::Finding& finding : report.findings) {
      if (finding.kind == log::files::Finding::Kind::kDamage) {
        return broken(fmt::format("log check: {}: {}", finding.file, finding.sentence));
      }
    }
    if (!report.complete || report.epoch.value < epoch_) {
      return broken(fmt::format("log check finds epoch {}, {}, after epoch {}.", report.epoch.value,
                                report.complete ? "complete" : "not complete", epoch_));
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
  const Swarm& told_;
  env::fake::WaitingEnv env_;
  Scenario scenario_;
  testing::SimulatedJob job_;
  SeedReport report_;
  std::uint64_t next_event_ = 0;
  std::uint64_t epoch_ = 0;
  std::uint32_t errors_left_ = 0;  // caused, and not seen yet
  std::uint32_t errors_caused_ = 0;
  bool is_full_ = false;
  env::Monotonic full_until_{0};
  bool brokers_are_gone_ = false;
  env::Monotonic gone_until_{0};
  const EventTime began_at_ = env_.clock().wall();
  std::int64_t job_clock_ = INT64_MIN;  // as committed
  bool was_full_ = false;
  std::map<std::string, std::vector<std::int64_t>> watermarks_;  // by fact, key group
  std::map<std::string, std::uint64_t> counted_;                 // by fact
  std::map<std::string, std::string> committed_text_;            // by file
};

}  // namespace

Swarm swarm_of(std::uint64_t seed) {
  Generator random(seed);
  return Swarm::draw(random);
}

Result<SeedReport> run_seed(std::uint64_t seed, const Swarm& swarm) {
  return SeedRun(seed, swarm).run();
}

Swarm shrink(std::uint64_t seed, Swarm swarm) {
  const auto still_fails = [seed](const Swarm& smaller) {
    return !run_seed(seed, smaller).has_value();
  };
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
