#include "env/posix/posix_files.h"

#include <dirent.h>
#include <fcntl.h>
#include <glob.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <memory>

#include "env/posix/descriptor.h"
#include "env/posix/posix_file.h"
#include "env/system_error.h"

namespace rheon::env::posix {
namespace {

constexpr mode_t kFileMode = 0666;  // the process's umask takes away from it
constexpr mode_t kDirectoryMode = 0777;

int flags_of(OpenMode mode) {
  switch (mode) {
    case OpenMode::kRead:
      return O_RDONLY;
    case OpenMode::kReadWrite:
      return O_RDWR;
    case OpenMode::kCreate:
      return O_RDWR | O_CREAT;
    case OpenMode::kCreateNew:
      return O_RDWR | O_CREAT | O_EXCL;
  }
  return O_RDONLY;
}

Descriptor open_descriptor(const std::string& path, int flags) {
  return Descriptor(retry([&] { return ::open(path.c_str(), flags | O_CLOEXEC, kFileMode); }));
}

/// The whole file: F_WRLCK holds it against everybody, F_RDLCK against writers. The lock belongs to
/// the open file (fcntl(2), "Open file description locks"): it goes when the descriptor is closed.
/// Unlike flock(2) this kind can be asked for without being taken.
struct flock whole_file(short type) {
  struct flock lock{};
  lock.l_type = type;
  lock.l_whence = SEEK_SET;
  return lock;
}

class HeldLock : public FileLock {
 public:
  explicit HeldLock(Descriptor descriptor) : descriptor_(std::move(descriptor)) {}

 private:
  Descriptor descriptor_;
};

Result<std::unique_ptr<FileLock>> take_lock(const std::string& path, int flags, short type) {
  Descriptor descriptor = open_descriptor(path, flags);
  if (!descriptor.valid()) {
    return fail_system("open the lock file", path, errno);
  }
  struct flock wanted = whole_file(type);
  if (retry([&] { return ::fcntl(descriptor.get(), F_OFD_SETLK, &wanted); }) != 0) {
    if (errno == EAGAIN || errno == EACCES) {
      return fail(ErrorCode::kRefused, "cannot lock '" + path + "': another process holds it");
    }
    return fail_system("lock", path, errno);
  }
  return std::make_unique<HeldLock>(std::move(descriptor));
}

struct CloseDirectory {
  void operator()(DIR* directory) const { ::closedir(directory); }
};

std::string file_system_name(const struct statfs& status) {
  constexpr std::uint32_t kCifs = 0xFF534D42;
  constexpr std::uint32_t kCeph = 0x00C36400;
  switch (static_cast<std::uint32_t>(status.f_type)) {
    case NFS_SUPER_MAGIC:
      return "nfs";
    case SMB_SUPER_MAGIC:
    case kCifs:
    case SMB2_SUPER_MAGIC:
      return "smb";
    case kCeph:
      return "ceph";
    case V9FS_MAGIC:
      return "9p";
    case FUSE_SUPER_MAGIC:
      return "fuse";
    case AFS_SUPER_MAGIC:
    case AFS_FS_MAGIC:
      return "afs";
    default:
      return "local";
  }
}

/// Makes one directory; its name is durable in its parent when this returns.
Status make_directory(PosixFiles& files, const std::string& path) {
  if (::mkdir(path.c_str(), kDirectoryMode) == 0) {
    return files.sync_directory(directory_of(path));
  }
  const int error_number = errno;
  struct stat status{};
  if (error_number == EEXIST && ::stat(path.c_str(), &status) == 0) {
    return S_ISDIR(status.st_mode) ? Status{}
                                   : fail(ErrorCode::kInvalidInput,
                                          "'" + path + "' is no directory: name another place");
  }
  return fail_system("make the directory", path, error_number);
}

// glob(3) gives its callback no context of ours.
thread_local int glob_error = 0;

int stop_glob(const char* /*path*/, int error_number) {
  if (error_number == ENOENT || error_number == ENOTDIR) {
    return 0;
  }
  glob_error = error_number;
  return 1;
}

}  // namespace

Result<std::unique_ptr<File>> PosixFiles::open(const std::string& path, OpenMode mode) {
  Descriptor descriptor = open_descriptor(path, flags_of(mode));
  if (!descriptor.valid()) {
    const int error_number = errno;
    return fail_system(mode == OpenMode::kCreateNew ? "create" : "open", path, error_number);
  }
  auto file = std::make_unique<PosixFile>(std::move(descriptor), path);
  RHEON_ASSIGN(const FileInfo status, file->info());
  if (status.is_directory) {
    return fail_system("open", path, EISDIR);
  }
  return file;
}

Result<FileInfo> PosixFiles::info(const std::string& path) {
  struct stat status{};
  if (::stat(path.c_str(), &status) != 0) {
    return fail_system("look at", path, errno);
  }
  return info_of(status);
}

Status PosixFiles::rename(const std::string& from, const std::string& to) {
  if (::rename(from.c_str(), to.c_str()) != 0) {
    const int error_number = errno;
    return fail_system("rename to '" + to + "' the file", from, error_number);
  }
  return {};
}

Status PosixFiles::remove(const std::string& path) {
  // A directory is removed only when it is empty.
  if (std::remove(path.c_str()) != 0) {
    return fail_system("remove", path, errno);
  }
  return {};
}

Status PosixFiles::make_directories(const std::string& path) {
  for (std::size_t slash = path.find('/', 1); slash != std::string::npos;
       slash = path.find('/', slash + 1)) {
    RHEON_TRY(make_directory(*this, path.substr(0, slash)));
  }
  return path.empty() ? Status{} : make_directory(*this, path);
}

Status PosixFiles::sync_directory(const std::string& path) {
  const Descriptor descriptor = open_descriptor(path, O_RDONLY | O_DIRECTORY);
  if (!descriptor.valid()) {
    return fail_system("open the directory", path, errno);
  }
  if (::fsync(descriptor.get()) != 0) {
    return fail_system("sync the directory", path, errno);
  }
  return {};
}

Result<std::vector<std::string>> PosixFiles::list(const std::string& path) {
  const std::unique_ptr<DIR, CloseDirectory> directory(::opendir(path.c_str()));
  if (directory == nullptr) {
    return fail_system("list the directory", path, errno);
  }
  std::vector<std::string> names;
  for (;;) {
    errno = 0;
    const dirent* entry = ::readdir(directory.get());
    if (entry == nullptr) {
      break;
    }
    if (const std::string_view name = entry->d_name; name != "." && name != "..") {
      names.emplace_back(name);
    }
  }
  if (errno != 0) {
    return fail_system("list the directory", path, errno);
  }
  std::sort(names.begin(), names.end());
  return names;
}

Result<std::vector<std::string>> PosixFiles::glob(const std::string& pattern) {
  glob_t found{};
  glob_error = 0;
  const int answer = ::glob(pattern.c_str(), GLOB_NOSORT, stop_glob, &found);
  const std::unique_ptr<glob_t, void (*)(glob_t*)> owner(&found, ::globfree);
  if (answer == GLOB_NOMATCH) {
    return std::vector<std::string>{};
  }
  if (answer != 0) {
    return fail_system("look for", pattern, answer == GLOB_NOSPACE ? ENOMEM : glob_error);
  }
  std::vector<std::string> paths;
  for (std::size_t i = 0; i < found.gl_pathc; ++i) {
    struct stat status{};
    if (::stat(found.gl_pathv[i], &status) == 0 && S_ISREG(status.st_mode)) {
      paths.emplace_back(found.gl_pathv[i]);
    }
  }
  std::sort(paths.begin(), paths.end());
  return paths;
}

Result<Space> PosixFiles::space(const std::string& path) {
  struct statvfs sizes{};
  struct statfs kind{};
  if (::statvfs(path.c_str(), &sizes) != 0 || ::statfs(path.c_str(), &kind) != 0) {
    return fail_system("look at the file system of", path, errno);
  }
  Space space;
  space.free_bytes = std::uint64_t{sizes.f_bavail} * sizes.f_frsize;
  space.total_bytes = std::uint64_t{sizes.f_blocks} * sizes.f_frsize;
  space.file_system = file_system_name(kind);
  return space;
}

Result<std::unique_ptr<FileLock>> PosixFiles::lock(const std::string& path) {
  return take_lock(path, O_RDWR | O_CREAT, F_WRLCK);
}

Result<std::unique_ptr<FileLock>> PosixFiles::lock_for_reading(const std::string& path) {
  return take_lock(path, O_RDONLY, F_RDLCK);
}

Result<bool> PosixFiles::is_locked(const std::string& path) {
  const Descriptor descriptor = open_descriptor(path, O_RDONLY);
  if (!descriptor.valid()) {
    return fail_system("open the lock file", path, errno);
  }
  struct flock found = whole_file(F_WRLCK);
  if (retry([&] { return ::fcntl(descriptor.get(), F_OFD_GETLK, &found); }) != 0) {
    return fail_system("ask for the lock on", path, errno);
  }
  return found.l_type != F_UNLCK;
}

}  // namespace rheon::env::posix
