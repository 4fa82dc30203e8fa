#pragma once

// H0: what a good programmer would write by hand for "count every word, write a line for each",
// without an engine: one loop, the best public hash map, everything in memory. The formatter and
// the compiler's flags are the engine's.
//
// Of the maps that were tried (Boost 1.81 unordered_flat_map and Abseil flat_hash_map, keyed by
// std::string or by a view of stored bytes, hashed by XXH3 or by the map's own hash) this one is
// the fastest for words: docs/performance.md has the figures.

#include <boost/unordered/unordered_flat_map.hpp>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/stable_hash.h"
#include "connect/files/csv_text.h"

namespace rheon::bench {

struct Xxh3 {
  using is_transparent = void;
  using is_avalanching = void;
  std::size_t operator()(std::string_view key) const { return stable_hash(key); }
};

template <class Map>
class HandLoop {
 public:
  HandLoop() : buffer_(std::make_unique<char[]>(kBufferBytes + kSlackBytes)), at_(buffer_.get()) {}

  void run(const std::string_view* word, const std::string_view* end) {
    char* const full = buffer_.get() + kBufferBytes;
    char* at = at_;
    for (; word != end; ++word) {
      auto entry = map_.find(*word);
      if (entry == map_.end()) [[unlikely]] {
        entry = map_.emplace(*word, 0).first;
      }
      const std::uint64_t count = ++entry->second;
      if (at + connect::csv::text_room(word->size()) + 24 > full) {
        at = buffer_.get();
      }
      at = connect::csv::put_text(at, *word);
      *at++ = ',';
      at = connect::csv::put_number(at, count);
      *at++ = '\n';
    }
    at_ = at;
  }
  [[nodiscard]] std::uint64_t count_of(std::string_view word) const {
    const auto entry = map_.find(word);
    return entry == map_.end() ? 0 : entry->second;
  }
  [[nodiscard]] std::size_t keys() const { return map_.size(); }

 private:
  static constexpr std::size_t kBufferBytes = 1 << 20;
  static constexpr std::size_t kSlackBytes = 64;

  Map map_;
  std::unique_ptr<char[]> buffer_;
  char* at_;
};

using BestHandLoop =
    HandLoop<boost::unordered_flat_map<std::string, std::uint64_t, Xxh3, std::equal_to<>>>;

}  // namespace rheon::bench
