// A start, `reset`, `adopt` and `salvage` with an error at every call: each says so, nothing that
// was committed is lost, and it can be done again.

#include <gtest/gtest.h>

#include <functional>

#include "log/files/inspect.h"
#include "log/files/tests/bad_blocks.h"
#include "log/files/tests/forgery.h"
#include "log/files/tests/model_job.h"

namespace rheon::log::files::testing {
namespace {

using env::fake::Fault;

/// A machine on which no job has run yet.
struct Fresh {
  env::fake::FakeEnv env{31};
  ModelJob job{31};
  BadMachine machine{env};

  explicit Fresh(std::uint64_t /*point*/) {}
};

/// A job whose process was killed in the middle of a commit.
struct Killed : Fresh {
  explicit Killed(std::uint64_t point) : Fresh(point) {
    job.open_and_compare(env);
    for (int i = 0; i < 25; ++i) {
      EXPECT_TRUE(job.commit(env));
    }
    env.files().crash_after(point % 9);
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

/// A machine that has stopped while it wrote, in the most places that it can: behind the last
/// commit, in a new segment of the journal, and in a new one of the stream.
struct Torn : Fresh {
  explicit Torn(std::uint64_t point) : Fresh(point) {
    job.open_and_compare(env);
    for (int i = 0; i < 25; ++i) {
      EXPECT_TRUE(job.commit(env));
    }
    job.forget_log();
    const std::string last = last_segment();
    std::string bytes = contents(env, last);
    const Forgery frame = frames_of(last, bytes).back();
    bytes.resize(frame.at + kFrameHeaderBytes + frame.extension.size() + frame.payload.size());
    overwrite(env, last, bytes + "torn");
    tear("job.data/journal", number_of(last.substr(last.rfind('/') + 1)) + 1);
    tear("job.data/stream/out", env.files().list("job.data/stream/out")->size());
  }

 private:
  std::string last_segment() {
    std::string last;
    const std::vector<std::string> names = *env.files().list("job.data/journal");
    for (const std::string& name : names) {
      const std::string path = env::join("job.data/journal", name);
      if (contents(env, path).find_first_not_of('\0') != std::string::npos) {
        last = path;
      }
    }
    return last;
  }
  void tear(const std::string& directory, std::uint64_t number) {
    auto file = env.files().open(env::join(directory, number_name(number)), env::OpenMode::kCreate);
    EXPECT_TRUE((*file)->write_at(0, as_bytes(std::string(100, 't'))).has_value());
  }
};

/// After a `reset`, and a copy that has left out empty directories.
struct ResetAndCopied : Fresh {
  explicit ResetAndCopied(std::uint64_t point) : Fresh(point) {
    job.open_and_compare(env);
    EXPECT_TRUE(job.commit(env));
    job.forget_log();
    EXPECT_TRUE(reset(env, "job.data", "job").has_value());
    for (const char* name : {"journal", "snapshot", "stream"}) {
      EXPECT_TRUE(env.files().remove(env::join("job.data", name)).has_value());
    }
  }
};

/// A snapshot file and the first segment of the stream are broken.
struct Damaged : Fresh {
  explicit Damaged(std::uint64_t point) : Fresh(point) {
    job.open_and_compare(env);
    for (int i = 0; i < 40; ++i) {
      EXPECT_TRUE(job.commit(env));
    }
    job.forget_log();
    spoil("job.data/snapshot", env.files().list("job.data/snapshot")->front());
    spoil("job.data/stream/out", number_name(1));
  }

 private:
  void spoil(const std::string& directory, const std::string& name) {
    auto file = env.files().open(env::join(directory, name), env::OpenMode::kReadWrite);
    EXPECT_TRUE((*file)->write_at(0, as_bytes("rotten")).has_value());
  }
};

template <class State>
struct Trial {
  std::function<Status(State&, int time)> act;
  std::function<void(State&, int time)> expect_done;
};

/// Plans an error of a kind, and says whether it has come.
struct Trouble {
  const char* name;
  std::function<void(Fresh&, std::uint64_t point)> plan;
  std::function<bool(Fresh&, std::uint64_t point)> has_come;
};

std::vector<Trouble> troubles() {
  std::vector<Trouble> result = {
      {"a look or read",
       [](Fresh& on, std::uint64_t point) { on.machine.files().fail_at(point + 1); },
       [](Fresh& on, std::uint64_t) { return on.machine.files().failed(); }}};
  for (const auto& [name, fault] : {std::pair{"EIO", Fault::kIo},
                                    {"no space", Fault::kNoSpace},
                                    {"failed sync", Fault::kFailedSync}}) {
    const auto from = std::make_shared<std::uint64_t>(0);
    result.push_back({name,
                      [kind = fault, from](Fresh& on, std::uint64_t point) {
                        *from = on.env.files().operations();
                        on.env.files().fail_after(point, kind);
                      },
                      [from](Fresh& on, std::uint64_t point) {
                        return on.env.files().operations() > *from + point;
                      }});
  }
  return result;
}

template <class State>
void at_every_call(const Trial<State>& trial) {
  for (const Trouble& trouble : troubles()) {
    for (std::uint64_t point = 0;; point += kPointStep) {
      SCOPED_TRACE(::testing::Message() << trouble.name << " at " << point);
      State state(point);
      trouble.plan(state, point);
      const Status first = trial.act(state, 1);
      const bool has_come = trouble.has_come(state, point);
      state.env.files().clear_faults();
      state.machine.files().fail_at(0);
      if (!first.has_value()) {
        ASSERT_TRUE(has_come) << first.error().message;
        EXPECT_FALSE(first.error().message.empty());
        const Status again = trial.act(state, 2);
        ASSERT_TRUE(again.has_value()) << again.error().message;
      }
      trial.expect_done(state, first.has_value() ? 1 : 2);
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

template <class State>
Trial<State> a_start() {
  return {[](State& on, int) -> Status {
            RHEON_ASSIGN(const OpenResult opened, open(on.machine, ModelJob::options()));
            return {};
          },
          [](State& on, int) { on.job.open_and_compare(on.env); }};
}

TEST(Interrupted, AFirstStartCanBeDoneAgain) { at_every_call(a_start<Fresh>()); }

TEST(Interrupted, AStartCanBeDoneAgain) { at_every_call(a_start<Killed>()); }

TEST(Interrupted, AStartAfterATornWriteCanBeDoneAgain) { at_every_call(a_start<Torn>()); }

TEST(Interrupted, AStartWithOtherStreamsCanBeDoneAgain) {
  OpenOptions options = ModelJob::options();
  options.streams = {{"other", 1, "text", {}}};
  at_every_call<Killed>({[=](Killed& k, int) -> Status {
                           RHEON_ASSIGN(const OpenResult opened, open(k.machine, options));
                           return {};
                         },
                         [](Killed& k, int) {
                           k.job.open_and_compare(k.env);
                           EXPECT_TRUE(open_stream(k.env.files(), "job.data", "other").has_value());
                         }});
}

TEST(Interrupted, AStartAfterAResetCanBeDoneAgain) {
  at_every_call<ResetAndCopied>({a_start<ResetAndCopied>().act, [](ResetAndCopied& r, int) {
                                   const auto opened = open(r.env, ModelJob::options());
                                   ASSERT_TRUE(opened.has_value()) << opened.error().message;
                                   EXPECT_EQ(opened->opened.epoch, Epoch{0});
                                   EXPECT_EQ(opened->opened.identity.key_groups,
                                             ModelJob::options().key_groups);
                                 }});
}

TEST(Interrupted, ACommitThatCannotLookLosesNothing) {
  for (std::uint64_t look = 1;; look += kPointStep) {
    SCOPED_TRACE("look " + std::to_string(look));
    env::fake::FakeEnv env(41);
    BadMachine machine(env);
    ModelJob job(41);
    job.compare(env, open(machine, ModelJob::options()));
    machine.files().fail_at(look);
    bool fine = true;
    for (int i = 0; i < 30 && fine; ++i) {
      fine = job.commit(env);
    }
    const bool has_come = machine.files().failed();
    machine.files().fail_at(0);
    job.forget_log();
    job.open_and_compare(env);
    ASSERT_FALSE(::testing::Test::HasFailure());
    if (!has_come) {
      EXPECT_TRUE(fine);
      EXPECT_GT(look, 30u);
      return;
    }
  }
}

TEST(Interrupted, AResetCanBeDoneAgain) {
  at_every_call<Killed>({[](Killed& k, int) { return reset(k.machine, "job.data", "job"); },
                         [](Killed& k, int) {
                           const auto opened = open(k.env, ModelJob::options());
                           ASSERT_TRUE(opened.has_value()) << opened.error().message;
                           EXPECT_EQ(opened->opened.epoch, Epoch{0});
                           EXPECT_TRUE(opened->opened.facts.empty());
                         }});
}

TEST(Interrupted, AnAdoptionCanBeDoneAgain) {
  at_every_call<Killed>({[](Killed& k, int) { return adopt(k.machine, "job.data", "job"); },
                         [](Killed& k, int) { k.job.open_and_compare(k.env); }});
}

template <class State>
Trial<State> a_salvage() {
  const auto place = [](int time) { return "saved" + std::to_string(time); };
  return {[=](State& on, int time) -> Status {
            RHEON_ASSIGN(const SalvageReport report, salvage(on.machine, "job.data", place(time)));
            return {};
          },
          [=](State& on, int time) {
            const auto checked = check(on.env.files(), place(time));
            ASSERT_TRUE(checked.has_value()) << checked.error().message;
            EXPECT_FALSE(checked->damaged()) << checked->findings[0].sentence;
            OpenOptions options = ModelJob::options();
            options.directory = place(time);
            EXPECT_TRUE(open(on.env, options).has_value());
          }};
}

TEST(Interrupted, ASalvageCanBeDoneAgainToAnotherPlace) { at_every_call(a_salvage<Killed>()); }

TEST(Interrupted, ASalvageOfDamageCanBeDoneAgainToAnotherPlace) {
  at_every_call(a_salvage<Damaged>());
}

}  // namespace
}  // namespace rheon::log::files::testing
