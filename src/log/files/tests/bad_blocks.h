#pragma once

// A disk that cannot read a block, or cannot be looked at.

#include <memory>
#include <string>
#include <utility>

#include "env/fake/fake_env.h"
#include "env/forwarding_files.h"
#include "log/files/tests/machine_of.h"

namespace rheon::log::files::testing {

inline constexpr const char* kSentence = "Input/output error, said the test";

/// Files of which one look or read goes wrong, or one place for ever.
class BadBlocks final : public env::ForwardingFiles {
 public:
  explicit BadBlocks(env::Files& real) : ForwardingFiles(real) {}

  void fail_at(std::uint64_t look) {
    left_ = look;
    failed_ = false;
  }
  [[nodiscard]] bool failed() const { return failed_; }
  /// Every read of this byte fails.
  void break_for_ever(std::string path, std::uint64_t byte) {
    broken_path_ = std::move(path);
    broken_byte_ = byte;
    failed_ = false;
  }
  /// Opening this file fails, for another reason than its bytes.
  void forbid(std::string path) { forbidden_ = std::move(path); }
  /// As the kernel does with a disk that fails: nothing in this directory can be written any more.
  void protect(std::string directory) { read_only_ = std::move(directory) + "/"; }

  Result<std::unique_ptr<env::File>> open(const std::string& path, env::OpenMode mode) override {
    RHEON_TRY(look());
    if (path == forbidden_ || (mode != env::OpenMode::kRead && is_protected(path))) {
      failed_ = true;
      return fail(ErrorCode::kIo, kSentence);
    }
    RHEON_ASSIGN(auto file, ForwardingFiles::open(path, mode));
    return std::make_unique<BadFile>(*this, std::move(file), path == broken_path_);
  }
  Result<env::FileInfo> info(const std::string& path) override {
    RHEON_TRY(look());
    return ForwardingFiles::info(path);
  }
  Result<std::vector<std::string>> list(const std::string& path) override {
    RHEON_TRY(look());
    return ForwardingFiles::list(path);
  }
  Result<env::Space> space(const std::string& path) override {
    RHEON_TRY(look());
    return ForwardingFiles::space(path);
  }
  Result<std::unique_ptr<env::FileLock>> lock(const std::string& path) override {
    RHEON_TRY(look());
    return is_protected(path) ? fail(ErrorCode::kIo, kSentence) : ForwardingFiles::lock(path);
  }
  Result<std::unique_ptr<env::FileLock>> lock_for_reading(const std::string& path) override {
    RHEON_TRY(look());
    return ForwardingFiles::lock_for_reading(path);
  }
  Status remove(const std::string& path) override {
    return is_protected(path) ? fail(ErrorCode::kIo, kSentence) : ForwardingFiles::remove(path);
  }
  Status rename(const std::string& from, const std::string& to) override {
    return is_protected(to) ? fail(ErrorCode::kIo, kSentence) : ForwardingFiles::rename(from, to);
  }

 private:
  class BadFile final : public env::ForwardingFile {
   public:
    BadFile(BadBlocks& files, std::unique_ptr<env::File> real, bool broken)
        : ForwardingFile(std::move(real)), files_(files), broken_(broken) {}
    Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> into) override {
      RHEON_TRY(files_.look());
      const std::uint64_t byte = files_.broken_byte_;
      if (broken_ && byte >= offset && byte - offset < into.size()) {
        files_.failed_ = true;
        return fail(ErrorCode::kIo, kSentence);
      }
      return ForwardingFile::read_at(offset, into);
    }
    Result<env::FileInfo> info() override {
      RHEON_TRY(files_.look());
      return ForwardingFile::info();
    }

   private:
    BadBlocks& files_;
    bool broken_;
  };

  Status look() {
    if (left_ == 0) {
      return {};
    }
    --left_;
    if (left_ == 0) {
      failed_ = true;
      return fail(ErrorCode::kIo, kSentence);
    }
    return {};
  }

  [[nodiscard]] bool is_protected(const std::string& path) const {
    return !read_only_.empty() && path.starts_with(read_only_);
  }

  std::uint64_t left_ = 0;
  std::string read_only_;
  std::string broken_path_;
  std::uint64_t broken_byte_ = 0;
  std::string forbidden_;
  bool failed_ = false;
};

using BadMachine = MachineOf<BadBlocks>;

}  // namespace rheon::log::files::testing
