// The life of an epoch, from what a sink writes to what readers are told, with a crash, a power
// cut, a failed sync or a full disk at every point, and recovery from it.
//
// Actors, and the code that their steps mirror:
//
//   shard      writes the sink's file and syncs it at a barrier: connect/files/csv_files.cc, behind
//              engine/task.cc and operators/sink.cc
//   worker     cuts an epoch, submits it, hears of it, tells the sink: engine/worker.cc,
//              engine/worker_commit.cc, engine/publisher.cc; with it the log's own state machine,
//              log/files/committing_log.cc
//   log        one commit on an I/O thread: log/files/committer.cc (decide(), then tell())
//   publisher  writes what is committed beside the CSV files: connect/files/csv_committer.cc
//   recovery   log/files/recovery.cc, file_log.cc, stream_writer.cc; connect/files/csv_directory.cc

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <compare>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "disk.h"
#include "explorer.h"

namespace rheon::models {
namespace {

/// One line of the code, written otherwise.
enum class Bug {
  kNone,
  kSinkIsNotSynced,             // CsvFiles::sync(): without the sync
  kStreamIsNotSynced,           // StreamWriter::write(): likewise
  kStreamAfterTheJournal,       // Committer::decide(): the decision comes first
  kJournalIsNotSynced,          // Journal::write_epoch(): without sync()
  kTellsBeforeTheSync,          // Committer: tell() before the journal is synced
  kSubmitsBeforePrepared,       // Sink::capture(): does not wait for prepared()
  kFailedSyncIsTriedAgain,      // Journal::sync(): once more
  kFullDiskEndsTheWait,         // CommittingLog::advance(): kNoRoom is not looked at again
  kFullDiskIsSuccess,           // CommittingLog::on_committed(): kNoSpace counts as decided
  kForgetsToPublish,            // Publisher::take_outcome(): published_ = committed_
  kFullDiskIsPublished,         // likewise, and kNoSpace counts as published
  kPublishErrorIsIgnored,       // Publisher::step(): the error is not given to the worker
  kLastEpochIsNotWrittenAgain,  // repair_journal(): syncs without write_again()
  kWitnessBeforeRepair,         // open(): the witness is filled before the journal is repaired
  kSinkIsNotCut,                // CsvRecovery::change_files(): without truncate()
  kStreamIsNotCut,              // StreamWriter::cut_to(): likewise
};

enum class Process : std::uint8_t {
  kRuns,
  kDown,  // recovery, step by step: the order of file_log.cc and worker_open.cc
  kRepaired,
  kJournalSafe,
  kStreamCut,
  kStreamSafe,
  kStreamTold,
  kWitnessFilled,
  kWitnessSafe,
  kSinkCut,
  kSinkSafe,
};

enum class Phase : std::uint8_t { kRunning, kCutting, kCommitting };  // of the worker
enum class Part : std::uint8_t { kNone, kAsked, kReady };             // of the shard, for a barrier

/// Of the log, and where its I/O thread stands.
enum class Log : std::uint8_t {
  kIdle,
  kStream,
  kStreamSync,
  kJournal,
  kJournalSync,
  kWitness,
  kPublish,
  kDone,    // the completion waits for poll()
  kNoRoom,  // it too
};

/// What the model remembers, and no process does.
struct Books {
  std::uint8_t told = 0;  // the newest epoch that anybody was told of
  File::Parts told_of{};  // whose each of them was
  std::uint8_t kills = 0, cuts = 0, errors = 0, full = 0;  // faults so far
  friend auto operator<=>(const Books&, const Books&) = default;
};

struct State {
  Disk disk;

  // The process. All of this goes with it.
  Process process = Process::kRuns;
  Writer number = 1;
  std::uint8_t epoch = 0;    // the worker's last committed
  std::uint8_t written = 0;  // epochs that the shard has written to the sink, the running one too
  Phase phase = Phase::kRunning;
  Part part = Part::kNone;
  Log log = Log::kIdle;
  std::uint8_t publishing = 0;  // the epoch that the publisher writes; 0: none
  std::uint8_t published = 0;   // the newest that it has written

  Books books;
  const char* refused = nullptr;  // recovery will not go on
  friend auto operator<=>(const State&, const State&) = default;
};

struct Faults {
  std::uint8_t kills = 0, cuts = 0, errors = 0, full = 0;
};

class Commits {
 public:
  explicit Commits(Faults faults, Bug bug = Bug::kNone) : faults_(faults), bug_(bug) {}

  [[nodiscard]] State start() const { return {}; }

  [[nodiscard]] std::vector<Step<State>> steps(const State& now) const {
    Steps all;
    if (now.process == Process::kRuns) {
      shard(now, all);
      worker(now, all);
      log(now, all);
      publisher(now, all);
    } else {
      recovery(now, all);
    }
    crashes(now, all);
    return all;
  }

  [[nodiscard]] std::string wrong(const State& s) const {
    if (s.refused != nullptr) {
      return s.refused;
    }
    const std::uint8_t safe = File::whole(s.disk.journal.device);
    if (s.books.told > safe || s.disk.witness.shown > safe) {
      return "an epoch was told of that is not durable";
    }
    for (std::size_t e = 0; e < s.books.told; ++e) {
      if (s.disk.journal.device[e] != s.books.told_of[e]) {
        return "an epoch that was told of is another one now";
      }
    }
    for (std::size_t e = 0; e < safe; ++e) {
      if (s.disk.sink.device[e] != s.disk.journal.device[e] ||
          s.disk.stream.device[e] != s.disk.journal.device[e]) {
        return "a committed epoch is not wholly on the device";
      }
    }
    if (s.process == Process::kRuns && s.log == Log::kIdle && s.phase == Phase::kRunning) {
      return wrong_at_rest(s);
    }
    return {};
  }

  [[nodiscard]] bool done(const State& s) const {
    return s.process == Process::kRuns && s.epoch == kEpochs && s.disk.committed.shown == kEpochs &&
           s.disk.published.shown == kEpochs;
  }

 private:
  using Steps = std::vector<Step<State>>;

  /// No epoch is on its way: files hold what is committed, and of the sink's the running one.
  static std::string wrong_at_rest(const State& s) {
    if (File::whole(s.disk.stream.shown) != s.epoch || s.disk.stream.shown[s.epoch] != 0) {
      return "the stream holds an epoch that is not committed";
    }
    if (s.disk.sink.shown[s.epoch] != 0 && s.disk.sink.shown[s.epoch] != s.number) {
      return "the sink holds what another process has not committed";
    }
    return {};
  }

  // ---- shard

  void shard(const State& now, Steps& all) const {
    State next = now;
    // The records of the next epoch may come at any time after the barrier, to a sink that has
    // been asked for no part or has handed it in.
    if (now.written < kEpochs && now.part != Part::kAsked && now.written <= cut_so_far(now)) {
      next.disk.sink.write(++next.written, now.number);
      all.push_back({"shard: writes to the sink", next});
    }
    if (now.part == Part::kAsked && now.written > now.epoch) {
      next = now;
      next.part = Part::kReady;
      if (bug_ != Bug::kSinkIsNotSynced && bug_ != Bug::kSubmitsBeforePrepared) {
        failing_sync(next.disk.sink, next, "shard: fails to sync the sink", all);
        next.disk.sink.sync();
      }
      all.push_back({"shard: syncs the sink and hands in its part", next});
    }
  }
  static std::uint8_t cut_so_far(const State& s) {
    return static_cast<std::uint8_t>(s.epoch + (s.phase == Phase::kRunning ? 0 : 1));
  }

  // ---- worker: step(), gather(), submit(), hear_log(), committed(); Publisher::begin()

  void worker(const State& now, Steps& all) const {
    State next = now;
    switch (now.phase) {
      case Phase::kRunning:
        if (now.written > now.epoch) {
          next.phase = Phase::kCutting;
          next.part = Part::kAsked;
          all.push_back({"worker: cuts an epoch", next});
        }
        break;
      case Phase::kCutting:
        if (now.part == Part::kReady) {
          next.phase = Phase::kCommitting;
          next.part = Part::kNone;
          next.log = Log::kStream;
          all.push_back({"worker: submits", next});
        }
        break;
      case Phase::kCommitting:
        hear_log(now, all);
        break;
    }
    if (now.published < now.epoch && now.publishing == 0) {
      next = now;
      next.publishing = now.epoch;
      all.push_back({"worker: lets the newest commit be published", next});
    }
  }

  /// CommittingLog::poll(): on_committed(), or kNoRoom when it is time to look.
  void hear_log(const State& now, Steps& all) const {
    State next = now;
    if (now.log == Log::kNoRoom && bug_ == Bug::kFullDiskIsSuccess) {
      next.log = Log::kDone;
      all.push_back({"worker: takes a full disk for success", next});
    } else if (now.log == Log::kNoRoom && bug_ != Bug::kFullDiskEndsTheWait) {
      next.log = Log::kStream;
      all.push_back({"worker: tries the same commit again", next});
    } else if (now.log == Log::kDone) {
      next.log = Log::kIdle;
      next.phase = Phase::kRunning;
      ++next.epoch;
      tell(next, next.epoch);
      all.push_back({"worker: hears that the epoch is committed", next});
    }
  }

  static void tell(State& s, std::uint8_t epoch) {
    for (std::uint8_t e = s.books.told; e < epoch; ++e) {
      s.books.told_of[e] = s.disk.journal.shown[e];
    }
    s.books.told = std::max(s.books.told, epoch);
  }

  // ---- the log's I/O thread: Committer::commit()

  void log(const State& now, Steps& all) const {
    State next = now;
    const std::uint8_t epoch = static_cast<std::uint8_t>(now.epoch + 1);
    switch (now.log) {
      case Log::kStream:  // Committer::write_streams()
        if (bug_ == Bug::kStreamAfterTheJournal &&
            now.disk.journal.shown[now.epoch] != now.number) {
          next.log = Log::kJournal;
          log(next, all);
          return;
        }
        no_room(now, "log: has no room for the stream", all);
        next.disk.stream.write(epoch, now.number);
        next.log = bug_ == Bug::kStreamIsNotSynced ? Log::kJournal : Log::kStreamSync;
        all.push_back({"log: writes the stream", next});
        break;
      case Log::kStreamSync:
        next.log = bug_ == Bug::kStreamAfterTheJournal ? Log::kWitness : Log::kJournal;
        failing_sync(next.disk.stream, next, "log: fails to sync the stream", all);
        next.disk.stream.sync();
        all.push_back({"log: syncs the stream", next});
        break;
      case Log::kJournal:  // Journal::write_epoch()
        no_room(now, "log: has no room for the journal", all);
        next.disk.journal.write(epoch, now.number);
        next.log = bug_ == Bug::kJournalIsNotSynced || bug_ == Bug::kTellsBeforeTheSync
                       ? Log::kWitness
                       : Log::kJournalSync;
        all.push_back({"log: writes the journal", next});
        break;
      case Log::kJournalSync:
        next.log = bug_ == Bug::kStreamAfterTheJournal ? Log::kStream
                   : bug_ == Bug::kTellsBeforeTheSync  ? Log::kDone
                                                       : Log::kWitness;
        if (bug_ == Bug::kFailedSyncIsTriedAgain && now.books.errors < faults_.errors) {
          State again = next;
          again.disk.journal.fail_to_sync();
          ++again.books.errors;
          all.push_back({"log: fails to sync the journal, and tries it again", again, true});
        } else {
          failing_sync(next.disk.journal, next, "log: fails to sync the journal", all);
        }
        next.disk.journal.sync();
        all.push_back({"log: syncs the journal: the decision", next});
        break;
      case Log::kWitness:  // Committer::tell(): not synced
        next.disk.witness.shown = epoch;
        next.log = Log::kPublish;
        all.push_back({"log: writes the witness", next});
        break;
      case Log::kPublish:
        next.disk.published.shown = epoch;
        tell(next, epoch);
        next.log = bug_ == Bug::kTellsBeforeTheSync ? Log::kJournalSync : Log::kDone;
        all.push_back({"log: publishes the stream", next});
        break;
      case Log::kIdle:
        if (now.disk.witness.device != now.disk.witness.shown && now.phase != Phase::kCommitting) {
          next.disk.witness.device = now.disk.witness.shown;  // Committer::tidy()
          all.push_back({"log: syncs the witness", next});
        }
        break;
      case Log::kDone:
      case Log::kNoRoom:
        break;
    }
  }

  // ---- publisher: CsvCommitter::published(), a rename that is not synced

  void publisher(const State& now, Steps& all) const {
    if (now.publishing == 0) {
      return;
    }
    State next = now;
    const std::uint8_t epoch = std::exchange(next.publishing, std::uint8_t{0});
    if (now.books.full < faults_.full) {
      State full = next;
      ++full.books.full;
      full.published = bug_ == Bug::kFullDiskIsPublished ? epoch : now.published;
      all.push_back({"publisher: has no room, and will look again", full, true});
    }
    next.published = bug_ == Bug::kForgetsToPublish ? now.epoch : epoch;
    if (now.books.errors < faults_.errors) {
      State failed = next;
      ++failed.books.errors;
      if (bug_ != Bug::kPublishErrorIsIgnored) {
        end_process(failed);
      }
      all.push_back({"publisher: cannot write: the worker is opened anew", failed, true});
    }
    next.disk.committed.shown = epoch;
    tell(next, epoch);
    all.push_back({"publisher: writes the committed lengths", next});
  }

  // ---- recovery

  void recovery(const State& now, Steps& all) const {
    State next = now;
    const std::uint8_t epochs = File::whole(now.disk.journal.shown);
    switch (now.process) {
      case Process::kDown:  // Recovery::run(), repair_journal()
        if (now.disk.witness.shown > epochs) {
          next.refused = "the witness is ahead of the journal: recovery refuses to go on";
          all.push_back({"recovery: refuses", next});
          break;
        }
        if (bug_ == Bug::kWitnessBeforeRepair) {
          next.disk.witness.shown = next.disk.witness.device = epochs;
        }
        if (now.disk.journal.shown[epochs] != 0) {
          next.disk.journal.cut(epochs);
        }
        if (epochs > 0 && bug_ != Bug::kLastEpochIsNotWrittenAgain) {
          next.disk.journal.dirty = true;  // write_again()
        }
        next.process = Process::kRepaired;
        all.push_back({"recovery: cuts the journal and writes its last epoch again", next});
        break;
      case Process::kRepaired:
        next.process = Process::kJournalSafe;
        failing_sync(next.disk.journal, next, "recovery: fails to sync the journal", all);
        next.disk.journal.sync();
        all.push_back({"recovery: syncs the journal", next});
        break;
      case Process::kJournalSafe:  // StreamWriter::cut_to()
        if (File::whole(now.disk.stream.shown) < epochs) {
          next.refused = "the stream is shorter than was committed: recovery refuses to go on";
          all.push_back({"recovery: refuses", next});
          break;
        }
        if (bug_ != Bug::kStreamIsNotCut) {
          next.disk.stream.cut(epochs);
        }
        next.process = Process::kStreamCut;
        all.push_back({"recovery: cuts the stream", next});
        break;
      case Process::kStreamCut:
        next.process = Process::kStreamSafe;
        failing_sync(next.disk.stream, next, "recovery: fails to sync the stream", all);
        next.disk.stream.sync();
        all.push_back({"recovery: syncs the stream", next});
        break;
      case Process::kStreamSafe:  // publish_first(): both slots, synced one after the other
        next.disk.published.shown = epochs;
        tell(next, epochs);
        next.process = Process::kStreamTold;
        all.push_back({"recovery: publishes the stream", next});
        break;
      case Process::kStreamTold:
        next.disk.published.device = now.disk.published.shown;
        next.disk.witness.shown = epochs;
        next.process = Process::kWitnessFilled;
        all.push_back({"recovery: writes the witness", next});
        break;
      case Process::kWitnessFilled:
        next.disk.witness.device = epochs;
        next.process = Process::kWitnessSafe;
        all.push_back({"recovery: syncs the witness", next});
        break;
      case Process::kWitnessSafe:  // CsvRecovery::run()
        if (now.disk.committed.shown > epochs || File::whole(now.disk.sink.shown) < epochs) {
          next.refused =
              now.disk.committed.shown > epochs
                  ? "the output is ahead of the log: recovery refuses to go on"
                  : "the output is shorter than was committed: recovery refuses to go on";
          all.push_back({"recovery: refuses", next});
          break;
        }
        if (now.disk.sink.shown[epochs] != 0 && bug_ != Bug::kSinkIsNotCut) {
          next.disk.sink.cut(epochs);
        }
        next.process = Process::kSinkCut;
        all.push_back({"recovery: cuts the sink", next});
        break;
      case Process::kSinkCut:
        next.process = Process::kSinkSafe;
        failing_sync(next.disk.sink, next, "recovery: fails to sync the sink", all);
        next.disk.sink.sync();
        all.push_back({"recovery: syncs the sink", next});
        break;
      case Process::kSinkSafe:  // replace_whole(): synced
        next.disk.committed = {epochs, epochs};
        tell(next, epochs);
        next.epoch = next.written = next.published = epochs;
        next.process = Process::kRuns;
        all.push_back({"recovery: writes the committed lengths; the job runs", next});
        break;
      case Process::kRuns:
        break;
    }
  }

  // ---- faults

  /// A sync that fails: the process gives up and begins anew on what the system shows. `next` has
  /// everything of the step but the sync.
  void failing_sync(File& file, const State& next, const char* name, Steps& all) const {
    if (next.books.errors == faults_.errors) {
      return;
    }
    File as_it_was = file;
    file.fail_to_sync();
    State failed = next;
    file = std::move(as_it_was);
    ++failed.books.errors;
    end_process(failed);
    all.push_back({name, failed, true});
  }

  void no_room(const State& now, const char* name, Steps& all) const {
    if (now.books.full < faults_.full) {
      State next = now;
      ++next.books.full;
      next.log = Log::kNoRoom;
      all.push_back({name, next, true});
    }
  }

  /// The disk stays, and the model's books; another process begins with recovery.
  static void end_process(State& s) {
    const State before = std::exchange(s, State{});
    s.disk = before.disk;
    s.books = before.books;
    s.number = static_cast<Writer>(before.number + 1);
    s.process = Process::kDown;
  }

  void crashes(const State& now, Steps& all) const {
    if (now.books.kills < faults_.kills) {
      State next = now;
      ++next.books.kills;
      end_process(next);
      all.push_back({"the process is killed", next, true});
      if (now.process == Process::kRuns && now.log == Log::kJournal) {
        next.disk.journal.write(static_cast<std::size_t>(now.epoch) + 1, kTorn);
        all.push_back({"the process is killed while it writes the journal", next, true});
      }
    }
    if (now.books.cuts < faults_.cuts) {
      State next = now;
      ++next.books.cuts;
      end_process(next);
      for (const Disk& left : cut_power(now.disk)) {
        next.disk = left;
        all.push_back({"the power goes", next, true});
      }
    }
  }

  Faults faults_;
  Bug bug_;
};

void expect_right(Faults faults) {
  const Report report = explore(Commits(faults));
  EXPECT_EQ(report.violation, "") << report.way;
  EXPECT_GT(report.states, 200u);  // all of it was walked through
}

TEST(CommitModel, WithoutFaultsEveryEpochIsCommittedAndPublished) { expect_right({}); }

TEST(CommitModel, AfterKillsAndPowerCutsAnEpochIsWhollyThereOrNotAtAll) {
  expect_right({.kills = 2});
  expect_right({.cuts = 2});
  expect_right({.kills = 1, .cuts = 1});
  expect_right({.kills = 2, .cuts = 2});
}

TEST(CommitModel, AFailedSyncIsNotBelievedLaterOn) {
  expect_right({.cuts = 1, .errors = 1});
  expect_right({.kills = 1, .errors = 1});
  expect_right({.kills = 1, .cuts = 1, .errors = 2, .full = 1});
}

TEST(CommitModel, AFullDiskDelaysACommitAndNothingElse) {
  expect_right({.full = 2});
  expect_right({.cuts = 1, .full = 1});
}

std::string found(Faults faults, Bug bug) { return explore(Commits(faults, bug)).violation; }

TEST(CommitModel, EachOfTheseBugsWouldBeFound) {
  const char* const kNotDurable = "an epoch was told of that is not durable";
  const char* const kNotWhole = "a committed epoch is not wholly on the device";
  const char* const kStuck = "nothing can happen any more, and it is not done";
  EXPECT_EQ(found({}, Bug::kSinkIsNotSynced), kNotWhole);
  EXPECT_EQ(found({}, Bug::kSubmitsBeforePrepared), kNotWhole);
  EXPECT_EQ(found({}, Bug::kStreamIsNotSynced), kNotWhole);
  EXPECT_EQ(found({}, Bug::kStreamAfterTheJournal), kNotWhole);
  EXPECT_EQ(found({}, Bug::kJournalIsNotSynced), kNotDurable);
  EXPECT_EQ(found({}, Bug::kTellsBeforeTheSync), kNotDurable);
  EXPECT_EQ(found({.errors = 1}, Bug::kFailedSyncIsTriedAgain), kNotDurable);
  EXPECT_EQ(found({.full = 1}, Bug::kFullDiskEndsTheWait), kStuck);
  EXPECT_EQ(found({.full = 1}, Bug::kFullDiskIsSuccess), kNotDurable);
  EXPECT_EQ(found({}, Bug::kForgetsToPublish), kStuck);
  EXPECT_EQ(found({.full = 1}, Bug::kFullDiskIsPublished), kStuck);
  EXPECT_EQ(found({.errors = 1}, Bug::kPublishErrorIsIgnored), kStuck);
  EXPECT_EQ(found({.errors = 1}, Bug::kLastEpochIsNotWrittenAgain), kNotDurable);
  EXPECT_EQ(found({.kills = 1}, Bug::kWitnessBeforeRepair), kNotDurable);
  EXPECT_EQ(found({.kills = 1}, Bug::kSinkIsNotCut),
            "the sink holds what another process has not committed");
  EXPECT_EQ(found({.kills = 1}, Bug::kStreamIsNotCut),
            "the stream holds an epoch that is not committed");
}

}  // namespace
}  // namespace rheon::models
