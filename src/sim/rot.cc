#include "sim/rot.h"

#include <span>
#include <utility>

namespace rheon::sim {

void Rot::change_a_bit(std::mt19937_64& random) {
  const std::vector<std::string> paths = candidates();
  if (paths.empty()) {
    return;
  }
  const std::string& path = paths[random() % paths.size()];
  const auto info = disk_.info(path);
  const std::uint64_t any = random();
  if (!info.has_value() || info->size == 0) {
    return;
  }
  const std::uint64_t bit = any % (info->size * 8);
  disk_.flip_bit(path, bit);
  if (const std::optional<char> byte = byte_at(path, bit / 8); byte.has_value()) {
    changed_ = Changed{path, bit, info->inode, *byte};
  }
}

bool Rot::heal() {
  const std::optional<Changed> changed = std::exchange(changed_, std::nullopt);
  if (!changed.has_value()) {
    return false;
  }
  const auto info = disk_.info(changed->path);
  if (info.has_value() && info->inode == changed->inode &&
      byte_at(changed->path, changed->bit / 8) == changed->byte) {
    disk_.flip_bit(changed->path, changed->bit);
  }
  return true;
}

std::vector<std::string> Rot::candidates() {
  std::vector<std::string> paths;
  for (const char* pattern : {"job.data/journal/*", "job.data/snapshot/*"}) {
    std::vector<std::string> some = disk_.glob(pattern).value_or(std::vector<std::string>());
    if (!some.empty() && some.front().starts_with("job.data/journal")) {
      some.pop_back();
    }
    std::move(some.begin(), some.end(), std::back_inserter(paths));
  }
  if (disk_.info("job.data/identity").has_value()) {
    paths.emplace_back("job.data/identity");
  }
  return paths;
}

std::optional<char> Rot::byte_at(const std::string& path, std::uint64_t offset) {
  auto file = disk_.open(path, env::OpenMode::kRead);
  char byte = 0;
  if (!file.has_value()) {
    return std::nullopt;
  }
  const auto count = (*file)->read_at(offset, std::as_writable_bytes(std::span(&byte, 1)));
  return count.has_value() && *count == 1 ? std::optional(byte) : std::nullopt;
}

}  // namespace rheon::sim
