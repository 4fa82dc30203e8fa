#include "log/files/recovery.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>
#include <utility>

#include "base/bytes.h"

namespace rheon::log::files {

namespace {

class Recovery {
 public:
  Recovery(env::Files& files, const RecoveryInput& input)
      : files_(files), input_(input), directory_(env::join(input.directory, kJournalDirectory)) {}

  Result<Recovered> run() {
    RHEON_ASSIGN(numbers_, numbered_files(files_, directory_));
    RHEON_TRY(find_last_commit());
    RHEON_TRY(check_witness_is_not_ahead());
    if (found_.standing.epoch.value != 0) {
      RHEON_TRY(check_tail());
      if (input_.on_standing) {
        input_.on_standing(found_.standing);
      }
      RHEON_TRY(read_all());
      RHEON_TRY(check_witness_agrees());
    }
    tell_what_is_cut();
    return std::move(found_);
  }

 private:
  [[nodiscard]] std::string path_of(std::uint64_t number) const {
    return env::join(directory_, number_name(number));
  }
  [[nodiscard]] SegmentScanOptions options_for(std::uint64_t number) const {
    SegmentScanOptions options;
    options.path = path_of(number);
    options.number = number;
    return options;
  }
  static tl::unexpected<Error> refuse(const Break& place) {
    return tl::unexpected(damage(place.path, place.offset, place.what));
  }

  /// The last segment with a commit holds it. Only one segment behind it may be without: the one
  /// that was begun, or made ahead, when the process ended.
  Status find_last_commit() {
    for (auto number = numbers_.rbegin(); number != numbers_.rend(); ++number) {
      SegmentScanOptions options = options_for(*number);
      if (input_.discard.has_value()) {
        options.up_to = Epoch{input_.discard->value - 1};
      }
      RHEON_ASSIGN(last_, scan_segment(files_, options));
      if (last_.broken.has_value() && !break_.has_value()) {
        break_ = last_.broken;
      }
      if (last_.commits != 0 && last_.standing.epoch <= options.up_to) {
        return take_last(*number);
      }
      if (last_.commits != 0) {  // it begins with the epoch that does not count
        found_.unneeded.push_back(*number);
        continue;
      }
      if (found_.unneeded.size() == 1) {
        return refuse(break_.value_or(Break{path_of(*number), 0, "it holds no commit"}));
      }
      found_.unneeded.push_back(*number);
      if (last_.broken.has_value()) {
        found_.cut = true;
        torn_segment_ = *number;
      }
    }
    return {};
  }

  Status take_last(std::uint64_t number) {
    if (!input_.identity.knows(last_.identity.lineage) ||
        last_.identity.uid != input_.identity.identity.uid) {
      return fail(ErrorCode::kRefused,
                  fmt::format("{} belongs to another job or lineage than the identity of {}: files "
                              "of two directories were mixed. Bring the right ones back",
                              path_of(number), input_.directory));
    }
    found_.standing = last_.standing;
    found_.lineage = last_.identity.lineage;
    found_.last_commit = last_.last_commit;
    found_.last_epoch = last_.last_epoch;
    CommitRecord record;
    static_cast<void>(decode(last_.last_commit, record));  // it has been read before
    found_.before = record.previous;
    found_.undecided = record.prepared && !(input_.witness.has_value() &&
                                            input_.witness->epoch == found_.standing.epoch);
    number_ = number;
    return {};
  }

  Status check_witness_is_not_ahead() {
    const auto& witness = input_.witness;
    if (!witness.has_value() || witness->epoch <= found_.standing.epoch) {
      return check_torn_segment();
    }
    const std::string found =
        found_.standing.epoch.value == 0
            ? fmt::format("{} holds no commit", directory_)
            : fmt::format("the journal ends with epoch {}", found_.standing.epoch.value);
    const std::string place = break_.has_value()
                                  ? fmt::format(" (reading stopped at {}, offset {}: {})",
                                                break_->path, break_->offset, break_->what)
                                  : std::string();
    // `adopt` reads the journal without the witness: is there more that stands in its way?
    RecoveryInput without_witness;
    without_witness.directory = input_.directory;
    without_witness.identity = input_.identity;
    const std::string adopt = Recovery(files_, without_witness).run().has_value()
                                  ? fmt::format(
                                        "; `adopt` goes on from epoch {} if that is what "
                                        "you want",
                                        found_.standing.epoch.value)
                                  : std::string();
    return fail(
        ErrorCode::kCorrupt,
        fmt::format("{} says that epoch {} was committed, but {}{}. Commits are missing: "
                    "the journal was damaged, cut or put back from a backup. `rheon log "
                    "check` shows the damage, `rheon log salvage` copies what can be saved{}",
                    env::join(input_.directory, kWitnessFile), witness->epoch.value, found, place,
                    adopt));
  }

  /// A segment that was torn when it was begun has frames of one epoch only.
  Status check_torn_segment() {
    if (torn_segment_ == 0) {
      return {};
    }
    RHEON_ASSIGN(auto file, files_.open(path_of(torn_segment_), env::OpenMode::kRead));
    RHEON_ASSIGN(const env::FileInfo info, file->info());
    const FileAddress address{
        input_.identity.identity.lineage, FileKind::kJournal, {}, torn_segment_};
    return check_nothing_later(*file, seed_of(address), 0, info.size);
  }

  /// A frame behind the epoch that may have been torn proves that its commit once stood there.
  Status check_nothing_later(env::File& file, FrameSeed seed, std::uint64_t from,
                             std::uint64_t to) {
    const Epoch proof{found_.standing.epoch.value + 2};
    RHEON_ASSIGN(const auto later, find_later_frame(file, seed, from, to, proof));
    if (!later.has_value()) {
      return {};
    }
    return refuse(break_.value_or(Break{path_of(number_), from, "frames are missing"}));
  }

  /// Behind the last commit: zeros, a crash's trace, or a commit that cannot be read any more.
  Status check_tail() {
    RHEON_ASSIGN(auto file, files_.open(path_of(number_), env::OpenMode::kRead));
    RHEON_ASSIGN(const bool clean, only_zeros(*file, last_.end, last_.file_bytes));
    if (!clean) {
      RHEON_TRY(check_nothing_later(*file, last_.seed, last_.end, last_.file_bytes));
      found_.cut = true;
    }
    return {};
  }

  void tell_what_is_cut() {
    if (input_.discard.has_value()) {
      found_.notice = fmt::format(
          "epoch {} was prepared when the process or the machine stopped, and its transaction was "
          "not committed: the job goes on from epoch {}",
          input_.discard->value, found_.standing.epoch.value);
    } else if (found_.cut) {
      found_.notice = fmt::format(
          "cut off the beginning of epoch {} behind the last commit (epoch {}) in {}: it was being "
          "written when the process or the machine stopped",
          found_.standing.epoch.value + 1, found_.standing.epoch.value, directory_);
    }
  }

  /// Every needed segment, oldest first: nothing before the last commit may be broken or missing.
  Status read_all() {
    for (const std::uint64_t number : numbers_) {
      if (number < found_.standing.first_segment) {
        found_.unneeded.push_back(number);
      }
    }
    std::optional<Standing> before;
    for (std::uint64_t n = found_.standing.first_segment; n <= number_; ++n) {
      if (!std::binary_search(numbers_.begin(), numbers_.end(), n)) {
        return refuse({path_of(n), 0, "the segment is missing"});
      }
      SegmentScanOptions options = options_for(n);
      options.up_to = found_.standing.epoch;
      options.on_delta = input_.on_delta;
      options.on_commit = [this](const Standing& standing) {
        if (input_.witness.has_value() && standing.epoch == input_.witness->epoch) {
          chain_at_witness_ = standing.chain;
        }
      };
      RHEON_ASSIGN(SegmentScan scan, scan_segment(files_, options));
      RHEON_TRY(check_needed(n, scan, before));
      before = std::move(scan.standing);
      found_.segments.push_back({n, before->epoch, scan.end});
    }
    return {};
  }

  Status check_needed(std::uint64_t number, const SegmentScan& scan,
                      const std::optional<Standing>& before) {
    if (scan.broken.has_value()) {
      return refuse(*scan.broken);
    }
    if (scan.commits == 0) {
      return refuse({path_of(number), 0, "the segment holds no commit"});
    }
    if (!input_.identity.knows(scan.identity.lineage)) {
      return refuse({path_of(number), 0, "the segment belongs to another lineage"});
    }
    if (before.has_value() &&
        (before->epoch != scan.base.epoch || before->chain != scan.base.chain)) {
      return refuse({path_of(number), 0, "the segment does not follow the one before it"});
    }
    return {};
  }

  Status check_witness_agrees() {
    if (!input_.witness.has_value() || !chain_at_witness_.has_value() ||
        *chain_at_witness_ == input_.witness->chain) {
      return {};
    }
    return fail(
        ErrorCode::kCorrupt,
        fmt::format("{} and the journal tell different histories of epoch {}: the journal "
                    "was put back from a backup and has gone another way since. `adopt` "
                    "goes on from the journal if that is what you want",
                    env::join(input_.directory, kWitnessFile), input_.witness->epoch.value));
  }

  env::Files& files_;
  const RecoveryInput& input_;
  std::string directory_;
  std::vector<std::uint64_t> numbers_;
  SegmentScan last_;
  std::uint64_t number_ = 0;
  std::optional<Break> break_;
  std::uint64_t torn_segment_ = 0;
  std::optional<Chain> chain_at_witness_;
  Recovered found_;
};

/// Writes the same bytes again and syncs: after a sync that failed in the process before, the
/// system may hold the last epoch in memory only and believe that it is on the device.
Status write_again(env::File& file, std::uint64_t from, std::uint64_t to) {
  std::string bytes(to - from, '\0');
  RHEON_ASSIGN(const std::size_t got, file.read_at(from, std::as_writable_bytes(std::span(bytes))));
  if (got != bytes.size()) {
    return fail(ErrorCode::kIo, "the journal became shorter while it was read");
  }
  RHEON_TRY(file.write_at(from, as_bytes(bytes)));
  return file.sync();
}

}  // namespace

Result<Recovered> recover_journal(env::Files& files, const RecoveryInput& input) {
  return Recovery(files, input).run();
}

Status repair_journal(env::Files& files, const std::string& directory, const Recovered& recovered) {
  const std::string journal = env::join(directory, kJournalDirectory);
  for (const std::uint64_t number : recovered.unneeded) {
    RHEON_TRY(files.remove(env::join(journal, number_name(number))));
  }
  if (!recovered.segments.empty()) {
    const JournalSegment& last = recovered.segments.back();
    RHEON_ASSIGN(auto file, files.open(env::join(journal, number_name(last.number)),
                                       env::OpenMode::kReadWrite));
    if (recovered.cut) {
      RHEON_TRY(file->truncate(last.bytes));
    }
    RHEON_TRY(write_again(*file, recovered.last_epoch, last.bytes));
  }
  return files.sync_directory(journal);
}

}  // namespace rheon::log::files
