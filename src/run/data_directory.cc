#include "run/data_directory.h"

#include <fmt/format.h>

#include "log/files/format.h"
#include "run/answers.h"
#include "run/control_server.h"

namespace rheon::run {

namespace {
constexpr std::chrono::milliseconds kLookAgain{20};
constexpr std::chrono::seconds kGiveUpAfter{2};
constexpr std::chrono::seconds kAnswerTimeout{1};
}  // namespace

bool is_gone(env::Env& env, const std::string& directory) {
  const auto info = env.files().info(env::join(directory, log::files::kIdentityFile));
  return !info.has_value() && info.error().code == ErrorCode::kNotFound;
}

Status require_data_directory(env::Env& env, const std::string& directory) {
  if (!is_gone(env, directory)) {
    return {};
  }
  return fail(ErrorCode::kNotFound,
              env.files().info(directory).has_value()
                  ? fmt::format("'{}' is not the data directory of a job: it has no file "
                                "'identity'. --data-dir names another.",
                                directory)
                  : fmt::format("there is no data directory '{}': nothing has run there. `run` "
                                "makes it; --data-dir names another.",
                                directory));
}

bool is_held(env::Env& env, const std::string& directory) {
  if (is_gone(env, directory)) {
    return false;
  }
  return env.files().is_locked(env::join(directory, log::files::kLockFile)).value_or(false);
}

bool wait_while_held_silently(env::Env& env, const std::string& directory) {
  const std::unique_ptr<env::Parker> parker = env.threads().make_parker();
  const env::Monotonic end = env.clock().monotonic() + kGiveUpAfter;
  const std::string question = to_json(Question{.ask = "status"});
  while (is_held(env, directory)) {
    if (env.clock().monotonic() >= end ||
        env.sockets().ask(control_path(directory), question, kAnswerTimeout).has_value()) {
      return true;
    }
    parker->park_until(env.clock().monotonic() + kLookAgain);
  }
  return false;
}

}  // namespace rheon::run
