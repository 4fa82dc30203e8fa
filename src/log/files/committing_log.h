#pragma once

// The Log on files, after open(): hands each commit to an I/O thread, and in between the tidying
// that no commit should wait for. One thread (the coordinator's), except restore().

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "env/env.h"
#include "log/files/committer.h"
#include "log/files/compaction.h"
#include "log/files/restore.h"
#include "log/log.h"

namespace rheon::log::files {

class CommittingLog : public Log {
 public:
  struct Parts {
    std::unique_ptr<env::FileLock> lock;
    std::unique_ptr<Committer> committer;
    Compaction compaction;
    RestorePlan restore;
    env::Waker* waker = nullptr;
  };
  CommittingLog(env::Env& env, Parts parts);
  /// Waits for work that is on its way. In a simulation, where nobody else could run it, run or
  /// drop the pool's work first.
  ~CommittingLog() override;
  CommittingLog(const CommittingLog&) = delete;
  CommittingLog& operator=(const CommittingLog&) = delete;

  [[nodiscard]] Status restore(const std::function<bool(KeyGroup)>& wanted,
                               RestoreVisitor& visitor) override;
  void submit(Commit commit) override;
  void decided() override;
  [[nodiscard]] std::optional<Event> poll() override;
  [[nodiscard]] std::vector<SliceAddress> slices_wanted(std::uint64_t budget_bytes) override;
  [[nodiscard]] Usage usage() const override { return usage_; }

 private:
  enum class Stage {
    kIdle,        // no work is on its way
    kCommitting,  // an I/O thread commits `commit_`
    kNoRoom,      // the same commit is tried again at `look_at_`
    kPrepared,    // `commit_` is held, and waits for decided()
    kDeciding,    // an I/O thread writes down that it counts
    kTidying,     // an I/O thread tidies; a commit that comes meanwhile waits in `commit_`
    kFailed,      // for good
  };

  void advance();
  void finish_work();
  void start_commit();
  void run_commit();
  void start_tidying();
  void on_committed();
  void counts(const CommitOutcome& outcome);
  void on_tidied();
  void on_room(const std::string& shortage);
  void fail_for_good(Error error);
  void account();
  void submit_work(std::function<void()> work);
  [[nodiscard]] bool is_time_to_look() const;

  env::Env& env_;
  std::unique_ptr<env::FileLock> lock_;
  std::unique_ptr<Committer> committer_;
  Compaction compaction_;
  RestorePlan restore_;
  env::Completion completion_;
  std::shared_ptr<int> work_exists_ = std::make_shared<int>(0);  // held by submitted work

  Stage stage_ = Stage::kIdle;
  std::optional<Commit> commit_;  // submitted and not committed
  std::vector<SliceSet> sets_;    // completed rounds, for the next commit record
  std::vector<SliceSet> sets_in_flight_;
  std::uint64_t first_segment_ = 1;
  CommitOutcome commit_outcome_;
  TidyOutcome tidy_outcome_;
  std::vector<Slice> slices_;  // of the last commit, to be written
  std::vector<std::pair<Epoch, std::vector<std::string>>> unaccounted_;  // committed deltas
  bool waiting_ = false;      // kWaiting was said, kResumed not yet
  env::Monotonic look_at_{};  // when to look for room again
  std::deque<Event> events_;
  Usage usage_;
  std::uint64_t old_journal_bytes_ = 0;
};

}  // namespace rheon::log::files
