#pragma once

// Brings the keyed state of a job back from its log: slices first, then the deltas after each
// slice's epoch. Key groups are independent: several of these run at once for different ones.

#include <functional>
#include <vector>

#include "engine/catalog.h"
#include "engine/processor.h"
#include "env/env.h"
#include "log/log.h"

namespace rheon::engine {

/// Fresh, empty key groups for every operator with state, by node.
[[nodiscard]] std::vector<KeyGroups> make_key_groups(const Plan& plan, const Catalog& catalog);

class Restore final : public log::RestoreVisitor {
 public:
  /// Fills the tables of the key groups that `wanted` accepts; `groups` outlives it.
  Restore(const Catalog& catalog, std::vector<KeyGroups>& groups,
          std::function<bool(KeyGroup)> wanted)
      : catalog_(catalog), groups_(groups), wanted_(std::move(wanted)) {}

  [[nodiscard]] Status on_slice(const log::SliceAddress& address, Epoch as_of,
                                std::string_view blob) override;
  [[nodiscard]] Status on_delta(Epoch epoch, std::string_view blob) override;

 private:
  struct Range {
    std::uint32_t first = 0;
    std::uint32_t last = 0;
    Epoch as_of;
  };

  [[nodiscard]] Status apply(const codec::DeltaSection& section, Epoch epoch, bool is_slice);
  /// The epoch up to which a key's value came from a slice.
  [[nodiscard]] Epoch as_of(const std::vector<Range>& ranges, std::uint64_t hash) const;

  const Catalog& catalog_;
  std::vector<KeyGroups>& groups_;
  std::function<bool(KeyGroup)> wanted_;
  std::map<std::pair<StateId, KeyGroup>, std::vector<Range>> slices_;
};

/// Restores all key groups, several threads side by side, and sets their timers.
[[nodiscard]] Status restore_all(env::Env& env, log::Log& log, const Plan& plan,
                                 const Catalog& catalog, std::uint32_t parallel,
                                 std::vector<KeyGroups>& groups);

}  // namespace rheon::engine
