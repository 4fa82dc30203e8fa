#include "log/log.h"

#include <fmt/format.h>

namespace rheon::log {

std::string to_string(const Id& id) { return fmt::format("{:016x}{:016x}", id.high, id.low); }

}  // namespace rheon::log
