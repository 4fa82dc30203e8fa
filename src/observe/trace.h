#pragma once

// W3C trace contexts and the spans that follow a sampled record through a job.

#include <cstdint>
#include <string>
#include <vector>

#include "base/types.h"

namespace rheon::observe {

/// Which trace a record belongs to and the span that it was last seen in (W3C Trace Context).
struct TraceContext {
  std::uint64_t trace_high = 0;
  std::uint64_t trace_low = 0;
  std::uint64_t span = 0;  // 0: no trace
  [[nodiscard]] bool valid() const { return span != 0; }
};

/// One operator's work on one sampled record.
struct Span {
  TraceContext context;
  std::uint64_t parent = 0;      // 0: a root
  std::string name;              // the operator's
  std::int64_t start_nanos = 0;  // since 1970, by the machine's clock
  std::int64_t end_nanos = 0;
  std::vector<TraceContext> links{};  // of other followed records that went into the same output
};

}  // namespace rheon::observe
