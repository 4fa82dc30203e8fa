#include "connect/files/file_discovery.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

namespace rheon::connect::files {
namespace {

struct Candidate {
  std::string path;
  std::uint64_t inode = 0;
  std::uint64_t size = 0;
  std::string head;
};

/// None when the file went away in the meantime.
Result<std::optional<Candidate>> look_at(env::Files& files, const std::string& path) {
  auto file = files.open(path, env::OpenMode::kRead);
  if (!file) {
    if (file.error().code == ErrorCode::kNotFound) {
      return std::nullopt;
    }
    return tl::unexpected(std::move(file).error());
  }
  RHEON_ASSIGN(const env::FileInfo info, (*file)->info());
  RHEON_ASSIGN(std::string head, read_head(**file));
  return Candidate{path, info.inode, std::max<std::uint64_t>(info.size, head.size()),
                   std::move(head)};
}

bool is_file_of(const Candidate& candidate, const FilePosition& position) {
  return !position.cut && matches(position.identity, candidate.inode, candidate.head) &&
         candidate.size >= position.offset;
}

Error no_match(env::Files& files, const std::string& pattern) {
  if (const auto there = files.info(pattern); there.has_value()) {
    return {ErrorCode::kInvalidInput,
            there->is_directory
                ? "'" + pattern +
                      "' is a directory: a pattern says which of its files are read, '" +
                      env::join(pattern, "*") + "' all of them."
                : "'" + pattern + "' is there, but as a pattern it matches no regular file. A " +
                      "backslash takes the meaning from *, ? and [."};
  }
  return {
      ErrorCode::kInvalidInput,
      "no file matches '" + pattern + "'" +
          (pattern.starts_with('/') ? "" : " (seen from the directory where the job was started)") +
          ". Check the pattern, or pass --follow to wait for files."};
}

/// To go on would end the job, for good: there is nothing more to read.
Error other_pattern(const std::string& pattern, const std::string& known) {
  return {ErrorCode::kInvalidInput,
          fmt::format("no file matches '{}', and what this source has read before is still there "
                      "('{}'). Check the pattern, or start over with `reset`.",
                      pattern, known)};
}

/// A known file is not the file it was; only an error when files are not followed.
Error changed(const FilePosition& position, const Candidate& now) {
  if (now.inode == position.identity.inode && now.size < position.offset) {
    return {
        ErrorCode::kRefused,
        fmt::format("file '{}' was read up to byte {}, and has only {} bytes now. Put the file "
                    "back as it was, start over with `reset`, or pass --follow to take it for a "
                    "new file.",
                    position.path, position.offset, now.size)};
  }
  return {
      ErrorCode::kRefused,
      fmt::format("file '{}' was read up to byte {}, and is another file now. Put the file back, "
                  "give the new one another name, start over with `reset`, or pass --follow to "
                  "take it for a new file.",
                  position.path, position.offset)};
}

Error gone(const FilePosition& position) {
  return {
      ErrorCode::kRefused,
      fmt::format("file '{}' was read up to byte {}, and is gone. Put it back, or start over with "
                  "`reset`.",
                  position.path, position.offset)};
}

struct Known {
  engine::SourcePartition partition;
  FilePosition position;
  bool found = false;
};

class Discovery {
 public:
  Discovery(env::Files& files, bool follow) : files_(files), follow_(follow) {}

  Status remember(const std::vector<engine::SourcePartition>& known) {
    for (const engine::SourcePartition& partition : known) {
      RHEON_ASSIGN(FilePosition position, decode_position(partition.position));
      ids_.insert(partition.id);
      known_.push_back({partition, std::move(position)});
    }
    return {};
  }

  Status take(const Candidate& file) {
    for (Known& known : known_) {
      if (is_file_of(file, known.position)) {
        add_known(known, file.path, file.size > known.position.offset);
        return {};
      }
    }
    for (const Known& known : known_) {
      if (!follow_ && known.position.path == file.path) {
        return tl::unexpected(changed(known.position, file));
      }
    }
    if (file.size > 0) {
      add_new(file);
    }
    return {};
  }

  Status take_missing() {
    for (Known& known : known_) {
      if (known.found || known.position.cut) {
        continue;
      }
      auto file = find_again(files_, known.position);
      if (file) {
        add_known(known, file->path, file->size > known.position.offset);
      } else if (file.error().code != ErrorCode::kNotFound) {
        return tl::unexpected(std::move(file).error());
      } else if (!follow_ && !known.position.ended) {
        return tl::unexpected(gone(known.position));
      }
    }
    return {};
  }

  [[nodiscard]] std::vector<engine::SourcePartition> result() { return std::move(partitions_); }

 private:
  void add_known(Known& known, const std::string& path, bool more) {
    if (std::exchange(known.found, true)) {
      return;  // a second name of the same file
    }
    known.position.path = path;
    partitions_.push_back({known.partition.id, path, encode(known.position), more});
  }

  void add_new(const Candidate& file) {
    FilePosition position;
    position.identity = identify(file.inode, file.head);
    position.path = file.path;
    // A file that was truncated and begins as it did before has the id that it had: count on.
    const std::string base = partition_id(position.identity);
    std::string id = base;
    for (int again = 2; !ids_.insert(id).second; ++again) {
      if (new_files_.contains(base)) {
        return;  // a second name of the same new file
      }
      id = base + "~" + std::to_string(again);
    }
    new_files_.insert(base);
    partitions_.push_back({id, file.path, encode(position)});
  }

  env::Files& files_;
  bool follow_;
  std::vector<Known> known_;
  std::set<std::string> ids_;
  std::set<std::string> new_files_;
  std::vector<engine::SourcePartition> partitions_;
};

}  // namespace

Result<FoundFile> find_again(env::Files& files, const FilePosition& position) {
  RHEON_ASSIGN(const auto there, look_at(files, position.path));
  if (there.has_value() && is_file_of(*there, position)) {
    return FoundFile{there->path, there->size};
  }
  const std::string directory = env::directory_of(position.path);
  RHEON_ASSIGN(const std::vector<std::string> names, files.list(directory));
  for (const std::string& name : names) {
    const std::string path =
        position.path.find('/') == std::string::npos ? name : env::join(directory, name);
    const auto info = files.info(path);
    if (!info || info->is_directory || info->inode != position.identity.inode) {
      continue;
    }
    RHEON_ASSIGN(const auto candidate, look_at(files, path));
    if (candidate.has_value() && is_file_of(*candidate, position)) {
      return FoundFile{path, candidate->size};
    }
  }
  return fail(ErrorCode::kNotFound, "file '" + position.path + "' is gone");
}

Result<std::vector<engine::SourcePartition>> discover_files(
    env::Files& files, const std::string& pattern, bool follow,
    const std::vector<engine::SourcePartition>& known) {
  RHEON_ASSIGN(const std::vector<std::string> paths, files.glob(pattern));
  if (paths.empty() && known.empty() && !follow) {
    return tl::unexpected(no_match(files, pattern));
  }
  Discovery discovery(files, follow);
  RHEON_TRY(discovery.remember(known));
  for (const std::string& path : paths) {
    RHEON_ASSIGN(const auto candidate, look_at(files, path));
    if (candidate.has_value()) {
      RHEON_TRY(discovery.take(*candidate));
    }
  }
  RHEON_TRY(discovery.take_missing());
  std::vector<engine::SourcePartition> found = discovery.result();
  if (paths.empty() && !follow && !found.empty()) {
    return tl::unexpected(other_pattern(pattern, found.front().label));
  }
  return found;
}

}  // namespace rheon::connect::files
