#pragma once

// Which name somebody meant who has mistyped it.

#include <string>
#include <string_view>
#include <vector>

namespace rheon::run {

/// Of `names` the one that fewest letters tell from `typed` (Levenshtein's distance); empty: none
/// is like it.
[[nodiscard]] std::string nearest_name(std::string_view typed,
                                       const std::vector<std::string>& names);

}  // namespace rheon::run
