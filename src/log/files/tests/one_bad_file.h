#pragma once

// A disk on which one kind of call on one file goes wrong.

#include <memory>
#include <string>
#include <utility>

#include "env/forwarding_files.h"

namespace rheon::log::files::testing {

class OneBadFile final : public env::ForwardingFiles {
 public:
  using ForwardingFiles::ForwardingFiles;

  enum class Call { kWrite, kSync, kRemove };
  static constexpr int kAlways = -1;

  /// The next so many of these calls fail, on paths that end so.
  void fail_on(std::string path_end, Call call, ErrorCode code, int times = kAlways) {
    path_end_ = std::move(path_end);
    call_ = call;
    code_ = code;
    times_ = times;
  }
  /// Counts these calls from now on, and lets them through.
  void count(std::string path_end, Call call) {
    fail_on(std::move(path_end), call, {}, 0);
    calls_ = 0;
  }
  [[nodiscard]] int calls() const { return calls_; }

  Result<std::unique_ptr<env::File>> open(const std::string& path, env::OpenMode mode) override {
    RHEON_ASSIGN(auto file, ForwardingFiles::open(path, mode));
    return std::make_unique<BadFile>(*this, path, std::move(file));
  }
  Status remove(const std::string& path) override {
    RHEON_TRY(look(path, Call::kRemove));
    return ForwardingFiles::remove(path);
  }

 private:
  class BadFile final : public env::ForwardingFile {
   public:
    BadFile(OneBadFile& files, std::string path, std::unique_ptr<env::File> real)
        : ForwardingFile(std::move(real)), files_(files), path_(std::move(path)) {}
    Status write_at(std::uint64_t offset, std::span<const std::byte> bytes) override {
      RHEON_TRY(files_.look(path_, Call::kWrite));
      return ForwardingFile::write_at(offset, bytes);
    }
    Status sync() override {
      RHEON_TRY(files_.look(path_, Call::kSync));
      return ForwardingFile::sync();
    }

   private:
    OneBadFile& files_;
    std::string path_;
  };

  Status look(const std::string& path, Call call) {
    if (call != call_ || path_end_.empty() || !path.ends_with(path_end_)) {
      return {};
    }
    ++calls_;
    if (times_ == 0) {
      return {};
    }
    times_ -= times_ > 0 ? 1 : 0;
    return fail(code_, "the test lets " + path + " fail");
  }

  std::string path_end_;
  Call call_{};
  ErrorCode code_{};
  int times_ = 0;
  int calls_ = 0;
};

}  // namespace rheon::log::files::testing
