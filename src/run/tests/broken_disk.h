#pragma once

// This machine, but for its disk, which fails now and then, and for its standard streams, which a
// test reads.

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "env/fake/fake_process.h"
#include "env/posix.h"

namespace rheon::run {

/// Every third sync of a CSV file fails, as often as the test has said. From any thread.
class FailingSyncs {
 public:
  void fail(int times) { left_ = times; }
  [[nodiscard]] int left() const { return left_; }
  /// The next sync of a CSV file calls `meanwhile` and takes so long. Before the job runs.
  void delay_one(std::chrono::milliseconds time, std::function<void()> meanwhile) {
    meanwhile_ = std::move(meanwhile);
    delay_ms_ = static_cast<int>(time.count());
  }

  [[nodiscard]] bool fails(const std::string& path) {
    if (!path.ends_with(".csv")) {
      return false;
    }
    if (const int delay_ms = delay_ms_.exchange(0); delay_ms != 0) {
      meanwhile_();
      std::this_thread::sleep_for(std::chrono::milliseconds{delay_ms});
    }
    if (++syncs_ % 3 != 0) {
      return false;
    }
    int left = left_;
    while (left > 0 && !left_.compare_exchange_weak(left, left - 1)) {
    }
    return left > 0;
  }

 private:
  std::atomic<int> left_{0};
  std::atomic<int> syncs_{0};
  std::atomic<int> delay_ms_{0};
  std::function<void()> meanwhile_;
};

class BrokenFile final : public env::File {
 public:
  BrokenFile(std::unique_ptr<env::File> file, std::string path, FailingSyncs& syncs)
      : file_(std::move(file)), path_(std::move(path)), syncs_(syncs) {}

  Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> into) override {
    return file_->read_at(offset, into);
  }
  Status write_at(std::uint64_t offset, std::span<const std::byte> bytes) override {
    return file_->write_at(offset, bytes);
  }
  Status sync() override {
    if (syncs_.fails(path_)) {
      return rheon::fail(ErrorCode::kIo, "cannot sync '" + path_ + "': Input/output error.");
    }
    return file_->sync();
  }
  Status truncate(std::uint64_t size) override { return file_->truncate(size); }
  Status preallocate(std::uint64_t size) override { return file_->preallocate(size); }
  Result<env::FileInfo> info() override { return file_->info(); }

 private:
  std::unique_ptr<env::File> file_;
  std::string path_;
  FailingSyncs& syncs_;
};

class BrokenDisk final : public env::Files {
 public:
  BrokenDisk(env::Files& files, FailingSyncs& syncs) : files_(files), syncs_(syncs) {}

  Result<std::unique_ptr<env::File>> open(const std::string& path, env::OpenMode mode) override {
    RHEON_ASSIGN(std::unique_ptr<env::File> file, files_.open(path, mode));
    return std::make_unique<BrokenFile>(std::move(file), path, syncs_);
  }
  Result<env::FileInfo> info(const std::string& path) override { return files_.info(path); }
  Status rename(const std::string& from, const std::string& to) override {
    return files_.rename(from, to);
  }
  Status remove(const std::string& path) override { return files_.remove(path); }
  Status make_directories(const std::string& path) override {
    return files_.make_directories(path);
  }
  Status sync_directory(const std::string& path) override { return files_.sync_directory(path); }
  Result<std::vector<std::string>> list(const std::string& path) override {
    return files_.list(path);
  }
  Result<std::vector<std::string>> glob(const std::string& pattern) override {
    return files_.glob(pattern);
  }
  Result<env::Space> space(const std::string& path) override { return files_.space(path); }
  Result<bool> is_locked(const std::string& path) override { return files_.is_locked(path); }
  Result<std::unique_ptr<env::FileLock>> lock(const std::string& path) override {
    return files_.lock(path);
  }

 private:
  env::Files& files_;
  FailingSyncs& syncs_;
};

class BrokenMachine final : public env::Env {
 public:
  env::Clock& clock() override { return machine_->clock(); }
  env::Random& random() override { return machine_->random(); }
  BrokenDisk& files() override { return disk_; }
  env::IoPool& io() override { return machine_->io(); }
  env::Threads& threads() override { return machine_->threads(); }
  env::fake::FakeProcess& process() override { return process_; }
  env::LocalSockets& sockets() override { return machine_->sockets(); }

  [[nodiscard]] FailingSyncs& syncs() { return syncs_; }

 private:
  std::unique_ptr<env::Env> machine_ = env::make_posix_env();
  FailingSyncs syncs_;
  BrokenDisk disk_{machine_->files(), syncs_};
  env::fake::FakeProcess process_;
};

}  // namespace rheon::run
