#pragma once

#include <cstddef>
#include <memory>
#include <mutex>
#include <string>

#include "connect/io_task.h"
#include "env/env.h"

namespace rheon::connect::console {

/// The lines of one writer on their way to the standard output. What is the same for every type of
/// record. Used by one shard.
class ConsoleOutput {
 public:
  static constexpr std::size_t kHandOverBytes = 64 << 10;
  static constexpr std::size_t kBlockedBytes = 4 << 20;

  /// `turn`: shared by all writers, so that lines stay whole.
  ConsoleOutput(env::Env& env, env::Waker* waker, std::shared_ptr<std::mutex> turn);

  /// Append whole lines here, then call wrote().
  [[nodiscard]] std::string& lines() { return lines_; }
  void wrote();
  /// Everything up to here is to be written.
  void prepare();
  [[nodiscard]] Result<bool> prepared();
  [[nodiscard]] Result<bool> blocked();

 private:
  void pump();

  env::Env& env_;
  std::shared_ptr<std::mutex> turn_;
  std::string lines_;
  bool uncovered_ = false;  // of what prepare() covers some is not handed over yet

  // Of the I/O thread while the task is pending.
  std::string writing_;
  Status status_;

  IoTask task_;  // last: goes first
};

}  // namespace rheon::connect::console
