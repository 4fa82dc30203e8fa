#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

namespace rheon::connect::generator {

/// Different words of the letters a-z, made from a seed. Immutable; may be shared between threads.
class Dictionary {
 public:
  /// `words` at least 1; `shortest` <= `longest` <= kLongestWord. Words are longer than asked when
  /// there are not enough so short ones.
  Dictionary(std::uint32_t words, std::uint32_t shortest, std::uint32_t longest,
             std::uint64_t seed);

  static constexpr std::uint32_t kLongestWord = 255;

  [[nodiscard]] std::uint32_t size() const { return size_; }
  [[nodiscard]] std::string_view word(std::uint32_t index) const {
    const unsigned char* cell = cells_.get() + std::size_t{stride_} * index;
    return {reinterpret_cast<const char*>(cell + 1), cell[0]};
  }

 private:
  std::uint32_t size_;
  std::uint32_t stride_;                    // bytes of a cell: its word's length, then the word
  std::unique_ptr<unsigned char[]> cells_;  // one memory access per word
};

}  // namespace rheon::connect::generator
