#pragma once

// Reads the segments of one stream with everything in them, for check and salvage.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "env/files.h"
#include "log/files/records.h"
#include "log/files/segment_scan.h"

namespace rheon::log::files {

struct StreamSegmentScan {
  std::vector<std::uint64_t> starts;  // per partition: the first sequence in it; empty: unknown
  std::vector<std::uint64_t> ends;    // per partition: behind the last that was read
  std::uint64_t batches = 0;
  std::uint64_t file_bytes = 0;
  std::optional<Break> broken;
  bool clean_tail = true;  // only zeros behind the committed bytes
};

/// `directory`: stream/<name>. Damage is in `broken`.
[[nodiscard]] Result<StreamSegmentScan> scan_stream_segment(env::Files& files,
                                                            const std::string& directory,
                                                            const StreamState& stream,
                                                            const StreamSegment& segment);

}  // namespace rheon::log::files
