#pragma once

// The input of the benchmarks: made in memory before anything is measured, from fixed seeds, the
// same for every contender.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace rheon::bench {

/// A small generator of random numbers (splitmix64) that is the same everywhere.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}
  [[nodiscard]] std::uint64_t next();
  /// Even in [0, below).
  [[nodiscard]] std::uint64_t below(std::uint64_t below);

 private:
  std::uint64_t state_;
};

/// Records that were read already: texts that stand one behind the other in memory, as in a buffer
/// that was filled from a file or a socket, and a view of each.
struct Words {
  std::vector<char> text;
  std::vector<std::string_view> views;

  [[nodiscard]] std::size_t size() const { return views.size(); }
};

inline constexpr std::size_t kDictionaryWords = 9'000;

/// Different words of 2 to 12 letters, about as long as those of a text in English (4.9 letters in
/// the mean of a text, 7 in that of a dictionary).
[[nodiscard]] const std::vector<std::string>& dictionary();

/// `count` words, drawn evenly from those of the dictionary that `wanted` accepts.
template <class Wanted>
[[nodiscard]] Words draw_words(std::size_t count, std::uint64_t seed, Wanted&& wanted);
[[nodiscard]] Words draw_words(std::size_t count, std::uint64_t seed);

/// Keys of 12 bytes, all different: number `i` of them is scattered over the whole range.
inline constexpr std::size_t kKeyBytes = 12;
[[nodiscard]] Words all_keys(std::size_t count);
/// `count` of the first `keys` keys, drawn evenly.
[[nodiscard]] Words draw_keys(std::size_t count, std::size_t keys, std::uint64_t seed);

namespace detail {
[[nodiscard]] Words draw(const std::vector<std::string_view>& from, std::size_t count,
                         std::uint64_t seed);
}  // namespace detail

template <class Wanted>
Words draw_words(std::size_t count, std::uint64_t seed, Wanted&& wanted) {
  std::vector<std::string_view> from;
  for (const std::string& word : dictionary()) {
    if (wanted(std::string_view(word))) {
      from.emplace_back(word);
    }
  }
  return detail::draw(from, count, seed);
}

}  // namespace rheon::bench
