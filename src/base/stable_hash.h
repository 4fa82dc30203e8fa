#pragma once

// The hash that maps keys to key groups is part of the stored format: XXH3-64 with seed 0 over the
// canonical key bytes (docs/formats/key_hash.md). Stable over versions and machines.

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "base/types.h"

namespace rheon {

namespace stable_hash_detail {

static_assert(std::endian::native == std::endian::little, "keys are read as little-endian words");

/// Any length; out of line.
[[nodiscard]] std::uint64_t of_any(std::string_view bytes);

template <class Word>
[[nodiscard]] inline Word read(const char* at) {
  Word word;
  std::memcpy(&word, at, sizeof(word));
  return word;
}

[[nodiscard]] inline std::uint64_t folded_product(std::uint64_t a, std::uint64_t b) {
  __extension__ using Wide = unsigned __int128;
  const Wide product = static_cast<Wide>(a) * b;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

// The three short cases of the XXH3 specification; the first constant of each is made of its
// secret.

[[nodiscard]] inline std::uint64_t of_1_to_3(const char* at, std::size_t size) {
  const auto byte = [at](std::size_t i) {
    return std::uint32_t{static_cast<unsigned char>(at[i])};
  };
  std::uint64_t hash = (byte(0) << 16) | (byte(size >> 1) << 24) | byte(size - 1) |
                       (static_cast<std::uint32_t>(size) << 8);
  hash ^= 0x87275a9bU;
  hash ^= hash >> 33;
  hash *= 0xc2b2ae3d27d4eb4fULL;
  hash ^= hash >> 29;
  hash *= 0x165667b19e3779f9ULL;
  return hash ^ (hash >> 32);
}

[[nodiscard]] inline std::uint64_t of_4_to_8(const char* at, std::size_t size) {
  constexpr std::uint64_t kPrime = 0x9fb21c651e98df25ULL;
  const std::uint64_t first = read<std::uint32_t>(at);
  const std::uint64_t last = read<std::uint32_t>(at + size - 4);
  std::uint64_t hash = (last + (first << 32)) ^ 0xc73ab174c5ecd5a2ULL;
  hash ^= std::rotl(hash, 49) ^ std::rotl(hash, 24);
  hash *= kPrime;
  hash ^= (hash >> 35) + size;
  hash *= kPrime;
  return hash ^ (hash >> 28);
}

[[nodiscard]] inline std::uint64_t of_9_to_16(const char* at, std::size_t size) {
  const std::uint64_t low = read<std::uint64_t>(at) ^ 0x6782737bea4239b9ULL;
  const std::uint64_t high = read<std::uint64_t>(at + size - 8) ^ 0xaf56bc3b0996523aULL;
  std::uint64_t hash = size + __builtin_bswap64(low) + high + folded_product(low, high);
  hash ^= hash >> 37;
  hash *= 0x165667919e3779f9ULL;
  return hash ^ (hash >> 32);
}

}  // namespace stable_hash_detail

/// Most keys are short: up to 16 bytes nothing is called.
[[nodiscard]] inline std::uint64_t stable_hash(std::string_view bytes) {
  const std::size_t size = bytes.size();
  if (size - 1 < 3) {
    return stable_hash_detail::of_1_to_3(bytes.data(), size);
  }
  if (size - 4 <= 4) {
    return stable_hash_detail::of_4_to_8(bytes.data(), size);
  }
  if (size - 9 <= 7) {
    return stable_hash_detail::of_9_to_16(bytes.data(), size);
  }
  return stable_hash_detail::of_any(bytes);
}

/// The key group of a hash among `groups` (a power of two): its low bits.
[[nodiscard]] inline KeyGroup key_group(std::uint64_t hash, std::uint32_t groups) {
  return KeyGroup{static_cast<std::uint32_t>(hash) & (groups - 1)};
}

/// A second hash from the first, for positions in tables: all its bits are even also among hashes
/// that share their key group. `seed` differs per process; never stored.
[[nodiscard]] inline std::uint64_t remix(std::uint64_t hash, std::uint64_t seed) {
  return stable_hash_detail::folded_product(hash ^ seed, 0x9e3779b97f4a7c15ULL);
}

}  // namespace rheon
