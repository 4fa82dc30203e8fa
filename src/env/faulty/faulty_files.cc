#include "env/faulty/faulty_files.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <utility>

#include "base/assert.h"
#include "env/system_error.h"

namespace rheon::env::faulty {

using What = FaultPlan::What;
using Survival = FaultPlan::Survival;

/// A file that tells its FaultyFiles what it is about to change.
class FaultyFile : public File {
 public:
  FaultyFile(FaultyFiles& files, std::unique_ptr<File> real, std::string path,
             std::shared_ptr<UnsyncedContent> content)
      : files_(files),
        real_(std::move(real)),
        path_(std::move(path)),
        content_(std::move(content)) {}

  Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> into) override {
    return real_->read_at(offset, into);
  }
  Result<FileInfo> info() override { return real_->info(); }

  Status write_at(std::uint64_t offset, std::span<const std::byte> bytes) override {
    const std::lock_guard lock(files_.mutex_);
    if (Status begun = files_.begin(FaultyFiles::Operation::kWrite, path_); !begun) {
      const std::span<const std::byte> part = bytes.first(bytes.size() / 2);
      RHEON_TRY(content_->about_to_write(offset, part.size()));
      RHEON_TRY(real_->write_at(offset, part));
      return begun;
    }
    RHEON_TRY(content_->about_to_write(offset, bytes.size()));
    return real_->write_at(offset, bytes);
  }
  Status sync() override {
    const std::lock_guard lock(files_.mutex_);
    files_.repeated_syncs_ += sync_failed_ ? 1 : 0;
    if (Status begun = files_.begin(FaultyFiles::Operation::kSync, path_); !begun) {
      sync_failed_ = true;
      return begun;
    }
    RHEON_TRY(real_->sync());
    content_->synced();
    return {};
  }
  Status truncate(std::uint64_t size) override {
    const std::lock_guard lock(files_.mutex_);
    RHEON_TRY(files_.begin(FaultyFiles::Operation::kResize, path_));
    RHEON_TRY(content_->about_to_resize(size));
    return real_->truncate(size);
  }
  Status preallocate(std::uint64_t size) override {
    const std::lock_guard lock(files_.mutex_);
    RHEON_TRY(files_.begin(FaultyFiles::Operation::kPreallocate, path_));
    RHEON_ASSIGN(const FileInfo now, real_->info());
    RHEON_TRY(content_->about_to_resize(std::max(size, now.size)));
    return real_->preallocate(size);
  }

 private:
  FaultyFiles& files_;
  std::unique_ptr<File> real_;
  std::string path_;
  std::shared_ptr<UnsyncedContent> content_;
  bool sync_failed_ = false;
};

FaultyFiles::FaultyFiles(Files& real, const FaultPlan& plan, std::string attic,
                         std::function<void()> end)
    : real_(real), plan_(plan), attic_(std::move(attic)), end_(std::move(end)) {}

std::uint64_t FaultyFiles::operations() const {
  const std::lock_guard lock(mutex_);
  return operations_;
}

std::uint64_t FaultyFiles::repeated_syncs() const {
  const std::lock_guard lock(mutex_);
  return repeated_syncs_;
}

Status FaultyFiles::begin(Operation operation, const std::string& path) {
  ++operations_;
  if (plan_.at == 0 || hit_ || operations_ < plan_.at) {
    return {};
  }
  const bool takes_space = operation == Operation::kWrite || operation == Operation::kPreallocate ||
                           operation == Operation::kNewName;
  if ((plan_.what == What::kNoSpace && !takes_space) ||
      (plan_.what == What::kShortWrite && operation != Operation::kWrite) ||
      (plan_.what == What::kFailedSync && operation != Operation::kSync)) {
    return {};
  }
  hit_ = true;
  if (plan_.what == What::kStop) {
    stop();
  }
  return fail_system("use", path, plan_.what == What::kNoSpace ? ENOSPC : EIO);
}

void FaultyFiles::stop() {
  Generator random(plan_.seed);
  const bool torn = plan_.survival == Survival::kTorn;
  const auto kept = [&](std::size_t changes) { return torn ? random() % (changes + 1) : 0; };
  if (plan_.survival != Survival::kAll) {
    for (const auto& [inode, content] : contents_) {
      const Status taken_back = content->take_back(kept(content->size()), torn ? &random : nullptr);
      RHEON_ASSERT(taken_back.has_value(), "what is written can be taken back");
    }
    for (auto& [directory, names] : names_) {
      const Status taken_back = names.take_back(kept(names.size()));
      RHEON_ASSERT(taken_back.has_value(), "names can be taken back");
    }
  }
  end_();
  std::abort();
}

std::shared_ptr<UnsyncedContent> FaultyFiles::content_of(const std::string& path,
                                                         std::uint64_t inode) {
  std::shared_ptr<UnsyncedContent>& content = contents_[inode];
  if (content == nullptr) {
    auto file = real_.open(path, OpenMode::kReadWrite);
    RHEON_ASSERT(file.has_value(), "an open file can be opened once more");
    content = std::make_shared<UnsyncedContent>(std::move(*file));
  }
  return content;
}

UnsyncedNames& FaultyFiles::names_of(const std::string& path) {
  return names_.try_emplace(directory_of(path), real_).first->second;
}

Result<std::string> FaultyFiles::to_attic(const std::string& path) {
  const auto there = real_.info(path);
  if (!there.has_value()) {
    return there.error().code == ErrorCode::kNotFound ? Result<std::string>()
                                                      : tl::unexpected(there.error());
  }
  std::string kept_at = join(attic_, std::to_string(kept_in_attic_++));
  RHEON_TRY(real_.rename(path, kept_at));
  return kept_at;
}

Result<std::unique_ptr<File>> FaultyFiles::open(const std::string& path, OpenMode mode) {
  if (mode == OpenMode::kRead) {
    return real_.open(path, mode);
  }
  const std::lock_guard lock(mutex_);
  const auto there = real_.info(path);
  const bool creates = !there.has_value() && there.error().code == ErrorCode::kNotFound &&
                       mode != OpenMode::kReadWrite;
  if (creates) {
    RHEON_TRY(begin(Operation::kNewName, path));
  }
  RHEON_ASSIGN(auto file, real_.open(path, mode));
  if (creates) {
    names_of(path).created(path);
  }
  RHEON_ASSIGN(const FileInfo info, file->info());
  return std::make_unique<FaultyFile>(*this, std::move(file), path, content_of(path, info.inode));
}

Status FaultyFiles::rename(const std::string& from, const std::string& to) {
  const std::lock_guard lock(mutex_);
  RHEON_TRY(begin(Operation::kChangeName, from));
  RHEON_ASSIGN(const std::string kept_at, to_attic(to));
  RHEON_TRY(real_.rename(from, to));
  names_of(to).renamed(from, to, kept_at);
  return {};
}

Status FaultyFiles::remove(const std::string& path) {
  const std::lock_guard lock(mutex_);
  RHEON_TRY(begin(Operation::kChangeName, path));
  RHEON_ASSIGN(const FileInfo info, real_.info(path));
  if (info.is_directory) {
    return real_.remove(path);
  }
  RHEON_ASSIGN(const std::string kept_at, to_attic(path));
  names_of(path).removed(path, kept_at);
  return {};
}

Status FaultyFiles::make_directories(const std::string& path) {
  const std::lock_guard lock(mutex_);
  if (!real_.info(path).has_value()) {
    RHEON_TRY(begin(Operation::kNewName, path));
  }
  return real_.make_directories(path);
}

Status FaultyFiles::sync_directory(const std::string& path) {
  const std::lock_guard lock(mutex_);
  RHEON_TRY(begin(Operation::kSync, path));
  RHEON_TRY(real_.sync_directory(path));
  names_of(join(path, "x")).synced();
  return {};
}

Result<std::unique_ptr<FileLock>> FaultyFiles::lock(const std::string& path) {
  const std::lock_guard lock(mutex_);
  if (!real_.info(path).has_value()) {
    RHEON_TRY(begin(Operation::kNewName, path));
    RHEON_ASSIGN(auto taken, real_.lock(path));
    names_of(path).created(path);
    return taken;
  }
  return real_.lock(path);
}

}  // namespace rheon::env::faulty
