#include "log/files/stream_scan.h"

#include <fmt/format.h>

#include <memory>
#include <utility>

#include "log/files/frame.h"
#include "log/files/stream_writer.h"

namespace rheon::log::files {

namespace {

/// A fault's text when the frame is not the next batch of its partition.
std::string check_batch(const Frame& frame, std::vector<std::uint64_t>& ends) {
  BatchLabel label;
  if (frame.header.type != FrameType::kBatch || !decode(frame.extension, label) ||
      label.partition >= ends.size()) {
    return "this is no batch of the stream";
  }
  if (label.sequence != ends[label.partition]) {
    return fmt::format("batch {} of partition {} stands where {} should", label.sequence,
                       label.partition, ends[label.partition]);
  }
  ++ends[label.partition];
  return {};
}

}  // namespace

Result<StreamSegmentScan> scan_stream_segment(env::Files& files, const std::string& directory,
                                              const StreamState& stream,
                                              const StreamSegment& segment) {
  const std::string path = env::join(directory, number_name(segment.number));
  StreamSegmentScan scan;
  const auto broken = [&](std::uint64_t offset, std::string what) {
    scan.broken = Break{path, offset, std::move(what)};
    return scan;
  };
  auto file = files.open(path, env::OpenMode::kRead);
  if (!file.has_value()) {
    return file.error().code == ErrorCode::kNotFound
               ? Result<StreamSegmentScan>(broken(0, "the segment is missing"))
               : tl::unexpected(std::move(file).error());
  }
  RHEON_ASSIGN(const env::FileInfo info, (*file)->info());
  scan.file_bytes = info.size;
  auto head = read_file_head(**file, path, {{}, FileKind::kStream, stream.name, segment.number},
                             FrameType::kStreamSegment);
  if (!head.has_value() && head.error().code != ErrorCode::kCorrupt) {
    return tl::unexpected(std::move(head).error());
  }
  if (!head.has_value() || head->owner != stream.incarnation ||
      !decode_stream_segment_head(head->rest, scan.starts) ||
      scan.starts.size() != stream.next.size()) {
    scan.starts.clear();
    return broken(0, "the segment's first frame does not check");
  }
  scan.ends = scan.starts;
  if (info.size < segment.bytes) {
    return broken(info.size, "the segment is shorter than was committed");
  }
  FrameScanner scanner(**file, head->seed, head->end, segment.bytes);
  Frame frame;
  while (scanner.offset() < segment.bytes) {
    const std::uint64_t at = scanner.offset();
    const ScanOutcome outcome = scanner.next(frame);
    if (outcome == ScanOutcome::kFailed) {
      return tl::unexpected(scanner.error());
    }
    std::string fault = outcome == ScanOutcome::kEnd      ? "committed batches are missing"
                        : outcome == ScanOutcome::kBroken ? scanner.fault()
                                                          : check_batch(frame, scan.ends);
    if (!fault.empty()) {
      return broken(at, std::move(fault));
    }
    ++scan.batches;
  }
  RHEON_ASSIGN(scan.clean_tail, only_zeros(**file, segment.bytes, info.size));
  return scan;
}

}  // namespace rheon::log::files
