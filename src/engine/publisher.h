#pragma once

// Tells the sinks what a commit has made true: their SinkCommitter::published(), on an I/O thread.

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/types.h"
#include "engine/sink.h"
#include "env/env.h"
#include "env/io_task.h"

namespace rheon::engine {

/// One commit at a time; one that is overtaken while another is under way is never told of alone.
/// Without space the newest commit is tried again every 100 ms. On the coordinator's thread.
class Publisher {
 public:
  /// `waker`: woken when step() has news.
  Publisher(env::Env& env, env::Waker& waker);

  /// Before the first commit.
  void add(std::string sink, std::unique_ptr<SinkCommitter> committer);
  /// `epoch` is durable.
  void committed(Epoch epoch);

  /// Hears how the last attempt went, and begins the next one when it is due. `facts`: of all
  /// sinks, as of the last committed epoch. An error of a sink other than kNoSpace: the worker is
  /// to be opened anew, so that the sink's recover() mends what is outside.
  [[nodiscard]] Status step(env::Monotonic now, const log::Facts& facts);

  /// Every sink was told of the last committed epoch.
  [[nodiscard]] bool done() const { return published_ == committed_; }
  /// The last attempt found no space; stays until one has found some.
  [[nodiscard]] bool lacks_space() const { return retry_at_.has_value(); }
  /// Nothing is under way, because it is not time yet to look for space again: then, when.
  [[nodiscard]] std::optional<env::Monotonic> waits_until() const {
    return under_way_.has_value() ? std::nullopt : retry_at_;
  }

 private:
  struct Sink {
    std::string name;
    std::unique_ptr<SinkCommitter> committer;
  };

  [[nodiscard]] Status take_outcome(env::Monotonic now);
  void begin(const log::Facts& facts);

  std::vector<Sink> sinks_;  // that want to be told
  Epoch committed_;
  std::optional<Epoch> under_way_;
  Epoch published_;
  std::optional<env::Monotonic> retry_at_;
  Status outcome_;  // of the attempt; the I/O thread's while it is under way
  env::IoTask task_;
};

}  // namespace rheon::engine
