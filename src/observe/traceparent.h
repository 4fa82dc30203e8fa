#pragma once

// The text in which trace contexts go from one program to another.
// Source: https://www.w3.org/TR/trace-context/#traceparent-header

#include <optional>
#include <string>
#include <string_view>

#include "observe/trace.h"

namespace rheon::observe {

inline constexpr std::string_view kTraceparent = "traceparent";  // the name of the header

/// Of "00-<trace id>-<span id>-<flags>"; none: it is not one, or says that nobody follows it.
[[nodiscard]] std::optional<TraceContext> parse_traceparent(std::string_view text);
/// Of a context that is followed.
[[nodiscard]] std::string format_traceparent(const TraceContext& context);

}  // namespace rheon::observe
