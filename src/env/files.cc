#include "env/files.h"

#include <algorithm>

#include "base/bytes.h"

namespace rheon::env {
namespace {

Status write_and_sync(Files& files, const std::string& path, std::string_view bytes) {
  RHEON_ASSIGN(const auto file, files.open(path, OpenMode::kCreate));
  RHEON_TRY(file->truncate(0));
  RHEON_TRY(file->write_at(0, as_bytes(bytes)));
  return file->sync();
}

}  // namespace

std::string directory_of(std::string_view path) {
  while (path.size() > 1 && path.back() == '/') {
    path.remove_suffix(1);
  }
  const auto slash = path.rfind('/');
  if (slash == std::string_view::npos) {
    return ".";
  }
  path = path.substr(0, slash);
  while (path.size() > 1 && path.back() == '/') {
    path.remove_suffix(1);
  }
  return path.empty() ? "/" : std::string(path);
}

std::string plain(std::string_view path) {
  std::string result(path.starts_with('/') ? "/" : "");
  while (!path.empty()) {
    const std::string_view part = path.substr(0, path.find('/'));
    path.remove_prefix(std::min(part.size() + 1, path.size()));
    if (!part.empty() && part != ".") {
      result = join(result, part);
    }
  }
  return result.empty() ? "." : result;
}

Result<bool> stands_at(Files& files, const std::string& path, std::uint64_t inode) {
  const auto info = files.info(path);
  if (info.has_value()) {
    return info->inode == inode;
  }
  if (info.error().code == ErrorCode::kNotFound) {
    return false;
  }
  return tl::unexpected(info.error());
}

std::string join(std::string_view directory, std::string_view name) {
  std::string path(directory);
  if (!path.empty() && path.back() != '/') {
    path += '/';
  }
  return path.append(name);
}

Result<std::string> read_whole(Files& files, const std::string& path) {
  constexpr std::size_t kAtLeast = 4096;  // some files say that they are empty and are not
  RHEON_ASSIGN(const auto file, files.open(path, OpenMode::kRead));
  RHEON_ASSIGN(const auto info, file->info());
  std::string content;
  std::size_t chunk = info.size + 1;  // one more byte, to see the end at the first read
  for (;;) {
    const std::size_t size = content.size();
    content.resize(size + chunk);
    const std::span<char> into(content.data() + size, chunk);
    RHEON_ASSIGN(const std::size_t got, file->read_at(size, std::as_writable_bytes(into)));
    content.resize(size + got);
    if (got < chunk) {
      return content;
    }
    chunk = kAtLeast;
  }
}

Status replace_whole(Files& files, const std::string& path, std::string_view bytes) {
  const std::string temporary = path + ".tmp";
  Status status = write_and_sync(files, temporary, bytes);
  if (status) {
    status = files.rename(temporary, path);
  }
  if (!status) {
    static_cast<void>(files.remove(temporary));  // the first error is the one to tell
    return status;
  }
  return files.sync_directory(directory_of(path));
}

}  // namespace rheon::env
