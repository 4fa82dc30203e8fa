#include "log/files/segment_scan.h"

#include <algorithm>
#include <cstring>
#include <span>
#include <utility>

#include "base/bytes.h"
#include "log/files/journal.h"

namespace rheon::log::files {

namespace {

constexpr std::size_t kSearchBytes = std::size_t{1} << 20;

/// Puts the frames of one epoch together.
class EpochAssembler {
 public:
  EpochAssembler(SegmentScan& scan, const SegmentScanOptions& options)
      : scan_(scan), options_(options) {}

  /// Takes one frame. A fault's text when it does not belong here.
  Result<const char*> take(const Frame& frame) {
    const char* fault = nullptr;
    if (!headed_) {
      headed_ = true;  // read_file_head() has looked at it
    } else if (!based_) {
      fault = take_base(frame);
    } else if (frame.header.epoch.value != scan_.standing.epoch.value + 1) {
      fault = "a frame belongs to an epoch that is not the next one";
    } else if (frame.header.type == FrameType::kCommit) {
      return take_commit(frame);
    } else {
      RHEON_ASSIGN(fault, take_part(frame));
    }
    checks_.push_back(frame.header.payload_check);
    return fault;
  }

 private:
  const char* take_base(const Frame& frame) {
    if (frame.header.type != FrameType::kBase || !decode(frame.payload, scan_.base) ||
        scan_.base.epoch.value + 1 != frame.header.epoch.value) {
      return "the segment does not begin with what stood before it";
    }
    scan_.standing = scan_.base;
    based_ = true;
    return nullptr;
  }

  Result<const char*> take_part(const Frame& frame) {
    switch (frame.header.type) {
      case FrameType::kEcho:
        if (chain_of(frame.payload, scan_.standing.epoch) != scan_.standing.chain) {
          return "a repeated commit record is not the one before";
        }
        return nullptr;
      case FrameType::kDelta:
        if (options_.on_delta) {
          RHEON_TRY(options_.on_delta(frame.header.epoch, frame.payload));
        }
        return nullptr;
      case FrameType::kFacts:
        facts_.emplace_back(frame.payload);
        return nullptr;
      default:
        return "a frame of a type that has no place in a journal";
    }
  }

  Result<const char*> take_commit(const Frame& frame) {
    CommitRecord record;
    if (!decode(frame.payload, record)) {
      return "a commit record cannot be read";
    }
    if (record.previous != scan_.standing.chain) {
      return "a commit record does not follow the one before it";
    }
    if (record.first_segment > options_.number) {
      return "a commit record needs segments behind its own";
    }
    // Of a segment's first epoch the list also has what the segment begins with.
    if (record.frames != checks_) {
      return "a commit record lists other frames than stand before it";
    }
    for (const std::string& facts : facts_) {
      if (!apply_facts(facts, scan_.standing.facts)) {
        return "the facts of an epoch cannot be read";
      }
    }
    apply(scan_.standing, frame.header.epoch, record, frame.payload);
    ++scan_.commits;
    scan_.last_epoch = scan_.end;
    scan_.end = frame.end();
    scan_.last_commit = std::string(frame.payload);
    checks_.clear();
    facts_.clear();
    if (options_.on_commit) {
      options_.on_commit(scan_.standing);
    }
    return nullptr;
  }

  SegmentScan& scan_;
  const SegmentScanOptions& options_;
  bool headed_ = false;
  bool based_ = false;
  std::vector<std::uint32_t> checks_;
  std::vector<std::string> facts_;
};

}  // namespace

Result<SegmentScan> scan_segment(env::Files& files, const SegmentScanOptions& options) {
  RHEON_ASSIGN(std::unique_ptr<env::File> file, files.open(options.path, env::OpenMode::kRead));
  RHEON_ASSIGN(const env::FileInfo info, file->info());
  SegmentScan scan;
  scan.file_bytes = info.size;
  const FileAddress address{{}, FileKind::kJournal, {}, options.number};
  auto head = read_file_head(*file, options.path, address, FrameType::kJournalSegment);
  if (!head.has_value()) {
    if (head.error().code != ErrorCode::kCorrupt) {
      return tl::unexpected(std::move(head).error());
    }
    RHEON_ASSIGN(const bool empty, only_zeros(*file, 0, info.size));
    if (!empty) {
      scan.broken = {options.path, 0, "the segment's first frame does not check"};
    }
    return scan;
  }
  scan.seed = head->seed;
  scan.identity.lineage = head->owner;
  if (!decode_segment_head(head->rest, scan.identity)) {
    scan.broken = {options.path, 0, "the segment's first frame cannot be read"};
    return scan;
  }
  // The first frame is on the first commit record's list as well: it is read again by the walk.
  FrameScanner scanner(*file, head->seed, 0, info.size);
  Frame frame;
  EpochAssembler assembler(scan, options);
  while (scan.commits == 0 || scan.standing.epoch < options.up_to) {
    const std::uint64_t at = scanner.offset();
    const ScanOutcome outcome = scanner.next(frame);
    if (outcome == ScanOutcome::kFailed) {
      return tl::unexpected(scanner.error());
    }
    if (outcome == ScanOutcome::kEnd) {
      break;
    }
    const char* fault = scanner.fault();
    if (outcome == ScanOutcome::kFrame) {
      RHEON_ASSIGN(fault, assembler.take(frame));
    }
    if (fault != nullptr) {
      scan.broken = {options.path, at, fault};
      break;
    }
  }
  return scan;
}

Result<bool> only_zeros(env::File& file, std::uint64_t from, std::uint64_t to) {
  std::string buffer(std::min<std::uint64_t>(kSearchBytes, to - std::min(from, to)), '\0');
  for (std::uint64_t at = from; at < to;) {
    RHEON_ASSIGN(const std::size_t got,
                 file.read_at(at, std::as_writable_bytes(std::span(buffer))));
    if (got == 0) {
      break;
    }
    const bool zero = buffer[0] == 0 && std::memcmp(buffer.data(), buffer.data() + 1, got - 1) == 0;
    if (!zero) {
      return false;
    }
    at += got;
  }
  return true;
}

Result<std::optional<std::uint64_t>> find_later_frame(env::File& file, FrameSeed seed,
                                                      std::uint64_t from, std::uint64_t to,
                                                      Epoch epoch) {
  std::string buffer;
  for (std::uint64_t at = from; at + kFrameHeaderBytes <= to;) {
    buffer.resize(std::min<std::uint64_t>(kSearchBytes, to - at));
    RHEON_ASSIGN(const std::size_t got,
                 file.read_at(at, std::as_writable_bytes(std::span(buffer))));
    if (got < kFrameHeaderBytes) {
      break;
    }
    const std::string_view bytes(buffer.data(), got);
    for (std::size_t i = 0; i + kFrameHeaderBytes <= got; ++i) {
      const auto type = static_cast<std::uint8_t>(bytes[i + 4]);
      if (type == 0 || type > static_cast<std::uint8_t>(kLastFrameType) ||
          static_cast<std::uint8_t>(bytes[i + 5]) != kFormatVersion) {
        continue;
      }
      const FrameHeader header = parse_frame_header(bytes.substr(i));
      if (header.extension == 0 && header.epoch >= epoch && header.frame_bytes() <= to - at - i &&
          header_checks(header, seed, at + i, bytes.substr(i))) {
        return std::optional<std::uint64_t>(at + i);
      }
    }
    at += got - (kFrameHeaderBytes - 1);
  }
  return std::optional<std::uint64_t>{};
}

}  // namespace rheon::log::files
