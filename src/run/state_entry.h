#pragma once

// One entry of keyed state between tables, bytes and people.

#include <string>
#include <string_view>

#include "base/result.h"
#include "state/declaration.h"
#include "state/state_table.h"

namespace rheon::run {

/// The entry as a delta blob; empty when the key is not there.
[[nodiscard]] std::string encode_entry(const state::StateTable& table,
                                       const state::StateDeclaration& state, std::string_view key);

/// What encode_entry() wrote, as JSON text: {"value": ...} for a value, {"entries": [...]} for
/// maps, lists and sets of timers, with the time of the last write where a ttl keeps it.
[[nodiscard]] Result<std::string> entry_json(const state::StateDeclaration& state,
                                             std::string_view blob);

}  // namespace rheon::run
