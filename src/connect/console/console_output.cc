#include "connect/console/console_output.h"

#include <utility>

#include "base/bytes.h"

namespace rheon::connect::console {

ConsoleOutput::ConsoleOutput(env::Env& env, env::Waker* waker, std::shared_ptr<std::mutex> turn)
    : env_(env), turn_(std::move(turn)), task_(env.io(), waker) {}

void ConsoleOutput::wrote() {
  if (lines_.size() >= kHandOverBytes) {
    pump();
  }
}

void ConsoleOutput::prepare() {
  uncovered_ = !lines_.empty();
  pump();
}

Result<bool> ConsoleOutput::prepared() {
  if (uncovered_) {
    pump();
  }
  if (task_.pending()) {
    return false;
  }
  RHEON_TRY(status_);
  return !uncovered_;
}

Result<bool> ConsoleOutput::blocked() {
  if (lines_.size() >= kHandOverBytes) {
    pump();
  }
  if (!task_.pending()) {
    RHEON_TRY(status_);
  }
  return lines_.size() > kBlockedBytes;
}

void ConsoleOutput::pump() {
  if (task_.pending() || lines_.empty() || !status_) {
    return;
  }
  writing_.clear();
  writing_.swap(lines_);
  uncovered_ = false;
  task_.submit([this] {
    const std::lock_guard lock(*turn_);
    status_ = env_.process().write(env::Stream::kOut, as_bytes(writing_));
  });
}

}  // namespace rheon::connect::console
