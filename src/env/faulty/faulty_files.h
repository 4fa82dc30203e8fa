#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "env/faulty/fault_plan.h"
#include "env/faulty/unsynced.h"
#include "env/files.h"

namespace rheon::env::faulty {

/// Real files of which one operation goes wrong, as the plan says; at a stop what was not synced is
/// taken back. All calls from any thread; those that change something are made one at a time.
class FaultyFiles : public Files {
 public:
  /// `attic`: a directory on the same file system, of this object's own, for what was removed and
  /// may have to come back. `end`: ends the process; does not return.
  FaultyFiles(Files& real, const FaultPlan& plan, std::string attic, std::function<void()> end);

  Result<std::unique_ptr<File>> open(const std::string& path, OpenMode mode) override;
  Result<FileInfo> info(const std::string& path) override { return real_.info(path); }
  Status rename(const std::string& from, const std::string& to) override;
  Status remove(const std::string& path) override;
  Status make_directories(const std::string& path) override;
  Status sync_directory(const std::string& path) override;
  Result<std::vector<std::string>> list(const std::string& path) override {
    return real_.list(path);
  }
  Result<std::vector<std::string>> glob(const std::string& pattern) override {
    return real_.glob(pattern);
  }
  Result<Space> space(const std::string& path) override { return real_.space(path); }
  Result<std::unique_ptr<FileLock>> lock(const std::string& path) override;
  Result<std::unique_ptr<FileLock>> lock_for_reading(const std::string& path) override {
    return real_.lock_for_reading(path);
  }
  Result<bool> is_locked(const std::string& path) override { return real_.is_locked(path); }

  /// Operations so far that change something, also those that failed.
  [[nodiscard]] std::uint64_t operations() const;
  /// Syncs of an open file of which one had failed: each is a defect of the caller, because the
  /// system says nothing of what was lost. Opened anew and brought to what is known to stand, it
  /// may be synced again.
  [[nodiscard]] std::uint64_t repeated_syncs() const;

 private:
  friend class FaultyFile;

  enum class Operation { kWrite, kSync, kResize, kPreallocate, kNewName, kChangeName };

  /// Counts the operation; an error when the plan says so. Does not come back from a stop.
  [[nodiscard]] Status begin(Operation operation, const std::string& path);
  [[noreturn]] void stop();
  [[nodiscard]] std::shared_ptr<UnsyncedContent> content_of(const std::string& path,
                                                            std::uint64_t inode);
  [[nodiscard]] UnsyncedNames& names_of(const std::string& path);
  /// Moves what stands at `path` away; empty: nothing stands there, or the directory is not ours.
  [[nodiscard]] Result<std::string> to_attic(const std::string& path);

  Files& real_;
  const FaultPlan plan_;
  const std::string attic_;
  const std::function<void()> end_;

  mutable std::mutex mutex_;  // of all that follows, and of every change
  std::uint64_t operations_ = 0;
  bool hit_ = false;
  std::uint64_t kept_in_attic_ = 0;
  std::map<std::uint64_t, std::shared_ptr<UnsyncedContent>> contents_;  // by inode
  std::map<std::string, UnsyncedNames> names_;                          // by directory
  std::uint64_t repeated_syncs_ = 0;
};

}  // namespace rheon::env::faulty
