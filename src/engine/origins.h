#pragma once

// Where records come from, for people. Every batch carries it, a few words for all its records, so
// that a sentence about a record can say where it stands in the input, however many exchanges it
// has passed.

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace rheon::engine {

/// A partition of a source. Outlives every batch with records of it.
struct SourcePlace {
  std::string source;
  std::string label;  // of the partition: "texts/a.txt"
};

/// The partitions that some records come from, and how far each had been read before them. Of many
/// partitions only the first few are kept. Timers have no place in the input.
class Origins {
 public:
  static constexpr std::size_t kMost = 3;

  Origins() = default;
  /// `offset`: SourceReader::offset() before the records were read.
  Origins(const SourcePlace& place, std::optional<std::uint64_t> offset) : size_(1) {
    known_.front() = {&place, offset};
  }

  /// Records from there have joined.
  void add(const Origins& other) {
    if (other.size_ == 1 && !other.timers_ && size_ > 0 &&
        known_.front().place == other.known_.front().place) {
      known_.front().offset = std::min(known_.front().offset, other.known_.front().offset);
    } else {
      merge(other);
    }
  }
  /// So have records that timers have emitted.
  void add_timers() { timers_ = true; }
  void clear() { *this = Origins(); }
  /// "source 'lines', at or behind texts/a.txt:4096".
  [[nodiscard]] std::string text() const;

 private:
  struct Known {
    const SourcePlace* place = nullptr;
    std::optional<std::uint64_t> offset;  // of several the least
  };

  void merge(const Origins& other);

  std::array<Known, kMost> known_;
  std::size_t size_ = 0;
  bool others_ = false;
  bool timers_ = false;
};

}  // namespace rheon::engine
