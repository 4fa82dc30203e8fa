#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "connect/source.h"

namespace rheon::files {

struct LinesOptions {
  /// Keep reading files as they grow, and new ones as they appear, like `tail -F`. Renamed files
  /// are read to their end; a truncated file is read again from its start.
  bool follow = false;
  /// Longer lines go to quarantine.
  std::uint64_t max_line_bytes = std::uint64_t{1} << 20;
  /// Lines that are not UTF-8 go to quarantine. Off: lines are bytes.
  bool require_utf8 = false;
};

/// The lines of all regular files that match a shell pattern, each file a partition, however many
/// names and links it has. A line ends with "\n" or "\r\n", which do not belong to it; the last
/// line of a file needs no end, unless files are followed.
///
///     job.from("lines", files::lines("texts/*.txt"))
///     job.from("log", files::lines("/var/log/app.log", {.follow = true}))
[[nodiscard]] Source<std::string_view> lines(std::string glob, const LinesOptions& options = {});

}  // namespace rheon::files
