#pragma once

// The record that a job writes to its decision topic in the transaction of each epoch
// (docs/formats/connectors.md).

#include <optional>
#include <string>
#include <string_view>

#include "engine/decider.h"

namespace rheon::connect::kafka {

/// One line of JSON, for people to read as well.
[[nodiscard]] std::string decision_text(const engine::Decision& decision);
/// None: it is no such record, or one of a later format.
[[nodiscard]] std::optional<engine::Decision> parse_decision(std::string_view text);

}  // namespace rheon::connect::kafka
