#pragma once

// Records that are followed into state: the next output of their key carries their traces on. In
// memory only: a process that dies loses them, and nothing else.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "observe/trace.h"

namespace rheon::state {

/// Those of one key group, the most recent ones.
class Followed {
 public:
  static constexpr std::size_t kMostKeys = 64;
  static constexpr std::size_t kMostOfAKey = 4;

  /// A followed record has changed the state of `key`, and nothing has come out. `hash`: of the
  /// key.
  void keep(std::string_view key, std::uint64_t hash, const observe::TraceContext& context);
  /// False: take() would return nothing. Cheap.
  [[nodiscard]] bool may_hold(std::uint64_t hash) const { return (filter_ & bit_of(hash)) != 0; }
  /// What has gone into the next output of `key`, the latest last. It is forgotten.
  [[nodiscard]] std::vector<observe::TraceContext> take(std::string_view key, std::uint64_t hash);

 private:
  struct Key {
    std::uint64_t hash = 0;
    std::string bytes;
    std::vector<observe::TraceContext> contexts;
  };

  [[nodiscard]] static std::uint64_t bit_of(std::uint64_t hash) {
    return std::uint64_t{1} << (hash >> 58);
  }
  void forget(std::size_t index);

  std::vector<Key> keys_;     // in the order in which they were first kept
  std::uint64_t filter_ = 0;  // the bits of their hashes
};

}  // namespace rheon::state
