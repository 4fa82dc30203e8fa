#include "env/faulty/jumping_clock.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

namespace rheon::env::faulty {
namespace {

std::optional<std::int64_t> number(std::string_view text) {
  std::int64_t value = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool whole = read.ec == std::errc{} && read.ptr == text.data() + text.size();
  return whole ? std::optional(value) : std::nullopt;
}

std::optional<ClockChange> parse_change(std::string_view text) {
  const std::size_t colon = std::min(text.find(':'), text.size());
  const std::string_view what = text.substr(std::min(colon + 1, text.size()));
  const auto after = number(text.substr(0, colon));
  if (!after.has_value() || *after < 0) {
    return std::nullopt;
  }
  const std::chrono::milliseconds at{*after};
  if (what == "stop" || what == "go") {
    return ClockChange{at, what == "stop" ? ClockChange::What::kStop : ClockChange::What::kGo};
  }
  const auto by = number(what);
  return by.has_value()
             ? std::optional<ClockChange>({at, ClockChange::What::kJump, std::chrono::seconds{*by}})
             : std::nullopt;
}

}  // namespace

Result<ClockPlan> parse_clock_plan(std::string_view text) {
  ClockPlan plan;
  for (std::string_view left = text; !left.empty();) {
    const std::string_view one = left.substr(0, left.find(','));
    left.remove_prefix(std::min(one.size() + 1, left.size()));
    const auto change = parse_change(one);
    if (!change.has_value() || (!plan.empty() && change->after < plan.back().after)) {
      return fail(ErrorCode::kInvalidInput,
                  "'" + std::string(one) + "' in '" + std::string(text) +
                      "' is not what a clock does next, as in 0:-3600,250:stop,900:go");
    }
    plan.push_back(*change);
  }
  return plan;
}

JumpingClock::JumpingClock(Clock& real, ClockPlan plan)
    : real_(real), plan_(std::move(plan)), began_wall_(real.wall()), began_(real.monotonic()) {}

EventTime JumpingClock::wall() {
  const Monotonic passed = real_.monotonic() - began_;
  std::chrono::microseconds gone{0};  // by how much the wall clock has
  Monotonic since{0};
  bool stands = false;
  const auto go_to = [&](Monotonic until) {
    if (!stands) {
      gone += std::chrono::duration_cast<std::chrono::microseconds>(until - since);
    }
    since = until;
  };
  for (const ClockChange& change : plan_) {
    if (change.after > passed) {
      break;
    }
    go_to(change.after);
    if (change.what == ClockChange::What::kJump) {
      gone += change.by;
    } else {
      stands = change.what == ClockChange::What::kStop;
    }
  }
  go_to(passed);
  return began_wall_ + gone;
}

}  // namespace rheon::env::faulty
