#pragma once

// A data directory as fuzzed bytes, and back. The bytes are rows of path, offset, contents: each
// writes a piece of a file of job.data/. So runs of zeros cost nothing.

#include <cstdint>
#include <string>
#include <string_view>

#include "base/assert.h"
#include "base/bytes.h"
#include "codec/wire.h"
#include "env/fake/fake_env.h"
#include "input.h"
#include "log/files/format.h"

namespace rheon::fuzz {

inline const std::string kDataDirectory = "job.data";

inline void write_piece(env::Files& files, const std::string& path, std::uint64_t offset,
                        std::string_view bytes) {
  // Fuzzed paths may be no paths of files.
  if (files.make_directories(env::directory_of(path)).has_value()) {
    if (const auto file = files.open(path, env::OpenMode::kCreate); file.has_value()) {
      static_cast<void>((*file)->write_at(offset, as_bytes(bytes)));
    }
  }
}

inline void make_directory(env::Files& files, Input in) {
  constexpr std::uint64_t kMaxOffset = 64 << 10;
  write_piece(files, env::join(kDataDirectory, log::files::kLockFile), 0, {});
  while (!in.empty()) {
    const std::string path = env::join(kDataDirectory, in.text());
    const std::uint64_t offset = in.number() % kMaxOffset;
    write_piece(files, path, offset, in.text());
  }
}

/// Calls visit(path) for every file below the directory, in byte order of their paths.
template <class Visit>
void for_each_file(env::Files& files, const std::string& directory, Visit&& visit) {
  const auto names = files.list(directory);
  if (!names.has_value()) {
    return;
  }
  for (const std::string& name : *names) {
    const std::string path = env::join(directory, name);
    if (const auto info = files.info(path); info.has_value() && info->is_directory) {
      for_each_file(files, path, visit);
    } else {
      visit(path);
    }
  }
}

/// The rows that make the data directory; the ballast and the zeros at the ends are left out.
[[nodiscard]] inline std::string directory_bytes(env::Files& files) {
  constexpr std::size_t kGapBytes = 32;
  const std::string gap(kGapBytes, '\0');
  std::string out;
  for_each_file(files, kDataDirectory, [&](const std::string& path) {
    const std::string name = path.substr(kDataDirectory.size() + 1);
    const std::string bytes = env::read_whole(files, path).value_or("");
    if (name == log::files::kLockFile || name == log::files::kBallastFile) {
      return;
    }
    for (std::size_t at = bytes.find_first_not_of('\0'); at < bytes.size();) {
      const std::size_t end = std::min(bytes.find(gap, at), bytes.size());
      codec::put_bytes(out, name);
      codec::put_varint(out, at);
      codec::put_bytes(out, std::string_view(bytes).substr(at, end - at));
      at = bytes.find_first_not_of('\0', end);
    }
  });
  return out;
}

}  // namespace rheon::fuzz
