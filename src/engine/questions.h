#pragma once

// Questions that other threads (the control socket's) put to a running worker: answered by the
// coordinator, or by the shard that owns what is asked for. The asking thread waits; the answering
// ones never do.

#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <vector>

#include "base/types.h"

namespace rheon::engine {

class Questions {
 public:
  struct Question {
    std::function<void()> answer;
    std::optional<KeyGroup> group;   // none: for the coordinator; otherwise for the group's owner
    std::function<void()> on_shard;  // what the owner runs: the answer, then done
    bool done = false;
    bool refused = false;
  };

  /// Waits until the question has been answered; false when the worker has stopped. `ring` wakes
  /// the coordinator.
  [[nodiscard]] bool ask(Question& question, const std::function<void()>& ring);

  /// On the coordinator's thread: what has been asked since the last call.
  [[nodiscard]] std::vector<Question*> take();
  void done(Question& question);
  /// Nobody will answer any more.
  void close();

 private:
  std::mutex mutex_;
  std::condition_variable answered_;
  std::vector<Question*> waiting_;
  std::vector<Question*> asked_;  // taken, on their way
  bool closed_ = false;
};

}  // namespace rheon::engine
