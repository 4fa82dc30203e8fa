#pragma once

// The states of a job with the ids under which they are stored. Kept as facts "state/<id>"; an id
// is never used again. A state whose schema has changed gets another id: entries under its older
// ids are read by name, field by field. A graph that cannot place what is stored is refused with
// the names.

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "codec/schema.h"
#include "engine/plan.h"
#include "log/log.h"
#include "state/declaration.h"
#include "state/key_group_state.h"

namespace rheon::engine {

class Catalog {
 public:
  /// Compares the graph with the stored facts. `changes`: facts for the next commit.
  [[nodiscard]] static Result<Catalog> make(const Plan& plan, const log::Facts& facts,
                                            std::uint64_t table_seed,
                                            std::vector<log::FactChange>& changes);

  /// By node; null for operators without state.
  [[nodiscard]] const std::vector<std::shared_ptr<const state::StateSet>>& sets() const {
    return sets_;
  }
  struct Place {
    std::size_t node = 0;
    std::size_t state = 0;  // index among the operator's states
  };
  /// Where a stored state id belongs; null: unknown.
  [[nodiscard]] const Place* find(StateId id) const;
  /// The schema of what is stored under an id; null: today's.
  [[nodiscard]] const codec::Schema* older_schema(StateId id) const;

 private:
  std::vector<std::shared_ptr<const state::StateSet>> sets_;
  std::map<std::uint32_t, Place> places_;
  std::map<std::uint32_t, codec::Schema> older_schemas_;
};

}  // namespace rheon::engine
