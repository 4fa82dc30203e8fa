#include "log/files/restore.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "log/files/frame.h"
#include "log/files/snapshot_store.h"

namespace rheon::log::files {

namespace {

constexpr std::size_t kReadBytes = std::size_t{4} << 20;

Status restore_slices(env::Files& files, const RestorePlan& plan,
                      const std::function<bool(KeyGroup)>& wanted, RestoreVisitor& visitor) {
  SliceReader reader(files, env::join(plan.directory, kSnapshotDirectory));
  for (const SliceEntry& slice : plan.slices) {
    if (wanted(slice.address.group)) {
      RHEON_ASSIGN(const std::string_view blob, reader.read(slice));
      RHEON_TRY(visitor.on_slice(slice.address, slice.as_of, blob));
    }
  }
  return {};
}

/// Recovery has checked the chain and the order of frames; here each frame's own checks count.
Status restore_segment(env::Files& files, const std::string& path, const JournalSegment& segment,
                       RestoreVisitor& visitor) {
  RHEON_ASSIGN(std::unique_ptr<env::File> file, files.open(path, env::OpenMode::kRead));
  RHEON_ASSIGN(const FileHead head,
               read_file_head(*file, path, {{}, FileKind::kJournal, {}, segment.number},
                              FrameType::kJournalSegment));
  FrameScanner scanner(*file, head.seed, head.end, segment.bytes, kReadBytes);
  Frame frame;
  while (scanner.offset() < segment.bytes) {
    switch (scanner.next(frame)) {
      case ScanOutcome::kFrame:
        if (frame.header.type == FrameType::kDelta) {
          RHEON_TRY(visitor.on_delta(frame.header.epoch, frame.payload));
        }
        break;
      case ScanOutcome::kFailed:
        return tl::unexpected(scanner.error());
      case ScanOutcome::kEnd:
        return tl::unexpected(damage(path, scanner.offset(), "committed frames are missing"));
      case ScanOutcome::kBroken:
        return tl::unexpected(damage(path, scanner.offset(), scanner.fault()));
    }
  }
  return {};
}

}  // namespace

RestorePlan plan_restore(const std::string& directory, const Standing& standing,
                         std::vector<JournalSegment> segments) {
  RestorePlan plan{directory, standing.epoch, std::move(segments), {}};
  for (const auto& [key, set] : standing.slices) {
    plan.slices.insert(plan.slices.end(), set.slices.begin(), set.slices.end());
  }
  std::sort(plan.slices.begin(), plan.slices.end(), [](const auto& a, const auto& b) {
    return std::pair(a.file, a.offset) < std::pair(b.file, b.offset);
  });
  return plan;
}

Status restore(env::Files& files, const RestorePlan& plan,
               const std::function<bool(KeyGroup)>& wanted, RestoreVisitor& visitor) {
  RHEON_TRY(restore_slices(files, plan, wanted, visitor));
  const std::string journal = env::join(plan.directory, kJournalDirectory);
  for (const JournalSegment& segment : plan.segments) {
    RHEON_TRY(
        restore_segment(files, env::join(journal, number_name(segment.number)), segment, visitor));
  }
  return {};
}

}  // namespace rheon::log::files
