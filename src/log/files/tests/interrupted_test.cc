// A start, `reset`, `adopt` and `salvage` with an error at every call: each says so, nothing that
// was committed is lost, and it can be done again.

#include <gtest/gtest.h>

#include <functional>

#include "log/files/inspect.h"
#include "log/files/tests/bad_blocks.h"
#include "log/files/tests/model_job.h"

namespace rheon::log::files::testing {
namespace {

using env::fake::Fault;

/// A job whose process was killed in the middle of a commit.
struct Killed {
  env::fake::FakeEnv env;
  ModelJob job;
  BadMachine machine{env};

  explicit Killed(std::uint64_t operations) : env(31), job(31) {
    job.open_and_compare(env);
    for (int i = 0; i < 25; ++i) {
      EXPECT_TRUE(job.commit(env));
    }
    env.files().crash_after(operations);
    EXPECT_THROW(
        {
          while (job.commit(env)) {
          }
        },
        env::fake::Crash);
    job.forget_log();
    env.restart();
  }
};

struct Trial {
  std::function<Status(Killed&, int time)> act;
  std::function<void(Killed&, int time)> expect_done;
};

/// Plans an error of a kind, and says whether it has come.
struct Trouble {
  const char* name;
  std::function<void(Killed&, std::uint64_t point)> plan;
  std::function<bool(Killed&, std::uint64_t point)> has_come;
};

std::vector<Trouble> troubles() {
  std::vector<Trouble> result = {
      {"a look or read",
       [](Killed& k, std::uint64_t point) { k.machine.files().fail_at(point + 1); },
       [](Killed& k, std::uint64_t) { return k.machine.files().failed(); }}};
  for (const auto& [name, fault] : {std::pair{"EIO", Fault::kIo},
                                    {"no space", Fault::kNoSpace},
                                    {"failed sync", Fault::kFailedSync}}) {
    const auto from = std::make_shared<std::uint64_t>(0);
    result.push_back({name,
                      [kind = fault, from](Killed& k, std::uint64_t point) {
                        *from = k.env.files().operations();
                        k.env.files().fail_after(point, kind);
                      },
                      [from](Killed& k, std::uint64_t point) {
                        return k.env.files().operations() > *from + point;
                      }});
  }
  return result;
}

void at_every_call(const Trial& trial) {
  for (const Trouble& trouble : troubles()) {
    for (std::uint64_t point = 0;; point += kPointStep) {
      SCOPED_TRACE(::testing::Message() << trouble.name << " at " << point);
      Killed killed(point % 9);
      trouble.plan(killed, point);
      const Status first = trial.act(killed, 1);
      const bool has_come = trouble.has_come(killed, point);
      killed.env.files().clear_faults();
      killed.machine.files().fail_at(0);
      if (!first.has_value()) {
        ASSERT_TRUE(has_come) << first.error().message;
        EXPECT_FALSE(first.error().message.empty());
        const Status again = trial.act(killed, 2);
        ASSERT_TRUE(again.has_value()) << again.error().message;
      }
      trial.expect_done(killed, first.has_value() ? 1 : 2);
      if (::testing::Test::HasFailure()) {
        return;
      }
      if (!has_come) {
        EXPECT_GT(point, 3u);
        break;
      }
    }
  }
}

TEST(Interrupted, AStartCanBeDoneAgain) {
  at_every_call({[](Killed& k, int) -> Status {
                   RHEON_ASSIGN(const OpenResult opened, open(k.machine, ModelJob::options()));
                   return {};
                 },
                 [](Killed& k, int) { k.job.open_and_compare(k.env); }});
}

TEST(Interrupted, AResetCanBeDoneAgain) {
  at_every_call({[](Killed& k, int) { return reset(k.machine, "job.data", "job"); },
                 [](Killed& k, int) {
                   const auto opened = open(k.env, ModelJob::options());
                   ASSERT_TRUE(opened.has_value()) << opened.error().message;
                   EXPECT_EQ(opened->opened.epoch, Epoch{0});
                   EXPECT_TRUE(opened->opened.facts.empty());
                 }});
}

TEST(Interrupted, AnAdoptionCanBeDoneAgain) {
  at_every_call({[](Killed& k, int) { return adopt(k.machine, "job.data", "job"); },
                 [](Killed& k, int) { k.job.open_and_compare(k.env); }});
}

TEST(Interrupted, ASalvageCanBeDoneAgainToAnotherPlace) {
  const auto place = [](int time) { return "saved" + std::to_string(time); };
  at_every_call({[=](Killed& k, int time) -> Status {
                   RHEON_ASSIGN(const SalvageReport report,
                                salvage(k.machine, "job.data", place(time)));
                   return {};
                 },
                 [=](Killed& k, int time) {
                   const auto checked = check(k.env.files(), place(time));
                   ASSERT_TRUE(checked.has_value()) << checked.error().message;
                   EXPECT_FALSE(checked->damaged()) << checked->findings[0].sentence;
                   OpenOptions options = ModelJob::options();
                   options.directory = place(time);
                   EXPECT_TRUE(open(k.env, options).has_value());
                 }});
}

}  // namespace
}  // namespace rheon::log::files::testing
