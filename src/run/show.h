#pragma once

// Answers (run/answers.h) as a person reads them. Pure. An answer this program does not know is
// kInternal, with a sentence.

#include <cstdint>
#include <string>

#include "base/result.h"

namespace rheon::run {

[[nodiscard]] Result<std::string> show_status(const std::string& answer);
[[nodiscard]] Result<std::string> show_ledger(const std::string& answer);
[[nodiscard]] Result<std::string> show_states(const std::string& answer);
[[nodiscard]] Result<std::string> show_state(const std::string& answer);
/// A sentence once the status says that the job runs on so many shards; kNotFound before.
[[nodiscard]] Result<std::string> show_scaled(const std::string& status, std::uint32_t shards);

}  // namespace rheon::run
