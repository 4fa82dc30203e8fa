#include "words.h"

#include <algorithm>
#include <cstring>
#include <unordered_set>

namespace rheon::bench {

std::uint64_t Random::next() {
  state_ += 0x9e3779b97f4a7c15ULL;
  std::uint64_t v = state_;
  v = (v ^ (v >> 30)) * 0xbf58476d1ce4e5b9ULL;
  v = (v ^ (v >> 27)) * 0x94d049bb133111ebULL;
  return v ^ (v >> 31);
}

std::uint64_t Random::below(std::uint64_t below) {
  __extension__ using Wide = unsigned __int128;
  return static_cast<std::uint64_t>((static_cast<Wide>(next()) * below) >> 64);
}

const std::vector<std::string>& dictionary() {
  static const std::vector<std::string> words = [] {
    constexpr std::uint64_t kSeed = 9'000;
    Random random(kSeed);
    std::unordered_set<std::string> seen;
    std::vector<std::string> result;
    while (result.size() < kDictionaryWords) {
      const std::size_t letters = 2 + random.below(6) + random.below(6);
      std::string word;
      for (std::size_t i = 0; i < letters; ++i) {
        word.push_back(static_cast<char>('a' + random.below(26)));
      }
      if (seen.insert(word).second) {
        result.push_back(std::move(word));
      }
    }
    return result;
  }();
  return words;
}

namespace detail {

Words draw(const std::vector<std::string_view>& from, std::size_t count, std::uint64_t seed) {
  std::vector<std::uint32_t> drawn(count);
  Random random(seed);
  std::size_t bytes = 0;
  for (std::uint32_t& word : drawn) {
    word = static_cast<std::uint32_t>(random.below(from.size()));
    bytes += from[word].size();
  }
  Words words;
  words.text.resize(bytes);
  words.views.reserve(count);
  char* at = words.text.data();
  for (const std::uint32_t word : drawn) {
    std::memcpy(at, from[word].data(), from[word].size());
    words.views.emplace_back(at, from[word].size());
    at += from[word].size();
  }
  return words;
}

}  // namespace detail

Words draw_words(std::size_t count, std::uint64_t seed) {
  return draw_words(count, seed, [](std::string_view) { return true; });
}

namespace {

/// Twelve letters and digits; different numbers give different keys.
void write_key(char* at, std::uint64_t number) {
  static constexpr char kDigits[] = "0123456789abcdefghijklmnopqrstuv";
  std::uint64_t scattered = number * 0x9e3779b97f4a7c15ULL;  // odd: a permutation of 2^60 numbers
  for (std::size_t i = 0; i < kKeyBytes; ++i) {
    at[i] = kDigits[scattered & 31];
    scattered >>= 5;
  }
}

template <class NumberOf>
Words keys_of(std::size_t count, NumberOf&& number_of) {
  Words words;
  words.text.resize(count * kKeyBytes);
  words.views.reserve(count);
  char* at = words.text.data();
  for (std::size_t i = 0; i < count; ++i) {
    write_key(at, number_of(i));
    words.views.emplace_back(at, kKeyBytes);
    at += kKeyBytes;
  }
  return words;
}

}  // namespace

Words all_keys(std::size_t count) {
  return keys_of(count, [](std::size_t i) { return i; });
}

Words draw_keys(std::size_t count, std::size_t keys, std::uint64_t seed) {
  Random random(seed);
  return keys_of(count, [&](std::size_t) { return random.below(keys); });
}

}  // namespace rheon::bench
