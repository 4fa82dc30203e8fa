#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "connect/files/file_position.h"
#include "engine/source.h"

namespace rheon::connect::files {

/// The files behind a pattern as partitions: those that are known with their positions, new ones
/// from the start. Empty files are no partitions yet. `follow`: files may be rotated and truncated
/// (semantics.md 27), and none need exist. Blocks.
[[nodiscard]] Result<std::vector<engine::SourcePartition>> discover_files(
    env::Files& files, const std::string& pattern, bool follow,
    const std::vector<engine::SourcePartition>& known);

/// A file found again.
struct FoundFile {
  std::string path;
  std::uint64_t size = 0;
};

/// Where the file of a position is now: under its old name, or (after a rotation) under another one
/// in the same directory. kNotFound when it is in neither. Blocks.
[[nodiscard]] Result<FoundFile> find_again(env::Files& files, const FilePosition& position);

}  // namespace rheon::connect::files
