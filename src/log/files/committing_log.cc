#include "log/files/committing_log.h"

#include <chrono>
#include <utility>

#include "base/assert.h"

namespace rheon::log::files {

namespace {

constexpr std::chrono::milliseconds kLookForRoomEvery{250};
constexpr std::chrono::milliseconds kWaitStep{1};

}  // namespace

CommittingLog::CommittingLog(env::Env& env, Parts parts)
    : env_(env),
      lock_(std::move(parts.lock)),
      committer_(std::move(parts.committer)),
      compaction_(std::move(parts.compaction)),
      restore_(std::move(parts.restore)),
      completion_(parts.waker),
      usage_(committer_->usage()),
      old_journal_bytes_(committer_->old_journal_bytes()) {}

CommittingLog::~CommittingLog() {
  const auto parker = env_.threads().make_parker();
  env::Monotonic before = env_.clock().monotonic();
  while (completion_.pending()) {
    parker->park_until(before + kWaitStep);
    const env::Monotonic now = env_.clock().monotonic();
    if (now == before) {
      // Time stands still: a simulation. The work was dropped, or never will run.
      RHEON_ASSERT(work_exists_.use_count() == 1,
                   "a log is destroyed while its work waits in a simulation: run or drop it first");
      return;
    }
    before = now;
  }
}

Status CommittingLog::restore(const std::function<bool(KeyGroup)>& wanted,
                              RestoreVisitor& visitor) {
  return files::restore(env_.files(), restore_, wanted, visitor);
}

void CommittingLog::submit(Commit commit) {
  RHEON_ASSERT(!commit_.has_value(), "a commit was submitted while another is on its way");
  commit_ = std::move(commit);
  if (stage_ == Stage::kFailed) {
    events_.push_back({Event::Kind::kFailed, commit_->epoch,
                       "the log has failed before: it must be opened anew"});
    return;
  }
  if (stage_ == Stage::kIdle) {
    start_commit();
  }
}

void CommittingLog::decided() {
  RHEON_ASSERT(stage_ == Stage::kPrepared, "no epoch is prepared");
  stage_ = Stage::kDeciding;
  submit_work([this] { commit_outcome_ = committer_->decided(); });
}

std::optional<Event> CommittingLog::poll() {
  advance();
  if (events_.empty()) {
    return std::nullopt;
  }
  Event event = std::move(events_.front());
  events_.pop_front();
  return event;
}

std::vector<SliceAddress> CommittingLog::slices_wanted(std::uint64_t budget_bytes) {
  if (stage_ == Stage::kFailed || waiting_) {
    return {};
  }
  account();
  return compaction_.wanted(budget_bytes, old_journal_bytes_);
}

void CommittingLog::advance() {
  if (completion_.done()) {
    completion_.reset();
    finish_work();
  }
  switch (stage_) {
    case Stage::kIdle:
      if (commit_.has_value()) {
        start_commit();
      } else if (!slices_.empty() || (waiting_ ? is_time_to_look() : committer_->wants_tidying())) {
        start_tidying();
      }
      break;
    case Stage::kNoRoom:
      if (is_time_to_look()) {
        run_commit();
      }
      break;
    case Stage::kCommitting:
    case Stage::kPrepared:
    case Stage::kDeciding:
    case Stage::kTidying:
    case Stage::kFailed:
      break;
  }
}

bool CommittingLog::is_time_to_look() const { return env_.clock().monotonic() >= look_at_; }

void CommittingLog::finish_work() {
  if (stage_ == Stage::kCommitting) {
    on_committed();
  } else if (stage_ == Stage::kDeciding) {
    counts(commit_outcome_);
  } else {
    RHEON_ASSERT(stage_ == Stage::kTidying, "work of no kind has ended");
    on_tidied();
  }
}

void CommittingLog::submit_work(std::function<void()> work) {
  env_.io().submit([work = std::move(work), exists = work_exists_] { work(); }, completion_);
}

void CommittingLog::start_commit() {
  if (auto status = committer_->check(*commit_); !status.has_value()) {
    fail_for_good(std::move(status).error());
    return;
  }
  account();
  for (const Slice& slice : commit_->slices) {
    compaction_.carried(slice.address, commit_->epoch);
  }
  compaction_.forget_unanswered();
  sets_in_flight_ = std::move(sets_);
  sets_.clear();
  first_segment_ = committer_->segment_of(compaction_.oldest_needed());
  run_commit();
}

void CommittingLog::run_commit() {
  stage_ = Stage::kCommitting;
  submit_work(
      [this] { commit_outcome_ = committer_->commit(*commit_, sets_in_flight_, first_segment_); });
}

void CommittingLog::on_committed() {
  const CommitOutcome outcome = std::move(commit_outcome_);
  if (!outcome.decided.has_value()) {
    const Error& error = outcome.decided.error();
    if (error.code != ErrorCode::kNoSpace) {
      fail_for_good(error);
      return;
    }
    if (!waiting_) {
      waiting_ = true;
      events_.push_back({Event::Kind::kWaiting, commit_->epoch,
                         error.message + "; the commit is tried again until there is room"});
    }
    stage_ = Stage::kNoRoom;
    look_at_ = env_.clock().monotonic() + kLookForRoomEvery;
    return;
  }
  usage_.last_commit_micros = outcome.micros;
  if (commit_->prepared) {
    stage_ = Stage::kPrepared;
    events_.push_back({Event::Kind::kPrepared, commit_->epoch, {}});
    return;
  }
  counts(outcome);
}

void CommittingLog::counts(const CommitOutcome& outcome) {
  stage_ = Stage::kIdle;
  const Epoch epoch = commit_->epoch;
  events_.push_back({Event::Kind::kCommitted, epoch, {}});
  unaccounted_.emplace_back(epoch, std::move(commit_->deltas));
  slices_ = std::move(commit_->slices);
  commit_.reset();
  const std::uint64_t micros = usage_.last_commit_micros;
  usage_ = committer_->usage();
  usage_.last_commit_micros = micros;
  old_journal_bytes_ = committer_->old_journal_bytes();
  if (!outcome.after.has_value()) {
    fail_for_good(outcome.after.error());
    return;
  }
  if (!sets_in_flight_.empty()) {
    for (const auto& [state, group] : committer_->sparse_cells()) {
      compaction_.renew(state, group);
    }
  }
  on_room(outcome.shortage);
}

void CommittingLog::start_tidying() {
  stage_ = Stage::kTidying;
  const std::optional<std::uint64_t> in_rounds = compaction_.oldest_file();
  submit_work([this, in_rounds] { tidy_outcome_ = committer_->tidy(slices_, in_rounds); });
}

void CommittingLog::on_tidied() {
  stage_ = Stage::kIdle;
  const TidyOutcome outcome = std::move(tidy_outcome_);
  slices_.clear();
  if (!outcome.status.has_value()) {
    fail_for_good(outcome.status.error());
    return;
  }
  for (const SliceEntry& slice : outcome.written) {
    if (auto set = compaction_.written(slice); set.has_value()) {
      sets_.push_back(std::move(*set));
    }
  }
  for (const SliceAddress& address : outcome.not_written) {
    compaction_.lost(address);
  }
  on_room(outcome.shortage);
}

void CommittingLog::on_room(const std::string& shortage) {
  if (!shortage.empty()) {
    look_at_ = env_.clock().monotonic() + kLookForRoomEvery;
    if (!waiting_) {
      waiting_ = true;
      events_.push_back({Event::Kind::kWaiting, committer_->standing().epoch, shortage});
    }
  } else if (waiting_) {
    waiting_ = false;
    events_.push_back({Event::Kind::kResumed, committer_->standing().epoch, {}});
  }
}

void CommittingLog::fail_for_good(Error error) {
  stage_ = Stage::kFailed;
  const Epoch epoch = commit_.has_value() ? commit_->epoch : committer_->standing().epoch;
  // A file that is not there: opening anew goes on without it, or says what is gone.
  const ErrorCode code = error.code == ErrorCode::kNotFound ? ErrorCode::kIo : error.code;
  events_.push_back({Event::Kind::kFailed, epoch, std::move(error.message), code});
}

void CommittingLog::account() {
  for (const auto& [epoch, deltas] : unaccounted_) {
    for (const std::string& delta : deltas) {
      RHEON_ASSERT(compaction_.add_delta(epoch, delta), "a committed delta cannot be read");
    }
  }
  unaccounted_.clear();
}

}  // namespace rheon::log::files
