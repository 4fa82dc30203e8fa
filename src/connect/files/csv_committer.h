#pragma once

#include <memory>
#include <string>

#include "engine/sink.h"

namespace rheon::connect::csv {

/// Brings the directory to what the log has committed, and publishes that in `.rheon/committed`.
[[nodiscard]] std::unique_ptr<engine::SinkCommitter> make_committer(std::string directory);

}  // namespace rheon::connect::csv
