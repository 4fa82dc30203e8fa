#include "connect/generator/dictionary.h"

#include <algorithm>

#include "base/assert.h"
#include "connect/generator/mix.h"

namespace rheon::connect::generator {
namespace {

constexpr std::uint32_t kLetters = 26;
constexpr std::uint64_t kStep = 1'000'003;  // a prime: no factor in common with a power of 26

}  // namespace

// The last letters of a word are its number in base 26 (the numbers shuffled), so that no two words
// are the same; the letters before them are random.
Dictionary::Dictionary(std::uint32_t words, std::uint32_t shortest, std::uint32_t longest,
                       std::uint64_t seed)
    : size_(words) {
  RHEON_ASSERT(words > 0 && shortest <= longest && longest <= kLongestWord,
               "a dictionary has words, of a possible length");
  std::uint32_t digits = 1;
  std::uint64_t numbers = kLetters;
  for (; numbers < words; numbers *= kLetters) {
    ++digits;
  }
  shortest = std::max(shortest, digits);
  longest = std::max(longest, shortest);
  stride_ = longest + 1;
  cells_.reset(new unsigned char[std::size_t{stride_} * words]);
  const std::uint64_t start = mix(seed) % numbers;
  for (std::uint32_t i = 0; i < words; ++i) {
    std::uint64_t random = mix(seed ^ mix(i + 1));
    const auto length = shortest + static_cast<std::uint32_t>(random % (longest - shortest + 1));
    unsigned char* cell = cells_.get() + std::size_t{stride_} * i;
    *cell++ = static_cast<unsigned char>(length);
    for (std::uint32_t at = 0; at < length - digits; ++at) {
      random = mix(random);
      cell[at] = static_cast<unsigned char>('a' + random % kLetters);
    }
    std::uint64_t number = (start + i * kStep) % numbers;
    for (std::uint32_t at = length; at > length - digits; number /= kLetters) {
      cell[--at] = static_cast<unsigned char>('a' + number % kLetters);
    }
  }
}

}  // namespace rheon::connect::generator
