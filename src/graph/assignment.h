#pragma once

// Who owns what: pure functions, the same answer everywhere.

#include <cstdint>

#include "base/types.h"

namespace rheon::graph {

/// The shard that owns a key group: groups lie in contiguous ranges of nearly equal size.
[[nodiscard]] constexpr ShardId owner(KeyGroup group, std::uint32_t groups, std::uint32_t shards) {
  return ShardId{
      static_cast<std::uint32_t>(static_cast<std::uint64_t>(group.value) * shards / groups)};
}

/// The shard that reads the i-th of a source's partitions (in the order of their ids).
[[nodiscard]] constexpr ShardId reader(std::size_t partition, std::uint32_t shards) {
  return ShardId{static_cast<std::uint32_t>(partition % shards)};
}

}  // namespace rheon::graph
