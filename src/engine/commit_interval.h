#pragma once

// How much time lies between two barriers: what the user says, or as little as costs little.

#include <chrono>
#include <optional>

namespace rheon::engine {

class CommitInterval {
 public:
  static constexpr std::chrono::microseconds kShortest{10'000};
  static constexpr std::chrono::microseconds kLongest{100'000};
  /// Barriers and commits shall take 1/40 of the time; more where the longest interval is too
  /// short.
  static constexpr int kCostShare = 40;

  /// None: it adapts to what commits cost.
  explicit CommitInterval(std::optional<std::chrono::microseconds> fixed)
      : fixed_(fixed.has_value()), value_(fixed.value_or(kShortest)) {}

  [[nodiscard]] std::chrono::microseconds value() const { return value_; }
  /// `cost`: of the shards' time and of the log's, for the commit that has just been made.
  void committed(std::chrono::nanoseconds cost);

 private:
  bool fixed_;
  std::chrono::microseconds value_;
};

}  // namespace rheon::engine
