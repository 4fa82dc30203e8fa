#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <span>
#include <utility>

#include "base/bytes.h"
#include "log/files/identity.h"
#include "log/files/inspect.h"
#include "log/files/journal.h"
#include "log/files/rescued_files.h"
#include "log/files/segment_scan.h"
#include "log/files/snapshot_store.h"
#include "log/files/stream_scan.h"
#include "log/files/stream_writer.h"

namespace rheon::log::files {

namespace {

constexpr std::uint64_t kCopyBytes = 1 << 20;

/// Copies the first `bytes` of a file, synced. What has been found to be whole is copied by files
/// that say so when a block cannot be read.
Status copy_file(env::Files& files, const std::string& from, const std::string& to,
                 std::uint64_t bytes) {
  RHEON_ASSIGN(const auto source, files.open(from, env::OpenMode::kRead));
  RHEON_ASSIGN(const auto target, files.open(to, env::OpenMode::kCreateNew));
  std::string buffer;
  for (std::uint64_t at = 0; at < bytes; at += buffer.size()) {
    buffer.resize(std::min(kCopyBytes, bytes - at));
    RHEON_ASSIGN(const std::size_t got,
                 source->read_at(at, std::as_writable_bytes(std::span(buffer))));
    if (got != buffer.size()) {
      return fail(ErrorCode::kIo, fmt::format("{} became shorter while it was copied", from));
    }
    RHEON_TRY(target->write_at(at, as_bytes(buffer)));
  }
  return target->sync();
}

class Salvage {
 public:
  Salvage(env::Env& env, const std::string& directory, const std::string& to)
      : env_(env), files_(env.files()), from_(directory), to_(to) {}

  Result<SalvageReport> run() {
    RHEON_TRY(require_data_directory(files_, from_));
    RHEON_TRY(take_lock());
    RHEON_TRY(check_target());
    RHEON_TRY(find_last_whole_epoch());
    RHEON_TRY(take_identity());
    report_lost_epochs();
    RHEON_TRY(make_target());
    RHEON_TRY(copy_journal());
    RHEON_TRY(copy_slices());
    RHEON_TRY(copy_streams());
    RHEON_TRY(finish());
    report_.unreadable = files_.unreadable();
    return std::move(report_);
  }

 private:
  struct Piece {
    std::uint64_t number = 0;
    SegmentScan scan;
  };

  [[nodiscard]] std::string journal_path(const std::string& directory, std::uint64_t number) const {
    return env::join(env::join(directory, kJournalDirectory), number_name(number));
  }

  Status take_lock() {
    RHEON_ASSIGN(source_lock_, lock_if_there(files_, from_));
    return {};
  }

  Status check_target() {
    if (const auto info = files_.info(to_); info.has_value() && !info->is_directory) {
      return fail(
          ErrorCode::kInvalidInput,
          fmt::format("'{}' is no directory: name a directory that does not exist yet", to_));
    }
    const auto names = files_.list(to_);
    if (!names.has_value()) {
      return names.error().code == ErrorCode::kNotFound ? Status{} : tl::unexpected(names.error());
    }
    if (!names->empty()) {
      return fail(ErrorCode::kInvalidInput,
                  fmt::format("{} is not empty: name a directory that does not exist yet", to_));
    }
    return {};
  }

  Result<SegmentScan> scan(std::uint64_t number) {
    SegmentScanOptions options;
    options.path = journal_path(from_, number);
    options.number = number;
    return scan_segment(files_, options);
  }

  /// The newest segment of which the segments that it needs are whole.
  Status find_last_whole_epoch() {
    RHEON_ASSIGN(const auto numbers, numbered_files(files_, env::join(from_, kJournalDirectory)));
    std::vector<Piece> pieces;
    for (const std::uint64_t number : numbers) {
      RHEON_ASSIGN(SegmentScan piece, scan(number));
      if (piece.commits != 0) {
        newest_seen_ = std::max(newest_seen_, piece.standing.epoch);
      }
      pieces.push_back({number, std::move(piece)});
    }
    for (std::size_t last = pieces.size(); last > 0; --last) {
      if (is_whole(pieces, last - 1)) {
        standing_ = pieces[last - 1].scan.standing;
        std::erase_if(pieces, [&](const Piece& piece) {
          return piece.number < standing_.first_segment || piece.number > pieces[last - 1].number;
        });
        pieces_ = std::move(pieces);
        return {};
      }
    }
    return fail(ErrorCode::kCorrupt,
                fmt::format("no commit in {} can be read with all that it needs: nothing can be "
                            "saved but the streams, which other jobs may still be able to read",
                            env::join(from_, kJournalDirectory)));
  }

  static bool is_whole(const std::vector<Piece>& pieces, std::size_t last) {
    if (pieces[last].scan.commits == 0) {
      return false;
    }
    std::uint64_t number = pieces[last].number;
    const std::uint64_t first = pieces[last].scan.standing.first_segment;
    for (std::size_t i = last; number > first; --i, --number) {
      if (i == 0 || pieces[i - 1].number != number - 1) {
        return false;
      }
      const SegmentScan& before = pieces[i - 1].scan;
      if (before.commits == 0 || before.broken.has_value() ||
          before.standing.chain != pieces[i].scan.base.chain) {
        return false;
      }
    }
    return true;
  }

  static bool is_of_one_job(const Identity& a, const Identity& b) {
    return a.job == b.job && a.uid == b.uid && a.key_groups == b.key_groups;
  }

  Status take_identity() {
    Identity written = pieces_.back().scan.identity;
    auto record = read_identity(files_, from_);
    RHEON_ASSIGN(written.key_groups, key_groups_of(standing_.facts, written.key_groups));
    if (record.has_value()) {  // a split may be behind it, or may be lost
      record->identity.key_groups = written.key_groups;
    }
    if (record.has_value() && is_of_one_job(record->identity, written)) {
      record_ = std::move(*record);
    } else if (record.has_value()) {
      record_.identity = written;
      report_.saved.emplace_back(
          "the identity is not the journal's and was taken from the journal");
    } else if (!is_lost(record.error())) {
      return tl::unexpected(std::move(record).error());
    } else {
      record_.identity = written;
      report_.saved.emplace_back("the identity could not be read and was taken from the journal");
    }
    for (const Piece& piece : pieces_) {
      if (!record_.knows(piece.scan.identity.lineage)) {
        record_.ancestors.push_back(piece.scan.identity.lineage);
      }
    }
    return {};
  }

  void report_lost_epochs() {
    Epoch newest = newest_seen_;
    Epoch witnessed{0};
    if (auto witness = read_witness(files_, from_, record_); witness.has_value()) {
      witnessed = witness->epoch;
      newest = std::max(newest, witnessed);
    } else {
      report_.lost.push_back(fmt::format("whether there were epochs after {}: {}", newest.value,
                                         witness.error().message));
    }
    if (newest > standing_.epoch) {
      report_.lost.push_back(
          fmt::format("epochs {} to {}: state, positions and facts go back to epoch {}, and what "
                      "was written to the outside since then is there already: where a sink can "
                      "take it back it refuses at the next start and says how, elsewhere it is "
                      "written again",
                      standing_.epoch.value + 1, newest.value, standing_.epoch.value));
    } else if (standing_.prepared && witnessed < standing_.epoch) {
      report_.lost.push_back(fmt::format(
          "whether the transaction of epoch {} was committed: it is taken as committed, "
          "and when it was not, what it was to write to topics is missing there",
          standing_.epoch.value));
    }
  }

  Status make_target() {
    for (const char* name : {kJournalDirectory, kSnapshotDirectory, kStreamDirectory}) {
      RHEON_TRY(files_.make_directories(env::join(to_, name)));
    }
    RHEON_ASSIGN(target_lock_, files_.lock(env::join(to_, kLockFile)));
    return {};
  }

  Status copy_journal() {
    for (const Piece& piece : pieces_) {
      RHEON_TRY(copy_file(env_.files(), journal_path(from_, piece.number),
                          journal_path(to_, piece.number), piece.scan.end));
    }
    report_.saved.push_back(fmt::format("the journal up to epoch {}", standing_.epoch.value));
    return {};
  }

  /// The copies are read, not the originals: a block may fail now that did not fail before.
  Status copy_slices() {
    RHEON_TRY(copy_snapshot_files());
    SliceReader reader(files_, env::join(to_, kSnapshotDirectory));
    std::set<std::uint64_t> live;
    std::uint64_t saved = 0;
    for (auto& [key, set] : standing_.slices) {
      std::vector<SliceEntry> whole;
      for (const SliceEntry& slice : set.slices) {
        if (const auto blob = reader.read(slice); blob.has_value()) {
          whole.push_back(slice);
          live.insert(slice.file);
        } else if (!is_lost(blob.error())) {
          return tl::unexpected(blob.error());
        } else {
          report_.lost.push_back(
              fmt::format("state {}, key group {}, key hashes {:08x}-{:08x}: "
                          "what had not changed since epoch {}",
                          slice.address.state.value, slice.address.group.value,
                          slice.address.first_hash, slice.address.last_hash, slice.as_of.value));
        }
      }
      saved += whole.size();
      amended_ = amended_ || whole.size() != set.slices.size();
      set.slices = std::move(whole);
    }
    report_.saved.push_back(fmt::format("{} slices", saved));
    return remove_dead_snapshots(live);
  }

  Status copy_snapshot_files() {
    std::set<std::uint64_t> numbers;
    for (const auto& [key, set] : standing_.slices) {
      for (const SliceEntry& slice : set.slices) {
        numbers.insert(slice.file);
      }
    }
    for (const std::uint64_t number : numbers) {
      const std::string from = env::join(env::join(from_, kSnapshotDirectory), number_name(number));
      const auto info = files_.info(from);
      if (!info.has_value() && info.error().code != ErrorCode::kNotFound) {
        return tl::unexpected(info.error());
      }
      if (info.has_value()) {
        RHEON_TRY(copy_file(files_, from, snapshot_copy(number), info->size));
      }
    }
    return {};
  }

  Status remove_dead_snapshots(const std::set<std::uint64_t>& live) {
    RHEON_ASSIGN(const auto numbers, numbered_files(files_, env::join(to_, kSnapshotDirectory)));
    for (const std::uint64_t number : numbers) {
      if (!live.contains(number)) {
        RHEON_TRY(files_.remove(snapshot_copy(number)));
      }
    }
    return {};
  }

  [[nodiscard]] std::string snapshot_copy(std::uint64_t number) const {
    return env::join(env::join(to_, kSnapshotDirectory), number_name(number));
  }

  Status copy_streams() {
    for (auto stream = standing_.streams.begin(); stream != standing_.streams.end();) {
      RHEON_ASSIGN(const bool saved, copy_stream(stream->second));
      stream = saved ? std::next(stream) : standing_.streams.erase(stream);
      amended_ = amended_ || !saved;
    }
    return {};
  }

  /// Damaged or gone; anything else says nothing about the data.
  static bool is_lost(const Error& error) {
    return error.code == ErrorCode::kCorrupt || error.code == ErrorCode::kNotFound;
  }

  [[nodiscard]] bool is_of(const StreamHeaderRecord& header, const StreamState& stream) const {
    return header.name == stream.name && header.incarnation == stream.incarnation &&
           header.uid == record_.identity.uid && header.partitions == stream.next.size();
  }

  Result<bool> copy_stream(StreamState& stream) {
    const std::string from = env::join(env::join(from_, kStreamDirectory), stream.name);
    const std::string to = env::join(env::join(to_, kStreamDirectory), stream.name);
    const auto header = read_stream_header(files_, from);
    if (!header.has_value() && !is_lost(header.error())) {
      return tl::unexpected(header.error());
    }
    if (!header.has_value() || !is_of(*header, stream)) {
      report_.lost.push_back(
          fmt::format("stream {} as a whole: its header {}, so it will be made anew", stream.name,
                      header.has_value() ? "is another stream's" : "cannot be read"));
      return false;
    }
    RHEON_TRY(files_.make_directories(to));
    RHEON_TRY(
        env::replace_whole(files_, env::join(to, kStreamHeaderFile), stream_header_bytes(*header)));
    RHEON_TRY(drop_broken_segments(from, stream));
    for (const StreamSegment& segment : stream.segments) {
      const std::string name = number_name(segment.number);
      RHEON_TRY(copy_file(env_.files(), env::join(from, name), env::join(to, name), segment.bytes));
    }
    report_.saved.push_back(
        fmt::format("stream {}: {} segments", stream.name, stream.segments.size()));
    return true;
  }

  /// A stream has no holes: with a broken segment goes all before it, as if by retention.
  Status drop_broken_segments(const std::string& from, StreamState& stream) {
    std::size_t broken = 0;
    for (std::size_t i = 0; i < stream.segments.size(); ++i) {
      RHEON_ASSIGN(const StreamSegmentScan scan,
                   scan_stream_segment(files_, from, stream, stream.segments[i]));
      broken = scan.broken.has_value() ? i + 1 : broken;
    }
    if (broken == 0) {
      return {};
    }
    std::vector<std::uint64_t> first = stream.next;
    if (broken < stream.segments.size()) {
      RHEON_ASSIGN(const StreamSegmentScan scan,
                   scan_stream_segment(files_, from, stream, stream.segments[broken]));
      first = scan.starts;
    }
    for (std::size_t partition = 0; partition < first.size(); ++partition) {
      report_.lost.push_back(fmt::format("stream {}, partition {}: all batches before {}",
                                         stream.name, partition, first[partition]));
    }
    stream.segments.erase(stream.segments.begin(),
                          stream.segments.begin() + static_cast<std::ptrdiff_t>(broken));
    amended_ = true;
    return {};
  }

  Status finish() {
    RHEON_TRY(begin_lineage());
    if (amended_) {
      RHEON_TRY(commit_amendment());
    }
    report_.epoch = standing_.epoch;
    RHEON_TRY(publish_streams());
    for (const char* name : {kJournalDirectory, kSnapshotDirectory, kStreamDirectory}) {
      RHEON_TRY(files_.sync_directory(env::join(to_, name)));
    }
    RHEON_TRY(write_first_witness(files_, to_,
                                  {record_.identity.lineage, standing_.epoch, standing_.chain}));
    RHEON_TRY(files_.sync_directory(to_));
    RHEON_TRY(files_.sync_directory(env::directory_of(to_)));
    return write_identity(files_, to_, record_);
  }

  Status publish_streams() {
    for (const auto& [name, stream] : standing_.streams) {
      const std::string directory = env::join(env::join(to_, kStreamDirectory), name);
      RHEON_ASSIGN(SlotFile published, SlotFile::open(files_, env::join(directory, kPublishedFile),
                                                      published_layout(name, stream.next.size())));
      RHEON_TRY(published.fill(published_contents(stream, standing_.epoch, standing_.complete)));
      RHEON_TRY(files_.sync_directory(directory));
    }
    return {};
  }

  Status begin_lineage() {
    record_.ancestors.push_back(record_.identity.lineage);
    record_.identity.lineage = random_id(env_.random());
    record_.resetting = false;
    RHEON_ASSIGN(record_.lock_inode, lock_inode(files_, to_));
    return {};
  }

  /// One more epoch, whose segment begins from what is left.
  Status commit_amendment() {
    std::vector<JournalSegment> segments;
    segments.reserve(pieces_.size());
    for (const Piece& piece : pieces_) {
      segments.push_back({piece.number, piece.scan.standing.epoch, piece.scan.end});
    }
    Journal journal(files_,
                    {env::join(to_, kJournalDirectory), record_.identity, UINT64_MAX, 0, true});
    journal.follow(std::move(segments), pieces_.back().scan.last_commit);
    CommitRecord record;
    record.complete = standing_.complete;
    record.wall = env_.clock().wall();
    record.first_segment = standing_.first_segment;
    const Epoch epoch{standing_.epoch.value + 1};
    const Standing before = standing_;
    RHEON_ASSIGN(const std::string payload, journal.append({epoch, {}, {}, before}, record));
    apply(standing_, epoch, record, payload);
    return {};
  }

  env::Env& env_;
  RescuedFiles files_;
  const std::string& from_;
  const std::string& to_;
  std::unique_ptr<env::FileLock> source_lock_;
  std::unique_ptr<env::FileLock> target_lock_;
  IdentityRecord record_;
  std::vector<Piece> pieces_;
  Epoch newest_seen_;
  Standing standing_;
  bool amended_ = false;
  SalvageReport report_;
};

}  // namespace

Result<SalvageReport> salvage(env::Env& env, const std::string& directory, const std::string& to) {
  return Salvage(env, directory, to).run();
}

}  // namespace rheon::log::files
