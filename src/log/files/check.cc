#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "log/files/identity.h"
#include "log/files/inspect.h"
#include "log/files/journal.h"
#include "log/files/recovery.h"
#include "log/files/snapshot_store.h"
#include "log/files/stream_scan.h"
#include "log/files/stream_writer.h"

namespace rheon::log::files {

namespace {

constexpr auto kNotice = Finding::Kind::kNotice;
constexpr auto kDamage = Finding::Kind::kDamage;

class Check {
 public:
  Check(env::Files& files, const std::string& directory) : files_(files), directory_(directory) {}

  Result<CheckReport> run() {
    RHEON_TRY(require_data_directory(files_, directory_));
    RHEON_TRY(check_names());
    RHEON_TRY(take_lock());
    RHEON_TRY(check_identity_file());
    RHEON_TRY(check_witness());
    RHEON_TRY(check_journal());
    RHEON_TRY(check_snapshots());
    RHEON_TRY(check_streams());
    return std::move(report_);
  }

 private:
  [[nodiscard]] std::string path(const char* name) const { return env::join(directory_, name); }

  void find(Finding::Kind kind, const std::string& file, std::uint64_t offset,
            std::string sentence) {
    report_.findings.push_back({kind, file, offset, std::move(sentence)});
  }

  Status check_names() {
    static const std::set<std::string, std::less<>> kKnown{
        kIdentityFile,     kLockFile,          kWitnessFile,     kBallastFile,
        kJournalDirectory, kSnapshotDirectory, kStreamDirectory, "control"};
    RHEON_ASSIGN(const auto names, files_.list(directory_));
    for (const std::string& name : names) {
      if (!kKnown.contains(name)) {
        find(kNotice, env::join(directory_, name), 0, "nothing of the log has this name");
      }
    }
    return {};
  }

  /// Held while it is looked at: a running job changes files under the reader's eyes.
  Status take_lock() {
    RHEON_ASSIGN(lock_, lock_if_there(files_, directory_));
    if (lock_ == nullptr) {
      find(kDamage, path(kLockFile), 0, "the file is missing: the directory was copied");
    }
    return {};
  }

  Status check_identity_file() {
    auto record = read_identity(files_, directory_);
    if (record.has_value()) {
      identity_ = std::move(*record);
      has_identity_ = true;
      report_.identity = identity_.identity;
      RHEON_TRY(check_lock_inode());
      if (identity_.resetting) {
        find(kNotice, path(kIdentityFile), 0, "a `reset` has not finished: run it again");
      }
      return {};
    }
    return take_failure(kIdentityFile, std::move(record).error());
  }

  Status check_lock_inode() {
    if (lock_ == nullptr) {
      return {};  // is a finding
    }
    RHEON_ASSIGN(const std::uint64_t inode, lock_inode(files_, directory_));
    if (inode != identity_.lock_inode) {
      find(kNotice, path(kIdentityFile), 0,
           "the directory was copied or put back from a backup: a job goes on from it only after "
           "`adopt`");
    }
    return {};
  }

  /// Damage becomes a finding; what cannot be read at all ends the check.
  Status take_failure(const char* file, Error error) {
    if (error.code == ErrorCode::kNotFound) {
      find(kDamage, path(file), 0, "the file is missing");
      return {};
    }
    if (error.code != ErrorCode::kCorrupt && error.code != ErrorCode::kRefused) {
      return tl::unexpected(std::move(error));
    }
    find(kDamage, path(file), 0, std::move(error.message));
    return {};
  }

  Status check_slots(const std::string& file, const SlotLayout& layout, Slots& slots) {
    auto opened = files_.open(file, env::OpenMode::kRead);
    if (!opened.has_value()) {
      if (opened.error().code != ErrorCode::kNotFound) {
        return tl::unexpected(std::move(opened).error());
      }
      find(kDamage, file, 0, "the file is missing");
      return {};
    }
    RHEON_ASSIGN(slots, read_slots(**opened, layout));
    RHEON_ASSIGN(const env::FileInfo info, (*opened)->info());
    if (info.size != 2 * layout.stride()) {
      find(kNotice, file, info.size, "the file has not the length that it should have");
    }
    for (unsigned i = 0; i < slots.size(); ++i) {
      const std::uint64_t from = i * layout.stride();
      const std::uint64_t to = std::min(info.size, from + layout.stride());
      std::uint64_t used = from;
      if (slots[i].has_value()) {
        used += kFrameHeaderBytes + sizeof(Id) + slots[i]->payload.size();
      }
      RHEON_ASSIGN(const bool zeros, only_zeros(**opened, std::min(used, to), to));
      if (!slots[i].has_value() || !zeros) {
        find(kNotice, file, from,
             "a slot cannot be read, or more stands in it than should: a crash can leave it so, "
             "and the next start puts it right");
      }
    }
    if (newest(slots) == nullptr) {
      find(kDamage, file, 0, "neither of its two slots can be read");
    }
    return {};
  }

  Status check_witness() {
    Slots slots;
    RHEON_TRY(check_slots(path(kWitnessFile), witness_layout(), slots));
    if (newest(slots) == nullptr || !has_identity_) {
      return {};
    }
    auto witness = decode_witness(slots, path(kWitnessFile), identity_);
    if (!witness.has_value()) {
      return take_failure(kWitnessFile, std::move(witness).error());
    }
    witness_ = *witness;
    return {};
  }

  Status check_journal() {
    const std::string journal = path(kJournalDirectory);
    RHEON_ASSIGN(const auto numbers, numbered_files(files_, journal));
    report_.journal_segments = numbers.size();
    for (const std::uint64_t number : numbers) {
      RHEON_TRY(
          check_segment(env::join(journal, number_name(number)), number, number == numbers.back()));
    }
    RecoveryInput input;
    input.directory = directory_;
    input.identity = identity_;
    input.witness = witness_;
    auto recovered = recover_journal(files_, input);
    if (!recovered.has_value()) {
      const Error error = std::move(recovered).error();
      if (error.code != ErrorCode::kCorrupt && error.code != ErrorCode::kRefused) {
        return tl::unexpected(error);
      }
      // What can be read of it still says what slices and streams there must be.
      find(kDamage, journal, 0, error.message);
      return {};
    }
    if (!recovered->notice.empty()) {
      find(kNotice, journal, 0, recovered->notice);
    }
    if (recovered->undecided) {
      find(kNotice, journal, 0,
           fmt::format("epoch {} was prepared, and whether it counts was decided by its "
                       "transaction: the job asks at its next start",
                       recovered->standing.epoch.value));
    }
    standing_ = std::move(recovered->standing);
    report_.epoch = standing_.epoch;
    report_.complete = standing_.complete;
    return {};
  }

  /// Each segment by itself: recovery stops at the first damage, a check lists all of it.
  Status check_segment(const std::string& file, std::uint64_t number, bool is_last) {
    SegmentScanOptions options;
    options.path = file;
    options.number = number;
    RHEON_ASSIGN(const SegmentScan scan, scan_segment(files_, options));
    report_.commits += scan.commits;
    if (scan.commits != 0) {
      standing_ = scan.standing;
      report_.epoch = standing_.epoch;
      if (!has_identity_) {
        identity_.identity = scan.identity;
        report_.identity = scan.identity;
      }
    }
    if (is_last) {
      return {};  // what stands behind the last commit is recovery's to judge
    }
    if (scan.broken.has_value()) {
      find(kDamage, file, scan.broken->offset, scan.broken->what);
      return {};
    }
    RHEON_ASSIGN(const auto opened, files_.open(file, env::OpenMode::kRead));
    RHEON_ASSIGN(const bool zeros, only_zeros(*opened, scan.end, scan.file_bytes));
    if (!zeros) {
      find(kDamage, file, scan.end, "more stands behind the segment's last commit than zeros");
    }
    return {};
  }

  Status check_snapshots() {
    const std::string directory = path(kSnapshotDirectory);
    SliceReader reader(files_, directory);
    for (const auto& [key, set] : standing_.slices) {
      for (const SliceEntry& slice : set.slices) {
        ++report_.slices;
        const std::string file = env::join(directory, number_name(slice.file));
        auto blob = reader.read(slice);
        if (blob.has_value()) {
          continue;
        }
        if (blob.error().code == ErrorCode::kIo) {
          return tl::unexpected(std::move(blob).error());
        }
        find(kDamage, file, slice.offset,
             fmt::format("the slice of state {}, key group {} as of epoch {} cannot be read",
                         slice.address.state.value, slice.address.group.value, slice.as_of.value));
      }
    }
    return check_dead_slices(directory);
  }

  /// What no commit lists: rot there harms nobody, but tells about the disk.
  Status check_dead_slices(const std::string& directory) {
    RHEON_ASSIGN(const auto numbers, numbered_files(files_, directory));
    for (const std::uint64_t number : numbers) {
      const std::string file = env::join(directory, number_name(number));
      RHEON_ASSIGN(const auto opened, files_.open(file, env::OpenMode::kRead));
      RHEON_ASSIGN(const env::FileInfo info, opened->info());
      auto head = read_file_head(*opened, file, {{}, FileKind::kSnapshot, {}, number},
                                 FrameType::kSnapshotFile);
      if (!head.has_value() && head.error().code != ErrorCode::kCorrupt) {
        return tl::unexpected(std::move(head).error());
      }
      if (!head.has_value()) {
        find(kNotice, file, 0, "the file's first frame does not check");
        continue;
      }
      FrameScanner scanner(*opened, head->seed, head->end, info.size);
      Frame frame;
      ScanOutcome outcome = ScanOutcome::kFrame;
      while (outcome == ScanOutcome::kFrame) {
        outcome = scanner.next(frame);
      }
      if (outcome == ScanOutcome::kFailed) {
        return tl::unexpected(scanner.error());
      }
      if (scanner.offset() < info.size) {
        find(kNotice, file, scanner.offset(),
             "a frame does not check; the slices that are in force are checked one by one");
      }
    }
    return {};
  }

  Status check_streams() {
    for (const auto& [name, stream] : standing_.streams) {
      ++report_.streams;
      RHEON_TRY(check_stream(env::join(path(kStreamDirectory), name), stream));
    }
    return {};
  }

  Status check_stream(const std::string& directory, const StreamState& stream) {
    const std::string header_file = env::join(directory, kStreamHeaderFile);
    auto header = read_stream_header(files_, directory);
    if (!header.has_value()) {
      if (header.error().code == ErrorCode::kIo) {
        return tl::unexpected(std::move(header).error());
      }
      find(kDamage, header_file, 0, header.error().message);
    } else if (header->incarnation != stream.incarnation) {
      find(kDamage, header_file, 0, "it is not the stream that the journal lists");
    }
    std::vector<std::uint64_t> expected;
    for (const StreamSegment& segment : stream.segments) {
      RHEON_TRY(check_stream_segment(directory, stream, segment, expected));
    }
    if (!expected.empty() && expected != stream.next) {
      find(kDamage, directory, 0, "the segments do not end where the journal says");
    }
    Slots slots;
    RHEON_TRY(check_slots(env::join(directory, kPublishedFile),
                          published_layout(stream.name, stream.next.size()), slots));
    return check_published(env::join(directory, kPublishedFile), slots, stream);
  }

  Status check_stream_segment(const std::string& directory, const StreamState& stream,
                              const StreamSegment& segment, std::vector<std::uint64_t>& expected) {
    RHEON_ASSIGN(const StreamSegmentScan scan,
                 scan_stream_segment(files_, directory, stream, segment));
    report_.batches += scan.batches;
    if (scan.broken.has_value()) {
      find(kDamage, scan.broken->path, scan.broken->offset, scan.broken->what);
      expected.clear();
      return {};
    }
    const std::string file = env::join(directory, number_name(segment.number));
    if (!expected.empty() && expected != scan.starts) {
      find(kDamage, file, 0, "the segment does not follow the one before it");
    }
    expected = scan.ends;
    if (!scan.clean_tail) {
      find(kNotice, file, segment.bytes,
           "behind the committed end stands what was being written when the job stopped");
    }
    return {};
  }

  Status check_published(const std::string& file, const Slots& slots, const StreamState& stream) {
    const SlotContents* slot = newest(slots);
    PublishedRecord record;
    if (slot == nullptr) {
      return {};
    }
    if (!decode(slot->payload, record) || slot->owner != stream.incarnation) {
      find(kDamage, file, 0, "it is not this stream's");
    } else if (slot->epoch > standing_.epoch) {
      find(kDamage, file, 0,
           fmt::format("readers were told of epoch {}, which the journal does not hold",
                       slot->epoch.value));
    }
    return {};
  }

  env::Files& files_;
  const std::string& directory_;
  std::unique_ptr<env::FileLock> lock_;
  IdentityRecord identity_;
  bool has_identity_ = false;
  std::optional<Witnessed> witness_;
  Standing standing_;
  CheckReport report_;
};

}  // namespace

bool CheckReport::damaged() const {
  return std::any_of(findings.begin(), findings.end(),
                     [](const Finding& finding) { return finding.kind == kDamage; });
}

Result<CheckReport> check(env::Files& files, const std::string& directory) {
  return Check(files, directory).run();
}

}  // namespace rheon::log::files
