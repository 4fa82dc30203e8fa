#pragma once

// Strong types for what crosses borders: no naked integer in a public signature.

#include <chrono>
#include <compare>
#include <cstdint>
#include <limits>

namespace rheon {

/// An integer with a meaning. Compares and prints as its value; converts only when asked.
template <class Tag, class Rep>
struct Strong {
  Rep value{};

  constexpr Strong() = default;
  constexpr explicit Strong(Rep v) : value(v) {}
  friend constexpr auto operator<=>(const Strong&, const Strong&) = default;
};

using KeyGroup = Strong<struct KeyGroupTag, std::uint32_t>;  // 0 .. P-1
using ShardId = Strong<struct ShardIdTag, std::uint32_t>;    // 0 .. N-1 within a worker
using Epoch = Strong<struct EpochTag, std::uint64_t>;        // 1 is the first one committed
using StateId = Strong<struct StateIdTag, std::uint32_t>;    // index into the job's state catalog

/// Number of key groups of a job unless it says otherwise; a power of two.
inline constexpr std::uint32_t kDefaultKeyGroups = 1024;

/// Microseconds since 1970-01-01 UTC, with reserved values. Ordered; `none` is below all.
struct EventTime {
  std::int64_t micros = std::numeric_limits<std::int64_t>::min();

  constexpr EventTime() = default;
  constexpr explicit EventTime(std::int64_t us) : micros(us) {}

  static constexpr EventTime none() { return EventTime{std::numeric_limits<std::int64_t>::min()}; }
  static constexpr EventTime min() {
    return EventTime{std::numeric_limits<std::int64_t>::min() + 1};
  }
  static constexpr EventTime max() { return EventTime{std::numeric_limits<std::int64_t>::max()}; }

  [[nodiscard]] constexpr bool is_finite() const { return *this > min() && *this < max(); }

  friend constexpr auto operator<=>(const EventTime&, const EventTime&) = default;

  /// Saturates at the reserved values; -infinity and +infinity stay what they are.
  friend constexpr EventTime operator+(EventTime t, std::chrono::microseconds d) {
    if (!t.is_finite()) {
      return t;
    }
    std::int64_t sum = 0;
    if (__builtin_add_overflow(t.micros, static_cast<std::int64_t>(d.count()), &sum)) {
      return d.count() > 0 ? max() : min();
    }
    const EventTime result{sum};
    return result <= min() ? min() : result;
  }
  friend constexpr EventTime operator-(EventTime t, std::chrono::microseconds d) {
    if (d == std::chrono::microseconds::min()) {
      return (t + std::chrono::microseconds::max()) + std::chrono::microseconds{1};
    }
    return t + -d;
  }
  /// Saturates, too.
  friend constexpr std::chrono::microseconds operator-(EventTime a, EventTime b) {
    std::int64_t difference = 0;
    if (__builtin_sub_overflow(a.micros, b.micros, &difference)) {
      return a > b ? std::chrono::microseconds::max() : std::chrono::microseconds::min();
    }
    return std::chrono::microseconds{difference};
  }
};

}  // namespace rheon
