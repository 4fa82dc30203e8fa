#include "log/files/space.h"

#include <fmt/format.h>

#include <algorithm>

#include "log/files/format.h"

namespace rheon::log::files {

Status reserve(env::File& file, std::uint64_t need, std::uint64_t ahead, std::uint64_t& allocated) {
  std::uint64_t size = need + ahead;
  auto status = file.preallocate(size);
  if (!status.has_value() && status.error().code == ErrorCode::kNoSpace) {
    size = need;
    status = file.preallocate(size);
  }
  if (status.has_value()) {
    allocated = std::max(allocated, size);
  }
  return status;
}

void SpaceKeeper::keep_ballast() {
  if (has_ballast_ || options_.ballast_bytes == 0) {
    return;
  }
  const std::string path = env::join(options_.directory, kBallastFile);
  auto file = files_.open(path, env::OpenMode::kCreate);
  if (!file.has_value()) {
    return;
  }
  has_ballast_ = (*file)->preallocate(options_.ballast_bytes).has_value();
  if (!has_ballast_) {
    file->reset();
    static_cast<void>(files_.remove(path));  // a part of it would help nobody
  }
}

bool SpaceKeeper::drop_ballast() {
  if (!has_ballast_) {
    return false;
  }
  has_ballast_ = false;
  return files_.remove(env::join(options_.directory, kBallastFile)).has_value();
}

std::string SpaceKeeper::shortage() {
  const auto space = files_.space(options_.directory);
  if (!space.has_value()) {
    return {};
  }
  const std::uint64_t mark = std::min(options_.min_free_bytes, space->total_bytes / 10);
  if (space->free_bytes >= mark) {
    return {};
  }
  return fmt::format(
      "only {} MiB are free on the disk of {}: sources pause below {} MiB, and go on "
      "by themselves when there is more",
      space->free_bytes >> 20, options_.directory, mark >> 20);
}

}  // namespace rheon::log::files
