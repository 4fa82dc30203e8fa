#pragma once

// Files, as the engine sees them. Every call may block: it is made on an I/O thread (env/io_pool.h)
// or before and after the shards run, never from a shard's step(). Paths are plain bytes.
// All calls may be made from any thread; two threads never use one File at the same time for
// writing.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace rheon::env {

struct FileInfo {
  std::uint64_t size = 0;    // bytes
  std::uint64_t inode = 0;   // identity within its file system, as long as the file lives
  std::uint64_t device = 0;  // a label, not an identity: it may change at a mount
  bool is_directory = false;
};

struct Space {
  std::uint64_t free_bytes = 0;  // what this process may still write
  std::uint64_t total_bytes = 0;
  std::string file_system;  // "local", or the name of a network file system ("nfs", "fuse", ...)
};

class File {
 public:
  virtual ~File() = default;

  /// Bytes read; fewer than asked only at the end of the file.
  [[nodiscard]] virtual Result<std::size_t> read_at(std::uint64_t offset,
                                                    std::span<std::byte> into) = 0;
  /// Writes all of `bytes`, or fails: then any part of them may stand in the file.
  [[nodiscard]] virtual Status write_at(std::uint64_t offset, std::span<const std::byte> bytes) = 0;
  /// What was written is on the device when this returns without an error. After an error nothing
  /// is known about the file's pages: never try again on the same file.
  [[nodiscard]] virtual Status sync() = 0;
  [[nodiscard]] virtual Status truncate(std::uint64_t size) = 0;
  /// Reserves space on the device up to `size` bytes; the file's length becomes at least `size`
  /// and the new part reads as zeros.
  [[nodiscard]] virtual Status preallocate(std::uint64_t size) = 0;
  [[nodiscard]] virtual Result<FileInfo> info() = 0;
};

/// Held as long as the object lives; given back by the system when the process dies.
class FileLock {
 public:
  virtual ~FileLock() = default;
};

enum class OpenMode {
  kRead,       // must exist
  kReadWrite,  // must exist
  kCreate,     // read and write; made when missing, kept as it is otherwise
  kCreateNew,  // read and write; must not exist
};

class Files {
 public:
  virtual ~Files() = default;

  /// kNotFound when a file that must exist does not.
  [[nodiscard]] virtual Result<std::unique_ptr<File>> open(const std::string& path,
                                                           OpenMode mode) = 0;
  /// kNotFound when nothing stands at `path`.
  [[nodiscard]] virtual Result<FileInfo> info(const std::string& path) = 0;
  /// Replaces `to`. Durable after sync_directory() of the directory (of both, when they differ).
  [[nodiscard]] virtual Status rename(const std::string& from, const std::string& to) = 0;
  [[nodiscard]] virtual Status remove(const std::string& path) = 0;
  /// Makes the directory and all above it, durably; nothing happens when it is there.
  [[nodiscard]] virtual Status make_directories(const std::string& path) = 0;
  /// Makes creations, renames and removals in the directory durable.
  [[nodiscard]] virtual Status sync_directory(const std::string& path) = 0;
  /// Names (not paths) in the directory, in byte order, without "." and "..".
  [[nodiscard]] virtual Result<std::vector<std::string>> list(const std::string& path) = 0;
  /// Paths of regular files that match a shell pattern, in byte order. None is not an error.
  [[nodiscard]] virtual Result<std::vector<std::string>> glob(const std::string& pattern) = 0;
  [[nodiscard]] virtual Result<Space> space(const std::string& path) = 0;
  /// Takes an exclusive lock on the file (made when missing); kRefused when another holds it.
  [[nodiscard]] virtual Result<std::unique_ptr<FileLock>> lock(const std::string& path) = 0;
  /// Takes a lock that others who only read may share: kRefused while somebody holds lock(), which
  /// is refused meanwhile. The file must be there; on a disk that cannot be written this works too.
  [[nodiscard]] virtual Result<std::unique_ptr<FileLock>> lock_for_reading(
      const std::string& path) = 0;
  /// Whether somebody holds a lock on the file. Takes nothing: who locks meanwhile does not
  /// notice.
  [[nodiscard]] virtual Result<bool> is_locked(const std::string& path) = 0;
};

/// The directory part of a path ("." when it has none).
[[nodiscard]] std::string directory_of(std::string_view path);
/// `directory` + "/" + `name`, without doubling the slash.
[[nodiscard]] std::string join(std::string_view directory, std::string_view name);
/// The same path without "." parts and without doubled or trailing slashes.
[[nodiscard]] std::string plain(std::string_view path);
/// Whether the file with this inode still stands at `path`: nobody has removed, moved or replaced
/// it since it was opened.
[[nodiscard]] Result<bool> stands_at(Files& files, const std::string& path, std::uint64_t inode);
/// The whole file. kNotFound when it is not there.
[[nodiscard]] Result<std::string> read_whole(Files& files, const std::string& path);
/// Puts `bytes` at `path` so that after a crash either the old or the new file stands there:
/// writes `path`.tmp, syncs it, renames it, syncs the directory.
[[nodiscard]] Status replace_whole(Files& files, const std::string& path, std::string_view bytes);

}  // namespace rheon::env
