#pragma once

// The state of one keyed operator and its log, without a running job: what commits, snapshots and
// restores are measured on.

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "api/job.h"
#include "engine/catalog.h"
#include "engine/processor.h"
#include "log/files/file_log.h"

namespace rheon::bench {

class KeyedTables {
 public:
  /// A job with one keyed operator with one state; its log in a fresh directory.
  KeyedTables(env::Env& env, const std::function<void(Job&)>& describe, std::string directory);

  /// Writes each key's value with `write` (it gets the state's object): the keys are in the next
  /// commit.
  void put(const std::vector<std::string_view>& keys,
           const std::function<void(void* value, std::size_t index)>& write);
  /// Commits what has changed, as a barrier would, in deltas of at most about `bytes_per_commit`;
  /// their bytes.
  std::uint64_t commit(std::uint64_t bytes_per_commit);
  /// Gives the log the slices that it asks for, until it asks for none (it leaves a part of the
  /// state in deltas); their bytes.
  [[nodiscard]] std::uint64_t snapshot(std::uint64_t bytes_per_commit);
  /// Closes the log; the tables go, too.
  void close();

 private:
  void submit(log::Commit commit);

  env::Env& env_;
  std::unique_ptr<env::Parker> parker_;
  engine::Plan plan_;
  engine::Catalog catalog_;
  std::vector<log::FactChange> facts_;
  std::unique_ptr<log::Log> log_;
  Epoch epoch_;
  engine::KeyGroups groups_;
  state::ChangeLog changes_;
};

}  // namespace rheon::bench
