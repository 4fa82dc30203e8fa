#pragma once

#include "env/files.h"

namespace rheon::env::posix {

/// The file system. Has no state.
class PosixFiles : public Files {
 public:
  Result<std::unique_ptr<File>> open(const std::string& path, OpenMode mode) override;
  Result<FileInfo> info(const std::string& path) override;
  Status rename(const std::string& from, const std::string& to) override;
  Status remove(const std::string& path) override;
  Status make_directories(const std::string& path) override;
  Status sync_directory(const std::string& path) override;
  Result<std::vector<std::string>> list(const std::string& path) override;
  Result<std::vector<std::string>> glob(const std::string& pattern) override;
  Result<Space> space(const std::string& path) override;
  Result<std::unique_ptr<FileLock>> lock(const std::string& path) override;
  Result<std::unique_ptr<FileLock>> lock_for_reading(const std::string& path) override;
  Result<bool> is_locked(const std::string& path) override;
};

}  // namespace rheon::env::posix
