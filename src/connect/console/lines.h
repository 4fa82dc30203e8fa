#pragma once

#include <cstdint>
#include <string_view>

#include "connect/source.h"

namespace rheon::console {

struct LinesOptions {
  /// Longer lines go to quarantine.
  std::uint64_t max_line_bytes = std::uint64_t{1} << 20;
  /// Lines that are not UTF-8 go to quarantine. Off: lines are bytes.
  bool require_utf8 = false;
};

/// The lines of the standard input, one partition that ends with it. What was read and not yet
/// committed when a job crashes is lost: nobody can read it again.
///
///     job.from("lines", console::lines())            // tail -f log | job run
[[nodiscard]] Source<std::string_view> lines(const LinesOptions& options = {});

}  // namespace rheon::console
