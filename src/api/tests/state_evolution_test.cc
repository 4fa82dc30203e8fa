// Code changes and state stays: what an older build of a job has stored, read by a newer one.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "api/job.h"
#include "connect/memory/collector.h"
#include "connect/memory/values.h"
#include "testing/simulated_job.h"

namespace rheon {

/// The first release: a sum.
namespace first {
struct Totals {
  std::uint64_t sum = 0;
  std::uint32_t dropped_later = 7;
};
RHEON_FIELDS(Totals, sum, dropped_later)
}  // namespace first

/// The second one: a field has gone, and one has come.
namespace second {
struct Totals {
  std::string label = "fresh";
  std::uint64_t sum = 0;
  std::uint64_t since_upgrade = 0;
};
RHEON_FIELDS(Totals, label, sum, since_upgrade)
}  // namespace second

/// One that cannot read what is stored.
namespace third {
struct Totals {
  std::string sum;
};
RHEON_FIELDS(Totals, sum)
}  // namespace third

namespace {

using ::testing::HasSubstr;
using ::testing::UnorderedElementsAreArray;

constexpr std::uint64_t kKeys = 50;
constexpr std::uint64_t kTurnsOfAGeneration = 2'000'000;

template <class Totals>
struct Add : KeyedOperator<std::uint64_t, std::uint64_t, std::uint64_t> {
  Value<Totals> totals{*this, "totals", unbounded()};

  void process(const std::uint64_t& value, Context& ctx) {
    Totals& t = totals.get_or_create();
    if constexpr (requires { t.since_upgrade; }) {
      t.since_upgrade += value;
    }
    if constexpr (std::is_integral_v<decltype(t.sum)>) {
      t.sum += value;
      ctx.emit(t.sum);
    }
  }
};

/// The operator of the first release, whose state and timer have other names now. Both: also a
/// state that still has the old name.
template <class Totals, bool kBoth = false>
struct AddRenamed : KeyedOperator<std::uint64_t, std::uint64_t, std::uint64_t> {
  Value<Totals> totals{*this, "subtotals", unbounded(), renamed_from("sums", "totals")};
  Value<Totals> other{*this, kBoth ? "totals" : "other", unbounded()};

  void process(const std::uint64_t& value, Context& ctx) {
    Totals& t = totals.get_or_create();
    t.sum += value;
    ctx.emit(t.sum);
  }
};

/// One state that would take over from two.
struct Joined : KeyedOperator<std::uint64_t, std::uint64_t, std::uint64_t> {
  Value<first::Totals> all{*this, "all", unbounded(), renamed_from("subtotals", "other")};

  void process(const std::uint64_t&, Context&) { static_cast<void>(all.get_or_create()); }
};

/// An alarm of each key, under the name that a release gave it.
template <bool kRenamed>
struct Alarm : KeyedOperator<std::uint64_t, std::uint64_t, std::uint64_t> {
  Timer bell{*this, kRenamed ? "alarm" : "bell", kRenamed ? renamed_from("bell") : RenamedFrom{}};

  void process(const std::uint64_t&, Context&) { bell.set(EventTime::max()); }
  void on_timer(const Timer&, Context& ctx) { ctx.emit(ctx.key()); }
};

/// What a number does to its key: adds itself, removes the state, or asks for the sum.
enum class Act : std::uint8_t { kAdd, kRemove, kTell };
constexpr std::uint64_t kActs = 3;

template <class Totals>
struct Obey : KeyedOperator<std::uint64_t, std::uint64_t, std::uint64_t> {
  Value<Totals> totals{*this, "totals", unbounded()};

  void process(const std::uint64_t& value, Context& ctx) {
    switch (static_cast<Act>(value / kKeys % kActs)) {
      case Act::kAdd:
        totals.get_or_create().sum += value;
        break;
      case Act::kRemove:
        totals.clear();
        break;
      case Act::kTell:
        ctx.emit(totals.exists() ? totals.get()->sum : 0);
        break;
    }
  }
};

using Sums = memory::Collector<std::pair<std::uint64_t, std::uint64_t>>;

/// Reads the numbers 0 .. count-1 and adds them up by their remainder.
template <class Operator>
[[nodiscard]] testing::JobDescription job_with(std::uint64_t count, Sums sums,
                                               std::string name = "sums") {
  return [=](Job& job) {
    std::vector<std::uint64_t> numbers(count);
    for (std::uint64_t i = 0; i < count; ++i) {
      numbers[i] = i;
    }
    auto totals = job.from("numbers", memory::values<std::uint64_t>(std::move(numbers)))
                      .key_by([](std::uint64_t n) { return n % kKeys; })
                      .template process<Operator>(name);
    (name == "sums" ? totals : totals.renamed_from("sums")).to("out", sums);
  };
}

template <class Totals>
[[nodiscard]] testing::JobDescription job_over(std::uint64_t count, Sums sums,
                                               std::string name = "sums") {
  return job_with<Add<Totals>>(count, std::move(sums), std::move(name));
}

class StateEvolution : public ::testing::TestWithParam<std::uint64_t> {
 protected:
  [[nodiscard]] Status run(const testing::JobDescription& description, std::uint32_t shards,
                           bool drain = false) {
    testing::SimulatedJobOptions options;
    options.seed = GetParam();
    options.drain = drain;
    options.log = testing::small_log();
    options.commit_interval = std::chrono::milliseconds{1};
    options.max_uncommitted_bytes = max_uncommitted_bytes_;
    testing::SimulatedJob job(env_, description, options);
    RHEON_TRY(job.start(shards));
    return job.run(kTurnsOfAGeneration);
  }

  /// The largest result per key, which is the last.
  [[nodiscard]] static std::map<std::uint64_t, std::uint64_t> last(const Sums& sums) {
    std::map<std::uint64_t, std::uint64_t> result;
    for (const auto& [key, sum] : sums.committed()) {
      result[key] = std::max(result[key], sum);
    }
    return result;
  }
  [[nodiscard]] static std::map<std::uint64_t, std::uint64_t> expected(std::uint64_t count) {
    std::map<std::uint64_t, std::uint64_t> result;
    for (std::uint64_t i = 0; i < count; ++i) {
      result[i % kKeys] += i;
    }
    return result;
  }

  env::fake::FakeEnv env_{GetParam()};
  std::uint64_t max_uncommitted_bytes_ = 64 << 20;
  Sums sums_;
};

TEST_P(StateEvolution, FieldsCanBeAddedAndDroppedAndComeBack) {
  ASSERT_TRUE(run(job_over<first::Totals>(1'000, sums_), 2));
  EXPECT_EQ(last(sums_), expected(1'000));
  ASSERT_TRUE(run(job_over<second::Totals>(3'000, sums_), 3));
  EXPECT_EQ(last(sums_), expected(3'000));
  // Everything is read again, entries of both ages side by side.
  ASSERT_TRUE(run(job_over<second::Totals>(3'040, sums_), 1));
  EXPECT_EQ(last(sums_), expected(3'040));
  ASSERT_TRUE(run(job_over<first::Totals>(5'000, sums_), 2));
  EXPECT_EQ(last(sums_), expected(5'000));
}

TEST_P(StateEvolution, AnythingElseIsRefusedWithBothSchemas) {
  ASSERT_TRUE(run(job_over<first::Totals>(500, sums_), 1));
  const Status refused = run(job_over<third::Totals>(600, sums_), 1);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, ErrorCode::kRefused);
  EXPECT_THAT(refused.error().message, HasSubstr("sums.totals"));
  EXPECT_THAT(refused.error().message, HasSubstr("sum"));
}

TEST_P(StateEvolution, ARenamedOperatorFindsItsState) {
  ASSERT_TRUE(run(job_over<first::Totals>(1'000, sums_), 2));
  ASSERT_TRUE(run(job_over<first::Totals>(2'000, sums_, "additions"), 2));
  EXPECT_EQ(last(sums_), expected(2'000));
}

TEST_P(StateEvolution, ARenamedStateIsFoundAlsoWhenItsOperatorIsRenamed) {
  ASSERT_TRUE(run(job_over<first::Totals>(1'000, sums_), 2));
  ASSERT_TRUE(run(job_with<AddRenamed<first::Totals>>(2'000, sums_), 2));
  EXPECT_EQ(last(sums_), expected(2'000));
  ASSERT_TRUE(run(job_with<AddRenamed<first::Totals>>(3'000, sums_, "additions"), 3));
  EXPECT_EQ(last(sums_), expected(3'000));
}

TEST_P(StateEvolution, ARenamedStateMayHaveChangedAsWell) {
  ASSERT_TRUE(run(job_over<first::Totals>(1'000, sums_), 2));
  ASSERT_TRUE(run(job_with<AddRenamed<second::Totals>>(1'020, sums_), 2));
  // Entries of the older schema are still there, under the new name.
  ASSERT_TRUE(run(job_with<AddRenamed<second::Totals>>(2'000, sums_), 1));
  EXPECT_EQ(last(sums_), expected(2'000));
}

TEST_P(StateEvolution, TheOldNameIsRefusedWhenItIsInUse) {
  const Status refused = run(job_with<AddRenamed<first::Totals, true>>(10, sums_), 1);
  ASSERT_FALSE(refused.has_value());
  EXPECT_THAT(refused.error().message,
              HasSubstr("'sums.subtotals' says renamed_from(\"totals\"), and 'sums' still has"));
}

TEST_P(StateEvolution, TwoStatesDoNotBecomeOne) {
  ASSERT_TRUE(run(job_with<AddRenamed<first::Totals>>(100, sums_), 1));
  const Status refused = run(job_with<Joined>(110, sums_), 1);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, ErrorCode::kRefused);
  EXPECT_THAT(refused.error().message, HasSubstr("and both would become 'sums.all'"));
}

TEST_P(StateEvolution, ARenamedTimerFires) {
  ASSERT_TRUE(run(job_with<Alarm<false>>(kKeys, sums_), 2));
  ASSERT_TRUE(run(job_with<Alarm<true>>(kKeys + 1, sums_), 2, /*drain=*/true));
  EXPECT_EQ(last(sums_).size(), kKeys);
}

TEST_P(StateEvolution, AnOperatorThatIsGoneIsRefusedByName) {
  ASSERT_TRUE(run(job_over<first::Totals>(500, sums_), 1));
  const Status refused = run(
      [this](Job& job) {
        job.from("numbers", memory::values<std::uint64_t>({1}))
            .key_by([](std::uint64_t n) { return n; })
            .to("out", sums_);
      },
      1);
  ASSERT_FALSE(refused.has_value());
  EXPECT_THAT(refused.error().message, HasSubstr("sums.totals"));
}

/// Numbers that tell keys what to do, in the order in which they are read; and what must come of
/// it.
class Orders {
 public:
  void give(Act act, std::uint64_t key) {
    const std::uint64_t number =
        key + kKeys * (static_cast<std::uint64_t>(act) + kActs * numbers_.size());
    numbers_.push_back(number);
    switch (act) {
      case Act::kAdd:
        sums_[key] += number;
        break;
      case Act::kRemove:
        sums_.erase(key);
        break;
      case Act::kTell:
        told_.emplace_back(key, sums_.contains(key) ? sums_[key] : 0);
        break;
    }
  }
  void give_all(Act act, std::uint64_t first, std::uint64_t last, int times = 1) {
    for (int i = 0; i < times; ++i) {
      for (std::uint64_t key = first; key <= last; ++key) {
        give(act, key);
      }
    }
  }

  template <class Totals>
  [[nodiscard]] testing::JobDescription job(Sums sums, std::uint32_t key_groups) const {
    return [numbers = numbers_, sums, key_groups](Job& job) {
      job.key_groups(key_groups);
      job.from("numbers", memory::values<std::uint64_t>(numbers))
          .key_by([](std::uint64_t n) { return n % kKeys; })
          .template process<Obey<Totals>>("sums")
          .to("out", sums);
    };
  }
  [[nodiscard]] const auto& told() const { return told_; }

 private:
  std::vector<std::uint64_t> numbers_;
  std::map<std::uint64_t, std::uint64_t> sums_;
  std::vector<std::pair<std::uint64_t, std::uint64_t>> told_;
};

class CompactedEvolution : public StateEvolution {
 protected:
  void evolve(std::uint32_t key_groups) {
    max_uncommitted_bytes_ = 200;  // many commits
    Orders orders;
    orders.give_all(Act::kAdd, 0, 19, 40);
    orders.give_all(Act::kAdd, 20, kKeys - 1);
    ASSERT_TRUE(run(orders.job<first::Totals>(sums_, key_groups), 2));
    orders.give_all(Act::kRemove, 0, 9);
    orders.give_all(Act::kAdd, 10, 14, 40);
    ASSERT_TRUE(run(orders.job<second::Totals>(sums_, key_groups), 1));
    orders.give_all(Act::kTell, 0, kKeys - 1);
    ASSERT_TRUE(run(orders.job<second::Totals>(sums_, key_groups), 2));
    EXPECT_THAT(sums_.committed(), UnorderedElementsAreArray(orders.told()));
    orders.give_all(Act::kRemove, 20, 24);
    orders.give_all(Act::kAdd, 30, 31, 100);
    ASSERT_TRUE(run(orders.job<first::Totals>(sums_, key_groups), 1));
    orders.give_all(Act::kTell, 0, kKeys - 1);
    ASSERT_TRUE(run(orders.job<first::Totals>(sums_, key_groups), 1));
    EXPECT_THAT(sums_.committed(), UnorderedElementsAreArray(orders.told()));
  }
};

TEST_P(CompactedEvolution, ReplacesTablesOfOneSliceTogether) { evolve(1'024); }

TEST_P(CompactedEvolution, ReplacesTablesOfManySlicesTogether) { evolve(1); }

INSTANTIATE_TEST_SUITE_P(Seeds, CompactedEvolution, ::testing::Values(1, 2, 3));
INSTANTIATE_TEST_SUITE_P(Seeds, StateEvolution, ::testing::Values(1, 2, 3));

}  // namespace
}  // namespace rheon
