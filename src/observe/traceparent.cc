#include "observe/traceparent.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdint>

namespace rheon::observe {

namespace {

/// Lower case only, as the standard has it.
std::optional<std::uint64_t> hex(std::string_view text) {
  const bool digits = std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
  });
  std::uint64_t number = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), number, 16);
  return digits && read.ec == std::errc{} && read.ptr == text.data() + text.size()
             ? std::optional(number)
             : std::nullopt;
}

}  // namespace

std::optional<TraceContext> parse_traceparent(std::string_view text) {
  constexpr std::size_t kLength = 55;
  constexpr std::uint64_t kNoVersion = 0xff;
  constexpr std::uint64_t kSampled = 1;
  if (text.size() < kLength || text[2] != '-' || text[35] != '-' || text[52] != '-') {
    return std::nullopt;
  }
  const auto version = hex(text.substr(0, 2));
  const auto high = hex(text.substr(3, 16));
  const auto low = hex(text.substr(19, 16));
  const auto span = hex(text.substr(36, 16));
  const auto flags = hex(text.substr(53, 2));
  if (!version.has_value() || !high.has_value() || !low.has_value() || !span.has_value() ||
      !flags.has_value() || *version == kNoVersion) {
    return std::nullopt;
  }
  // Later versions may add fields at the end.
  const bool ends =
      *version == 0 ? text.size() == kLength : text.size() == kLength || text[kLength] == '-';
  const bool followed = (*flags & kSampled) != 0 && (*high | *low) != 0 && *span != 0;
  return ends && followed ? std::optional(TraceContext{*high, *low, *span}) : std::nullopt;
}

std::string format_traceparent(const TraceContext& context) {
  return fmt::format("00-{:016x}{:016x}-{:016x}-01", context.trace_high, context.trace_low,
                     context.span);
}

}  // namespace rheon::observe
