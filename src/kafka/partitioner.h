#pragma once

// Which partition a keyed record goes to, as Kafka's own producers choose: records of a key that
// others write stand in the same partition.

#include <cstdint>
#include <string_view>

namespace rheon::kafka {

/// MurmurHash2 (Austin Appleby, public domain), 32 bits, with the seed of Kafka's Java client.
[[nodiscard]] std::uint32_t murmur2(std::string_view bytes);

/// For a key that is there; `partitions` is not 0.
[[nodiscard]] inline std::int32_t partition_of_key(std::string_view key, std::int32_t partitions) {
  constexpr std::uint32_t kPositive = 0x7fffffff;
  return static_cast<std::int32_t>((murmur2(key) & kPositive) %
                                   static_cast<std::uint32_t>(partitions));
}

}  // namespace rheon::kafka
