// The control socket: messages, questions, answers, and what is printed of an answer. Either end
// may be a program of another version.

#include <fcntl.h>
#include <sys/socket.h>

#include <array>

#include "env/fake/fake_env.h"
#include "env/posix/descriptor.h"
#include "env/posix/socket_message.h"
#include "run/answers.h"
#include "run/show.h"
#include "support/input.h"
#include "support/job.h"
#include "support/same.h"
#include "support/seeds.h"

namespace rheon::fuzz {
namespace {

/// A job that keeps one entry, whatever is asked for.
class OneEntry final : public run::JobView {
 public:
  explicit OneEntry(std::string_view entry) : entry_(entry) {}

  bool running() const override { return true; }
  const engine::Plan& plan() const override { return job().plan; }
  const engine::Catalog& catalog() const override { return job().catalog; }
  Result<engine::WorkerStats> stats() override { return engine::WorkerStats{}; }
  Result<engine::Ledger> ledger() override {
    engine::Ledger ledger;
    ledger.set("operator/states/in", 7);
    ledger.set("edge/lines->states.0/sent", 7);
    return ledger;
  }
  Result<std::string> entry(const engine::Catalog::Place& /*place*/,
                            const std::string& /*key*/) override {
    return entry_;
  }
  Result<run::StateSize> size(const engine::Catalog::Place& /*place*/) override {
    return run::StateSize{};
  }
  Status scale(std::uint32_t /*shards*/) override { return {}; }

 private:
  struct Job {
    engine::Plan plan = plan_with(declared_states());
    engine::Catalog catalog = make_catalog(plan);
    static engine::Catalog make_catalog(const engine::Plan& plan) {
      std::vector<log::FactChange> changes;
      return std::move(*engine::Catalog::make(plan, {}, /*table_seed=*/1, changes));
    }
  };
  static const Job& job() {
    static const Job kJob;
    return kJob;
  }

  std::string entry_;
};

void show(const std::string& ask, const std::string& answer) {
  if (ask == "status") {
    static_cast<void>(run::show_status(answer));
    static_cast<void>(run::show_scaled(answer, 1));
  } else if (ask == "ledger") {
    static_cast<void>(run::show_ledger(answer));
  } else if (ask == "states") {
    static_cast<void>(run::show_states(answer));
  } else if (ask == "state") {
    static_cast<void>(run::show_state(answer));
  }
}

/// What a running job answers to a fuzzed question can be shown to the person who has asked.
void check_question(const std::string& request, std::string_view entry) {
  const auto question = run::question_of(request);
  if (!question.has_value()) {
    return;
  }
  check_round_trip(
      request, [](std::string_view from) { return run::question_of(std::string(from)); },
      [](const run::Question& same) { return run::to_json(same); });
  static env::fake::FakeEnv environment;
  OneEntry view(entry);
  const auto answer = run::open_answer(run::answer(environment, view, *question));
  if (answer.has_value()) {
    show(question->ask, *answer);
  }
}

/// A fuzzed answer is shown, or refused with a sentence.
void check_answer(const std::string& ask, const std::string& text) {
  const auto answer = run::open_answer(text);
  if (answer.has_value()) {
    show(ask, *answer);
  }
}

void check_message(std::string_view bytes) {
  constexpr std::size_t kMaxBytes = 64 << 10;
  using env::posix::Descriptor;
  using env::posix::Transfer;
  std::array<int, 2> ends{};
  RHEON_ASSERT(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends.data()) == 0,
               "no sockets are left");
  const Descriptor from(ends[0]);
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds{5};
  std::string message;
  {
    const Descriptor to(ends[1]);
    if (env::posix::send_message(to.get(), bytes, deadline, -1) == Transfer::kDone) {
      const auto got = env::posix::receive_message(from.get(), message, kMaxBytes, deadline, -1);
      RHEON_ASSERT(got == Transfer::kDone && message == bytes, "a message has changed");
    }
    RHEON_ASSERT(::send(to.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL) >= 0, "a socket fails");
  }
  static_cast<void>(env::posix::receive_message(from.get(), message, kMaxBytes, deadline, -1));
}

}  // namespace

Seeds seeds() {
  const auto seed = [](char kind, std::string_view first, std::string_view rest) {
    std::string out(1, kind);
    codec::put_bytes(out, first);
    return out.append(rest);
  };
  const auto answer_to = [](const run::Question& question) {
    env::fake::FakeEnv environment;
    OneEntry view("");
    return run::answer(environment, view, question);
  };
  codec::DeltaWriter entry;
  entry.begin_section(StateId{1}, KeyGroup{1});
  entry.put("a key", encoded(a_session()));
  const std::string blob = entry.take();
  return {
      {"status", seed('q', blob, run::to_json({"status", "", "", 0}))},
      {"ledger", seed('q', blob, run::to_json({"ledger", "", "", 0}))},
      {"states", seed('q', blob, run::to_json({"states", "", "", 0}))},
      {"state", seed('q', blob, run::to_json({"state", "states.session", "a key", 0}))},
      {"scale", seed('q', blob, run::to_json({"scale", "", "", 2}))},
      {"status_answer", seed('a', "status", answer_to({"status", "", "", 0}))},
      {"ledger_answer", seed('a', "ledger", answer_to({"ledger", "", "", 0}))},
      {"states_answer", seed('a', "states", answer_to({"states", "", "", 0}))},
      {"state_answer", seed('a', "state",
                            R"({"operator":"o","state":"s","key":"k","found":true,)"
                            R"("entries":[{"key":1,"value":2},{"time":"t"}],"last_write":"t"})")},
      {"error_answer", seed('a', "status", run::error_answer({ErrorCode::kRefused, "no."}))},
      {"message", seed('m', "", std::string_view("\4\0\0\0text", 8))},
  };
}

}  // namespace rheon::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace rheon;
  fuzz::Input in(data, size);
  const std::uint8_t kind = in.byte();
  const std::string first(in.text());
  const std::string rest(in.rest());
  switch (kind) {
    case 'q':
      fuzz::check_question(rest, first);
      break;
    case 'a':
      fuzz::check_answer(first, rest);
      break;
    default:
      fuzz::check_message(rest);
  }
  return 0;
}
