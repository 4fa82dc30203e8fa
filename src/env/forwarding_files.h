#pragma once

// Files that hand everything on to others: a base for those that do one thing differently.

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "env/files.h"

namespace rheon::env {

class ForwardingFile : public File {
 public:
  explicit ForwardingFile(std::unique_ptr<File> real) : real_(std::move(real)) {}

  Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> into) override {
    return real_->read_at(offset, into);
  }
  Status write_at(std::uint64_t offset, std::span<const std::byte> bytes) override {
    return real_->write_at(offset, bytes);
  }
  Status sync() override { return real_->sync(); }
  Status truncate(std::uint64_t size) override { return real_->truncate(size); }
  Status preallocate(std::uint64_t size) override { return real_->preallocate(size); }
  Result<FileInfo> info() override { return real_->info(); }

 private:
  std::unique_ptr<File> real_;
};

class ForwardingFiles : public Files {
 public:
  explicit ForwardingFiles(Files& real) : real_(real) {}

  Result<std::unique_ptr<File>> open(const std::string& path, OpenMode mode) override {
    return real_.open(path, mode);
  }
  Result<FileInfo> info(const std::string& path) override { return real_.info(path); }
  Status rename(const std::string& from, const std::string& to) override {
    return real_.rename(from, to);
  }
  Status remove(const std::string& path) override { return real_.remove(path); }
  Status make_directories(const std::string& path) override { return real_.make_directories(path); }
  Status sync_directory(const std::string& path) override { return real_.sync_directory(path); }
  Result<std::vector<std::string>> list(const std::string& path) override {
    return real_.list(path);
  }
  Result<std::vector<std::string>> glob(const std::string& pattern) override {
    return real_.glob(pattern);
  }
  Result<Space> space(const std::string& path) override { return real_.space(path); }
  Result<std::unique_ptr<FileLock>> lock(const std::string& path) override {
    return real_.lock(path);
  }
  Result<std::unique_ptr<FileLock>> lock_for_reading(const std::string& path) override {
    return real_.lock_for_reading(path);
  }
  Result<bool> is_locked(const std::string& path) override { return real_.is_locked(path); }

 private:
  Files& real_;
};

}  // namespace rheon::env
