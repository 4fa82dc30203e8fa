#pragma once

// Which job a log belongs to.

#include <compare>
#include <cstdint>
#include <string>

#include "base/types.h"

namespace rheon::log {

/// 128 random bits, printed as 32 hex digits.
struct Id {
  std::uint64_t high = 0;
  std::uint64_t low = 0;
  friend auto operator<=>(const Id&, const Id&) = default;
};
[[nodiscard]] std::string to_string(const Id& id);

struct Identity {
  std::string job;
  Id uid;
  Id lineage;
  std::uint32_t key_groups = kDefaultKeyGroups;
};

}  // namespace rheon::log
