#include "run/inspect_commands.h"

#include <fmt/format.h>

#include <utility>

#include "run/answers.h"
#include "run/control_server.h"
#include "run/data_directory.h"
#include "run/show.h"
#include "run/stream_commands.h"

namespace rheon::run {

namespace {

constexpr std::chrono::seconds kAnswerTimeout{10};
constexpr std::chrono::milliseconds kLookAgain{20};
constexpr int kLooks = 500;  // 10 s

class Inspector {
 public:
  Inspector(env::Env& env, const graph::Graph& graph, const CommandLine& line)
      : env_(env), graph_(graph), line_(line) {}

  Result<std::string> run() {
    RHEON_TRY(require_data_directory(env_, line_.data_directory));
    switch (line_.command) {
      case Command::kStreamList:
        return list_streams(env_, line_.data_directory, line_.json);
      case Command::kStreamCat:
        return cat_stream(env_, line_.data_directory, line_.stream);
      case Command::kStatus:
        return show("status", &show_status);
      case Command::kLedger:
        return show("ledger", &show_ledger);
      case Command::kStateList:
        return show("states", &show_states);
      case Command::kStateGet:
        return show("state", &show_state);
      case Command::kScale:
        return scale();
      default:
        return fail(ErrorCode::kInternal, "this command is not a question.");
    }
  }

 private:
  using Show = Result<std::string> (*)(const std::string&);

  Result<std::string> show(const char* ask, Show words) {
    RHEON_ASSIGN(const std::string json,
                 answer({.ask = ask, .address = line_.address, .key = line_.key}));
    return line_.json ? json + "\n" : words(json);
  }

  /// From the running job, or else from its log, which is held for this moment only.
  Result<std::string> answer(Question question) {
    static_cast<void>(wait_while_held_silently(env_, line_.data_directory));
    question.job = graph_.job;
    // A process that is stopped (SIGSTOP) reads it when it goes on.
    question.until_micros =
        env_.clock().wall().micros + std::chrono::microseconds(kAnswerTimeout).count();
    const Result<std::string> told =
        env_.sockets().ask(control_path(line_.data_directory), to_json(question), kAnswerTimeout);
    if (told.has_value()) {
      return open_answer(*told);
    }
    if (told.error().code == ErrorCode::kIo) {
      return fail(ErrorCode::kIo,
                  fmt::format("the job that runs on '{}' does not answer: {}. Its process may be "
                              "stopped (SIGSTOP, a debugger) or its machine very busy: ask again.",
                              line_.data_directory, told.error().message));
    }
    if (told.error().code != ErrorCode::kNotFound) {
      return tl::unexpected<Error>(told.error());
    }
    question.until_micros = 0;  // to open a large log may take long
    RHEON_ASSIGN(const std::unique_ptr<JobView> view,
                 view_at_rest(env_, graph_, line_.data_directory));
    return open_answer(run::answer(env_, *view, question));
  }

  Result<std::string> scale() {
    RHEON_TRY(answer({.ask = "scale", .shards = line_.shards}));
    const std::unique_ptr<env::Parker> parker = env_.threads().make_parker();
    for (int i = 0; i < kLooks; ++i) {
      RHEON_ASSIGN(const std::string status, answer({.ask = "status"}));
      if (const Result<std::string> done = show_scaled(status, line_.shards);
          done.has_value() || done.error().code != ErrorCode::kNotFound) {
        return done;
      }
      parker->park_until(env_.clock().monotonic() + kLookAgain);
    }
    return fail(ErrorCode::kInternal,
                fmt::format("the job was asked to run on {} shards and has not done so within "
                            "10 s. `status` shows how it is doing.",
                            line_.shards));
  }

  env::Env& env_;
  const graph::Graph& graph_;
  const CommandLine& line_;
};

}  // namespace

Result<std::string> inspect(env::Env& env, const graph::Graph& graph, const CommandLine& line) {
  return Inspector(env, graph, line).run();
}

}  // namespace rheon::run
