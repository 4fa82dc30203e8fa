// A job that asks for more key groups than its data directory has.

#include "engine/split_key_groups.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "api/job.h"
#include "api/parameters.h"
#include "base/sanitizers.h"
#include "codec/wire.h"
#include "connect/files/csv.h"
#include "connect/generator/words.h"
#include "connect/memory/values.h"
#include "env/fake/fake_env.h"
#include "testing/simulated_job.h"

namespace rheon {
namespace {

using ::testing::HasSubstr;

constexpr std::uint64_t kWords = 20'000;

/// What a release of the job has stored, and what the next one makes of it.
namespace before {
struct Total {
  std::uint64_t records = 0;
  std::uint32_t dropped_later = 7;
};
RHEON_FIELDS(Total, records, dropped_later)
}  // namespace before
namespace since {
struct Total {
  std::uint64_t records = 0;
  std::string label = "fresh";
};
RHEON_FIELDS(Total, records, label)
}  // namespace since

constexpr std::uint64_t kGatheredKeys = 60;
constexpr std::uint64_t kValuesOfAKey = 4;  // different ones of a key
constexpr std::uint64_t kTimes = 200;       // of each value

/// Says at the end what it has kept of a key in a value, a map, a list and timers.
template <class Total, bool kRenamed>
struct Gather : KeyedOperator<std::uint64_t, std::uint64_t, std::uint64_t> {
  Value<Total> total{*this, kRenamed ? "sum" : "total", unbounded(),
                     kRenamed ? renamed_from("total") : RenamedFrom{}};
  Map<std::uint64_t, std::uint64_t> seen{*this, "seen", unbounded()};
  List<std::uint64_t> all{*this, "all", unbounded()};
  TimerSet ends{*this, "ends"};

  void process(const std::uint64_t& value, Context&) {
    ++total.get_or_create().records;
    if (!seen.contains(value)) {
      all.push_back(value);
    }
    ++seen.edit(value);
    ends.add(EventTime::max());
  }
  void on_timer(const TimerSet&, Context& ctx) {
    std::uint64_t records = 0;
    seen.for_each([&](std::uint64_t, std::uint64_t times) { records += times; });
    if (records == total.get_or_create().records) {
      ctx.emit(records * 100 + seen.size() * 10 + all.size());
    }
  }
};

/// A machine on which work of the pool is done as soon as it is given: for code that waits for it.
class PromptMachine final : public env::Env {
 public:
  explicit PromptMachine(env::fake::FakeEnv& machine) : machine_(machine) {}
  env::Clock& clock() override { return machine_.clock(); }
  env::Random& random() override { return machine_.random(); }
  env::Files& files() override { return machine_.files(); }
  env::IoPool& io() override { return pool_; }
  env::Threads& threads() override { return machine_.threads(); }
  env::Process& process() override { return machine_.process(); }
  env::LocalSockets& sockets() override { return machine_.sockets(); }
  env::Network& network() override { return machine_.network(); }

 private:
  class PromptPool final : public env::fake::FakeIoPool {
   public:
    void submit(std::function<void()> work, env::Completion& completion) override {
      FakeIoPool::submit(std::move(work), completion);
      run_all();
    }
  };
  env::fake::FakeEnv& machine_;
  PromptPool pool_;
};

class SplitKeyGroups : public ::testing::Test {
 protected:
  using Describe = std::function<void(Job&, std::uint32_t groups)>;

  static void count_words(Job& job, std::uint32_t groups) {
    job.key_groups(groups);
    job.from("words", generator::words({.dictionary = 200, .count = kWords}))
        .key_by([](std::string_view word) { return word; })
        .aggregate("counts", count(), unbounded())
        .to("csv", files::csv("out"));
  }
  template <class Total, bool kRenamed>
  static void gather(Job& job, std::uint32_t groups) {
    std::vector<memory::Timed<std::uint64_t>> values;
    for (std::uint64_t i = 0; i < kGatheredKeys * kValuesOfAKey; ++i) {
      values.push_back({EventTime{static_cast<std::int64_t>(i)}, i});
    }
    job.key_groups(groups);
    job.from("numbers",
             memory::timed_values<std::uint64_t>(values, {.partitions = 2, .repeat = kTimes}))
        .key_by([](std::uint64_t value) { return value % kGatheredKeys; })
        .template process<Gather<Total, kRenamed>>("gather")
        .to("csv", files::csv("out"));
  }

  /// A process begins, on files of before if there are any.
  [[nodiscard]] Status start(std::uint32_t groups, std::uint32_t shards) {
    testing::SimulatedJobOptions options;
    options.log = testing::small_log();
    options.commit_interval = std::chrono::microseconds{1};
    job_ = std::make_unique<testing::SimulatedJob>(
        env(), [this, groups](Job& job) { describe_(job, groups); }, std::move(options));
    return job_->start(shards);
  }
  void run_some() {
    ASSERT_TRUE(start(4, 2));
    while (job_->worker().stats().epoch.value < 3) {
      ASSERT_TRUE(job_->turn());
    }
    ASSERT_EQ(job_->worker().state(), engine::WorkerState::kRunning)
        << job_->worker().stats().epoch.value;
    job_->kill();
    job_.reset();
  }
  [[nodiscard]] Result<std::uint32_t> split(std::uint32_t groups,
                                            std::size_t blob_bytes = 1 << 20) {
    Job job("job", Parameters({}, /*complete=*/true));
    describe_(job, groups);
    const Result<graph::Graph> graph = job.finish();
    if (!graph.has_value()) {
      return fail(graph.error().code, graph.error().message);
    }
    PromptMachine machine(env());
    return engine::split_key_groups(machine, engine::make_plan(*graph), "job.data", blob_bytes);
  }

  /// Ends the job on as many key groups. The lines of its output, by key.
  [[nodiscard]] std::map<std::string, std::vector<std::uint64_t>> finish(std::uint32_t groups) {
    std::map<std::string, std::vector<std::uint64_t>> lines;
    const Status started = start(groups, 3);
    EXPECT_TRUE(started) << started.error().message;
    const Status ran = job_->run(3'000'000);
    EXPECT_TRUE(ran) << ran.error().message;
    EXPECT_EQ(job_->worker().state(), engine::WorkerState::kFinished);
    EXPECT_THAT(job_->worker().ledger().imbalances(), ::testing::IsEmpty());
    const auto names = env().files().list("out");
    EXPECT_TRUE(names);
    for (const std::string& name : *names) {
      if (name.ends_with(".csv")) {
        read(name, lines);
      }
    }
    return lines;
  }
  /// Every word has each of the counts 1 .. n once.
  void finish_counting(std::uint32_t groups) {
    std::uint64_t lines = 0;
    for (auto& [word, counts] : finish(groups)) {
      std::sort(counts.begin(), counts.end());
      for (std::uint64_t i = 0; i < counts.size(); ++i) {
        ASSERT_EQ(counts[i], i + 1) << word;
      }
      lines += counts.size();
    }
    EXPECT_EQ(lines, kWords);
  }
  /// Of every key all is there, once.
  void finish_gathering(std::uint32_t groups) {
    const auto lines = finish(groups);
    EXPECT_EQ(lines.size(), kGatheredKeys);
    for (const auto& [key, told] : lines) {
      EXPECT_THAT(told, ::testing::ElementsAre(kValuesOfAKey * kTimes * 100 + kValuesOfAKey * 10 +
                                               kValuesOfAKey))
          << key;
    }
  }

  [[nodiscard]] env::fake::FakeEnv& env() { return *machine_; }

  Describe describe_ = &count_words;
  std::unique_ptr<env::fake::FakeEnv> machine_ = std::make_unique<env::fake::FakeEnv>(5);
  std::unique_ptr<testing::SimulatedJob> job_;

 private:
  void read(const std::string& name, std::map<std::string, std::vector<std::uint64_t>>& lines) {
    const std::string text = env::read_whole(env().files(), "out/" + name).value();
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t comma = text.find(',', at);
      lines[text.substr(at, comma - at)].push_back(std::stoull(text.substr(comma + 1)));
      at = text.find('\n', at) + 1;
    }
  }
};

TEST_F(SplitKeyGroups, StateOfEveryKindAndTimersGoWithTheirKeys) {
  describe_ = &gather<before::Total, false>;
  run_some();
  ASSERT_TRUE(split(16));
  finish_gathering(16);
}

TEST_F(SplitKeyGroups, LargeOnesAreMovedInParts) {
  describe_ = &gather<before::Total, false>;
  run_some();
  ASSERT_TRUE(split(16, 64));
  finish_gathering(16);
}

TEST_F(SplitKeyGroups, StateOfAnOlderReleaseUnderAnotherNameGoesToo) {
  describe_ = &gather<before::Total, false>;
  run_some();
  describe_ = &gather<since::Total, true>;
  const Result<std::uint32_t> had = split(16);
  ASSERT_TRUE(had) << had.error().message;
  finish_gathering(16);
}

TEST_F(SplitKeyGroups, ThatWereSplitAreSplitAgain) {
  describe_ = &gather<before::Total, false>;
  run_some();
  ASSERT_TRUE(split(8));
  ASSERT_TRUE(start(8, 2));
  while (job_->worker().stats().epoch.value < 8) {
    ASSERT_TRUE(job_->turn());
  }
  ASSERT_EQ(job_->worker().state(), engine::WorkerState::kRunning)
      << job_->worker().stats().epoch.value;
  job_->kill();
  job_.reset();
  ASSERT_TRUE(split(32));
  finish_gathering(32);
}

TEST_F(SplitKeyGroups, TheJobGoesOnWithMoreOfThem) {
  run_some();
  const Status refused = start(16, 2);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kRefused);
  EXPECT_THAT(refused.error().message, HasSubstr("has 4 key groups, and the job now asks for 16"));
  EXPECT_THAT(refused.error().message, HasSubstr("`split-key-groups`"));
  job_.reset();
  env().restart();
  const Result<std::uint32_t> had = split(16);
  ASSERT_TRUE(had) << had.error().message;
  EXPECT_EQ(*had, 4u);
  EXPECT_EQ(split(16).value(), 16u) << "nothing is left to do";
  finish_counting(16);
}

TEST_F(SplitKeyGroups, EachPartHasSeenTheWatermarkOfTheWhole) {
  run_some();
  ASSERT_TRUE(split(8));
  ASSERT_TRUE(start(8, 2));
  std::map<std::uint64_t, std::int64_t> watermarks;  // by key group
  codec::Reader in(job_->worker().facts().at("watermark/counts"));
  while (!in.at_end()) {
    const std::uint64_t first = in.varint();
    const std::uint64_t last = in.varint();
    const std::int64_t watermark = in.i64();
    EXPECT_GT(watermark, 0);
    for (std::uint64_t group = first; group <= last; ++group) {
      EXPECT_TRUE(watermarks.emplace(group, watermark).second) << group;
    }
  }
  ASSERT_EQ(watermarks.size(), 8u);
  for (std::uint64_t group = 0; group < 4; ++group) {
    EXPECT_EQ(watermarks.at(group), watermarks.at(group + 4));
  }
}

TEST_F(SplitKeyGroups, TheyAreNotJoined) {
  run_some();
  const Result<std::uint32_t> joined = split(2);
  ASSERT_FALSE(joined);
  EXPECT_THAT(joined.error().message, HasSubstr("not be joined"));
  finish_counting(4);
}

TEST_F(SplitKeyGroups, WhereNothingHasRunThereIsNothingToSplit) {
  EXPECT_FALSE(split(16));
  EXPECT_FALSE(env().files().info("job.data"));
}

TEST_F(SplitKeyGroups, ACrashLeavesTheOldNumberOrTheNewOne) {
  // Under a sanitizer some of them: it is one thread's work, and takes minutes.
  constexpr std::uint64_t kStep = RHEON_THREAD_SANITIZER ? 7 : RHEON_ADDRESS_SANITIZER ? 3 : 1;
  bool crashed = true;
  for (std::uint64_t point = 0; crashed; point += kStep) {
    SCOPED_TRACE("crash behind operation " + std::to_string(point));
    machine_ = std::make_unique<env::fake::FakeEnv>(point);
    run_some();
    env().files().crash_after(point);
    crashed = false;
    try {
      static_cast<void>(split(8));
    } catch (const env::fake::Crash&) {
      crashed = true;
    }
    env().cut_power(point, point % 2 == 0 ? env::fake::Survival::kTorn : env::fake::Survival::kAll);
    env().restart();
    const bool is_split = start(8, 1).has_value();
    job_.reset();
    env().restart();
    EXPECT_EQ(start(4, 1).has_value(), !is_split);
    job_.reset();
    env().restart();
    ASSERT_TRUE(split(8));
    finish_counting(8);
    job_.reset();
  }
}

}  // namespace
}  // namespace rheon
