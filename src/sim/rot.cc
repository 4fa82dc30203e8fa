#include "sim/rot.h"

#include <span>
#include <utility>

#include "env/files.h"

namespace rheon::sim {

bool Rot::change_a_bit(std::mt19937_64& random) {
  const std::vector<std::string> paths = candidates();
  if (paths.empty()) {
    return false;
  }
  const std::string& path = paths[random() % paths.size()];
  const auto info = disk_.info(path);
  const std::uint64_t any = random();
  if (!info.has_value() || info->size == 0) {
    return false;
  }
  const std::uint64_t bit = any % (info->size * 8);
  disk_.flip_bit(path, bit);
  if (const std::optional<char> byte = byte_at(path, bit / 8); byte.has_value()) {
    changed_ = Changed{path, bit, info->inode, *byte};
  }
  return changed_.has_value();
}

std::optional<std::string> Rot::heal() {
  const std::optional<Changed> changed = std::exchange(changed_, std::nullopt);
  if (!changed.has_value()) {
    return std::nullopt;
  }
  const auto info = disk_.info(changed->path);
  if (info.has_value() && info->inode == changed->inode &&
      byte_at(changed->path, changed->bit / 8) == changed->byte) {
    disk_.flip_bit(changed->path, changed->bit);
  }
  return changed->path;
}

std::vector<std::string> Rot::candidates() {
  std::vector<std::string> paths =
      disk_.glob("job.data/journal/*").value_or(std::vector<std::string>());
  while (!paths.empty() && is_empty(paths.back())) {
    paths.pop_back();
  }
  if (!paths.empty()) {
    paths.pop_back();
  }
  for (std::string& slice :
       disk_.glob("job.data/snapshot/*").value_or(std::vector<std::string>())) {
    paths.push_back(std::move(slice));
  }
  if (disk_.info("job.data/identity").has_value()) {
    paths.emplace_back("job.data/identity");
  }
  return paths;
}

/// Made ahead: there is nothing in it but zeros.
bool Rot::is_empty(const std::string& path) {
  const std::string text = env::read_whole(disk_, path).value_or("");
  return text.find_first_not_of('\0') == std::string::npos;
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
