#pragma once

// What a machine that loses power forgets: the changes since the last sync, with what stood there
// before, so that they can be taken back on a real file system.

#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "env/files.h"

namespace rheon::env::faulty {

using Generator = std::mt19937_64;

/// The changes of one file, in order.
class UnsyncedContent {
 public:
  explicit UnsyncedContent(std::unique_ptr<File> file) : file_(std::move(file)) {}

  /// Before `bytes` bytes at `offset` are written.
  [[nodiscard]] Status about_to_write(std::uint64_t offset, std::uint64_t bytes);
  /// Before the file gets another size.
  [[nodiscard]] Status about_to_resize(std::uint64_t size);
  void synced() { changes_.clear(); }
  /// Takes all changes back but the first `kept`; of the first one that is not kept, a write, a
  /// random part stays when `torn` is given.
  [[nodiscard]] Status take_back(std::size_t kept, Generator* torn);
  [[nodiscard]] std::size_t size() const { return changes_.size(); }

 private:
  struct Change {
    std::uint64_t offset;
    std::uint64_t bytes;  // written at `offset`
    std::string before;   // what stood there, up to the end of the file
    std::uint64_t size;   // of the file before
  };

  [[nodiscard]] Result<std::string> read(std::uint64_t offset, std::uint64_t bytes);

  std::unique_ptr<File> file_;
  std::vector<Change> changes_;
};

/// The changed names of one directory, in order. What is removed or replaced is moved to `attic`
/// until it is synced.
class UnsyncedNames {
 public:
  explicit UnsyncedNames(Files& files) : files_(files) {}

  void created(const std::string& path) { changes_.push_back({"", path, "", ""}); }
  /// `kept_at`: where the file that had the name stands now.
  void removed(const std::string& path, const std::string& kept_at) {
    changes_.push_back({"", "", kept_at, path});
  }
  /// `kept_at`: as above, of the file that had the name `to`; empty: there was none.
  void renamed(const std::string& from, const std::string& to, const std::string& kept_at);
  void synced();
  [[nodiscard]] Status take_back(std::size_t kept);
  [[nodiscard]] std::size_t size() const { return changes_.size(); }

 private:
  struct Change {
    std::string from;     // renamed from there ...
    std::string to;       // ... to here, or created here
    std::string kept_at;  // what was removed or replaced ...
    std::string belongs;  // ... and where it stood
  };

  Files& files_;
  std::vector<Change> changes_;
};

}  // namespace rheon::env::faulty
