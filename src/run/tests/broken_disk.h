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
#include "env/forwarding_files.h"
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

class BrokenFile final : public env::ForwardingFile {
 public:
  BrokenFile(std::unique_ptr<env::File> file, std::string path, FailingSyncs& syncs)
      : ForwardingFile(std::move(file)), path_(std::move(path)), syncs_(syncs) {}

  Status sync() override {
    if (syncs_.fails(path_)) {
      return rheon::fail(ErrorCode::kIo, "cannot sync '" + path_ + "': Input/output error.");
    }
    return ForwardingFile::sync();
  }

 private:
  std::string path_;
  FailingSyncs& syncs_;
};

class BrokenDisk final : public env::ForwardingFiles {
 public:
  BrokenDisk(env::Files& files, FailingSyncs& syncs) : ForwardingFiles(files), syncs_(syncs) {}

  Result<std::unique_ptr<env::File>> open(const std::string& path, env::OpenMode mode) override {
    RHEON_ASSIGN(std::unique_ptr<env::File> file, ForwardingFiles::open(path, mode));
    return std::make_unique<BrokenFile>(std::move(file), path, syncs_);
  }

 private:
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
  env::Network& network() override { return machine_->network(); }

  [[nodiscard]] FailingSyncs& syncs() { return syncs_; }

 private:
  std::unique_ptr<env::Env> machine_ = env::make_posix_env();
  FailingSyncs syncs_;
  BrokenDisk disk_{machine_->files(), syncs_};
  env::fake::FakeProcess process_;
};

}  // namespace rheon::run
