#pragma once

#include <cerrno>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "base/bytes.h"
#include "env/fake/fake_disk.h"
#include "env/system_error.h"

namespace rheon::env::fake {

/// An open file of a FakeDisk; dead once the disk was restarted.
class FakeFile : public File {
 public:
  FakeFile(FakeDisk& disk, InodePtr inode, std::string path, bool writable)
      : disk_(disk),
        inode_(std::move(inode)),
        path_(std::move(path)),
        writable_(writable),
        generation_(disk.generation_) {
    ++inode_->open_files;
  }
  ~FakeFile() override { --inode_->open_files; }

  Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> into) override {
    disk_.check_running(generation_);
    if (const int error = disk_.begin_read(); error != 0) {
      return fail_system("read", path_, error);
    }
    const std::string& content = inode_->content.visible();
    if (offset >= content.size()) {
      return std::size_t{0};
    }
    return content.copy(reinterpret_cast<char*>(into.data()), into.size(), offset);
  }
  Status write_at(std::uint64_t offset, std::span<const std::byte> bytes) override {
    RHEON_TRY(check_writable("write"));
    return bytes.empty() ? Status{} : disk_.write(*inode_, path_, offset, as_text(bytes));
  }
  Status sync() override {
    disk_.check_running(generation_);
    return disk_.sync(*inode_, path_);
  }
  Status truncate(std::uint64_t size) override {
    RHEON_TRY(check_writable("truncate"));
    return disk_.truncate(*inode_, path_, size);
  }
  Status preallocate(std::uint64_t size) override {
    RHEON_TRY(check_writable("reserve space for"));
    return disk_.preallocate(*inode_, path_, size);
  }
  Result<FileInfo> info() override {
    disk_.check_running(generation_);
    return disk_.info_of(*inode_);
  }

 private:
  Status check_writable(std::string_view what) const {
    disk_.check_running(generation_);
    return writable_ ? Status{} : fail_system(what, path_, EBADF);
  }

  FakeDisk& disk_;
  InodePtr inode_;
  std::string path_;
  bool writable_;
  std::uint64_t generation_;
};

/// A held lock of a FakeDisk; gives nothing back once the disk was restarted.
class FakeLock : public FileLock {
 public:
  FakeLock(FakeDisk& disk, InodePtr inode, bool shared)
      : disk_(disk), inode_(std::move(inode)), shared_(shared), generation_(disk.generation_) {
    if (shared_) {
      disk_.locked_for_reading_.insert(inode_->number);
    } else {
      disk_.locked_.insert(inode_->number);
    }
  }
  ~FakeLock() override {
    if (generation_ != disk_.generation_) {
      return;
    }
    if (shared_) {
      disk_.locked_for_reading_.erase(disk_.locked_for_reading_.find(inode_->number));
    } else {
      disk_.locked_.erase(inode_->number);
    }
  }

 private:
  FakeDisk& disk_;
  InodePtr inode_;
  bool shared_;
  std::uint64_t generation_;
};

}  // namespace rheon::env::fake
