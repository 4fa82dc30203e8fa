#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace rheon::kafka {

/// As whom offsets of a group are committed: a member of a generation, whom the coordinator fences
/// when the group has gone on without it. The default: somebody who has read partitions without
/// being a member, of a group that has none.
struct Membership {
  std::int32_t generation = -1;
  std::string member_id;
  std::optional<std::string> instance;  // of a static member (KIP-345)
};

}  // namespace rheon::kafka
