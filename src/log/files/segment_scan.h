#pragma once

// Reads one journal segment, epoch by epoch, and checks everything that can be checked within it:
// checksums, the order of frames, each commit record's list of frames, the chain.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "env/files.h"
#include "log/files/frame.h"
#include "log/files/records.h"

namespace rheon::log::files {

/// Where reading had to stop before the end.
struct Break {
  std::string path;
  std::uint64_t offset = 0;
  std::string what;
};

/// Called for each delta frame before it is known whether its epoch is committed.
using DeltaSink = std::function<Status(Epoch epoch, std::string_view blob)>;
/// Called for each committed epoch.
using CommitSink = std::function<void(const Standing& standing)>;

struct SegmentScanOptions {
  std::string path;
  std::uint64_t number = 0;
  Epoch up_to{UINT64_MAX};  // stop behind this epoch
  DeltaSink on_delta;       // may be empty
  CommitSink on_commit;     // may be empty
};

struct SegmentScan {
  Identity identity;  // as the segment's first frame tells it, except the lineage's ancestors
  FrameSeed seed = 0;
  Standing base;      // before the first epoch
  Standing standing;  // as of the last epoch read; of no meaning when `commits` is 0
  std::uint64_t commits = 0;
  std::uint64_t end = 0;         // behind the last commit record
  std::uint64_t last_epoch = 0;  // where the frames of the last epoch start
  std::string last_commit;       // its encoded record
  std::uint64_t file_bytes = 0;
  std::optional<Break> broken;  // why reading stopped, when it was not the end
};

/// An error only when the file cannot be read or a sink fails; damage is in `broken`.
[[nodiscard]] Result<SegmentScan> scan_segment(env::Files& files,
                                               const SegmentScanOptions& options);

/// True when the bytes from `from` to the file's end are all zeros.
[[nodiscard]] Result<bool> only_zeros(env::File& file, std::uint64_t from, std::uint64_t to);

/// Offset of the first frame header behind `from` that checks and has at least this epoch: a proof
/// that what stands before it was once whole.
[[nodiscard]] Result<std::optional<std::uint64_t>> find_later_frame(env::File& file, FrameSeed seed,
                                                                    std::uint64_t from,
                                                                    std::uint64_t to, Epoch epoch);

}  // namespace rheon::log::files
