#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"
#include "env/files.h"

namespace rheon::log::files {

/// kRefused when somebody has removed, moved or replaced the open file with this inode while the
/// job was running: nothing that is written to it counts.
[[nodiscard]] Status check_in_place(env::Files& files, const std::string& path,
                                    std::uint64_t inode);

}  // namespace rheon::log::files
