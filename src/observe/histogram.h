#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>

namespace rheon::observe {

/// How often which values of a quantity (a latency in microseconds, a size in bytes) occurred:
/// exact below 2,048, to one part in 1,024 (three significant digits) above. Its memory is fixed,
/// 248 KiB of addresses, of which only the pages for values that occur are ever touched.
///
///     Histogram latency_us;
///     latency_us.record(42);
///     latency_us.value_at(99.9);
///
/// One thread at a time. Values above kMaxValue share the last bucket; max() and sum() are exact.
class Histogram {
 public:
  static constexpr std::uint64_t kMaxValue = (std::uint64_t{1} << 40) - 1;

  Histogram();

  void record(std::uint64_t value) { record(value, 1); }
  void record(std::uint64_t value, std::uint64_t times) {
    counts_.get()[bucket_of(value)] += times;
    count_ += times;
    sum_ += value * times;
    max_ = value > max_ ? value : max_;
  }

  /// As if all that `other` recorded had been recorded here.
  void merge(const Histogram& other);
  /// As new.
  void clear();

  [[nodiscard]] std::uint64_t count() const { return count_; }
  [[nodiscard]] std::uint64_t sum() const { return sum_; }
  [[nodiscard]] std::uint64_t max() const { return max_; }
  /// A value that at least `percentile` percent (0 to 100) of the recorded ones do not exceed: the
  /// upper end of its bucket, at most max(). 0 when nothing was recorded.
  [[nodiscard]] std::uint64_t value_at(double percentile) const;

 private:
  // Each power of two from 2^kExactBits on is cut into 2^(kExactBits - 1) buckets of equal width;
  // below, every value has a bucket. Both follow from one formula, with a shift of 0 below.
  static constexpr unsigned kExactBits = 11;
  static constexpr unsigned kMaxShift = 40 - kExactBits;
  static constexpr std::size_t kHalf = std::size_t{1} << (kExactBits - 1);
  static constexpr std::size_t kBuckets = (kMaxShift + 2) * kHalf;

  static std::size_t bucket_of(std::uint64_t value) {
    value = value < kMaxValue ? value : kMaxValue;
    const auto width = static_cast<unsigned>(std::bit_width(value | (2 * kHalf - 1)));
    const unsigned shift = width - kExactBits;
    return shift * kHalf + static_cast<std::size_t>(value >> shift);
  }
  static std::uint64_t last_value_of(std::size_t bucket);

  struct Free {
    void operator()(std::uint64_t* memory) const { std::free(memory); }
  };

  std::unique_ptr<std::uint64_t, Free> counts_;  // kBuckets of them
  std::uint64_t count_ = 0;
  std::uint64_t sum_ = 0;
  std::uint64_t max_ = 0;
};

}  // namespace rheon::observe
