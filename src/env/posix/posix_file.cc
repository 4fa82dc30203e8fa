#include "env/posix/posix_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "env/system_error.h"

namespace rheon::env::posix {

FileInfo info_of(const struct stat& status) {
  FileInfo info;
  info.size = static_cast<std::uint64_t>(status.st_size);
  info.inode = status.st_ino;
  info.device = status.st_dev;
  info.is_directory = S_ISDIR(status.st_mode);
  return info;
}

Result<std::size_t> PosixFile::read_at(std::uint64_t offset, std::span<std::byte> into) {
  std::size_t done = 0;
  while (done < into.size()) {
    const auto got = retry([&] {
      return ::pread(descriptor_.get(), into.data() + done, into.size() - done,
                     static_cast<off_t>(offset + done));
    });
    if (got < 0) {
      return fail_system("read", path_, errno);
    }
    if (got == 0) {
      break;
    }
    done += static_cast<std::size_t>(got);
  }
  return done;
}

Status PosixFile::write_at(std::uint64_t offset, std::span<const std::byte> bytes) {
  std::size_t done = 0;
  while (done < bytes.size()) {
    const auto put = retry([&] {
      return ::pwrite(descriptor_.get(), bytes.data() + done, bytes.size() - done,
                      static_cast<off_t>(offset + done));
    });
    if (put <= 0) {
      return fail_system("write", path_, put < 0 ? errno : ENOSPC);
    }
    done += static_cast<std::size_t>(put);
  }
  return {};
}

Status PosixFile::sync() {
  // Not made again after EINTR or any other error: the pages' state is unknown then.
  if (::fdatasync(descriptor_.get()) != 0) {
    return fail_system("sync", path_, errno);
  }
  return {};
}

Status PosixFile::truncate(std::uint64_t size) {
  if (retry([&] { return ::ftruncate(descriptor_.get(), static_cast<off_t>(size)); }) != 0) {
    return fail_system("truncate", path_, errno);
  }
  return {};
}

Status PosixFile::preallocate(std::uint64_t size) {
  if (size == 0) {
    return {};
  }
  if (retry([&] { return ::fallocate(descriptor_.get(), 0, 0, static_cast<off_t>(size)); }) == 0) {
    return {};
  }
  if (errno == EOPNOTSUPP || errno == ENOSYS) {
    return write_zeros_up_to(size);
  }
  const int code = errno;
  Status failed = fail_system("reserve space for", path_, code);
  struct stat status{};
  struct statvfs system{};
  if (code == ENOSPC && ::fstat(descriptor_.get(), &status) == 0 &&
      ::fstatvfs(descriptor_.get(), &system) == 0) {
    const std::uint64_t has = static_cast<std::uint64_t>(status.st_blocks) * 512;
    failed.error().message += fmt::format(
        " ({} KiB more are needed, {} KiB are free)", (size - std::min(size, has)) >> 10,
        static_cast<std::uint64_t>(system.f_bavail) * system.f_frsize >> 10);
  }
  return failed;
}

Status PosixFile::write_zeros_up_to(std::uint64_t size) {
  static constexpr std::array<std::byte, 64 * 1024> kZeros{};
  RHEON_ASSIGN(const FileInfo now, info());
  for (std::uint64_t at = now.size; at < size;) {
    const std::size_t count = std::min<std::uint64_t>(kZeros.size(), size - at);
    RHEON_TRY(write_at(at, std::span(kZeros).first(count)));
    at += count;
  }
  return {};
}

Result<FileInfo> PosixFile::info() {
  struct stat status{};
  if (::fstat(descriptor_.get(), &status) != 0) {
    return fail_system("look at", path_, errno);
  }
  return info_of(status);
}

}  // namespace rheon::env::posix
