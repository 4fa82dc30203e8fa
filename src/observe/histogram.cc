#include "observe/histogram.h"

#include <algorithm>
#include <cmath>

#include "base/assert.h"

namespace rheon::observe {

// calloc gives pages that take no memory until they are written.
Histogram::Histogram()
    : counts_(static_cast<std::uint64_t*>(std::calloc(kBuckets, sizeof(std::uint64_t)))) {
  RHEON_ASSERT(counts_ != nullptr, "there is memory for a histogram");
}

std::uint64_t Histogram::last_value_of(std::size_t bucket) {
  const std::size_t shift = bucket < 2 * kHalf ? 0 : bucket / kHalf - 1;
  return ((std::uint64_t{bucket - shift * kHalf} + 1) << shift) - 1;
}

void Histogram::merge(const Histogram& other) {
  if (other.count_ == 0) {
    return;
  }
  for (std::size_t bucket = 0; bucket <= bucket_of(other.max_); ++bucket) {
    if (const std::uint64_t times = other.counts_.get()[bucket]; times != 0) {
      counts_.get()[bucket] += times;
    }
  }
  count_ += other.count_;
  sum_ += other.sum_;
  max_ = std::max(max_, other.max_);
}

void Histogram::clear() { *this = Histogram(); }

std::uint64_t Histogram::value_at(double percentile) const {
  // Multiplied before it is divided: 99.9 of 1,000 is rank 999, not a rounding error above it.
  const double share = std::clamp(percentile, 0.0, 100.0) * static_cast<double>(count_);
  const auto rank = static_cast<std::uint64_t>(std::ceil(share / 100.0));
  const std::uint64_t wanted =
      std::clamp<std::uint64_t>(rank, 1, std::max<std::uint64_t>(count_, 1));
  std::uint64_t seen = 0;
  for (std::size_t bucket = 0; bucket < kBuckets && count_ > 0; ++bucket) {
    seen += counts_.get()[bucket];
    if (seen >= wanted) {
      return bucket + 1 == kBuckets ? max_ : std::min(last_value_of(bucket), max_);
    }
  }
  return max_;
}

}  // namespace rheon::observe
