#pragma once

// Where tests of the log run that hold on every disk: the one in memory, and a directory of this
// machine.

#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "env/fake/fake_env.h"
#include "env/posix.h"
#include "log/files/tests/log_fixture.h"

namespace rheon::log::files::testing {

class Place {
 public:
  virtual ~Place() = default;
  virtual env::Env& machine() = 0;
  /// Where the data directory may be made.
  virtual std::string directory() = 0;
  /// Runs the pool and polls until the submitted commit is decided. The events in their order.
  virtual std::vector<Event> settle(Log& log) = 0;
  /// The process has ended, and with it, where that can be had, the machine's power.
  virtual void restart() {}
};

class MemoryPlace final : public Place {
 public:
  env::Env& machine() override { return env_; }
  std::string directory() override { return "."; }
  std::vector<Event> settle(Log& log) override { return testing::settle(env_, log); }
  void restart() override {
    env_.cut_power(7);
    env_.restart();
  }

 private:
  env::fake::FakeEnv env_;
};

class PosixPlace final : public Place {
 public:
  PosixPlace() {
    std::string name = (std::filesystem::temp_directory_path() / "rheon_log_XXXXXX").string();
    directory_ = ::mkdtemp(name.data());
  }
  ~PosixPlace() override { std::filesystem::remove_all(directory_); }
  env::Env& machine() override { return *env_; }
  std::string directory() override { return directory_; }
  std::vector<Event> settle(Log& log) override {
    std::vector<Event> events;
    const auto parker = env_->threads().make_parker();
    const env::Monotonic deadline = env_->clock().monotonic() + std::chrono::seconds{30};
    while (!has(events, Event::Kind::kCommitted) && !has(events, Event::Kind::kFailed) &&
           env_->clock().monotonic() < deadline) {
      while (auto event = log.poll()) {
        events.push_back(std::move(*event));
      }
      parker->park_until(env_->clock().monotonic() + std::chrono::microseconds{100});
    }
    return events;
  }

 private:
  std::unique_ptr<env::Env> env_ = env::make_posix_env();
  std::string directory_;
};

enum class Disk { kMemory, kPosix };

/// A test that runs once on each disk.
class OnEveryDisk : public ::testing::TestWithParam<Disk> {
 protected:
  OnEveryDisk() {
    if (GetParam() == Disk::kMemory) {
      place_ = std::make_unique<MemoryPlace>();
    } else {
      place_ = std::make_unique<PosixPlace>();
    }
    options.directory = env::join(place_->directory(), "job.data");
  }

  void open_log() {
    auto result = open(place_->machine(), options);
    ASSERT_TRUE(result.has_value()) << result.error().message;
    log = std::move(result->log);
    opened = std::move(result->opened);
    epoch_ = opened.epoch;
  }
  void restart() {
    log.reset();
    place_->restart();
    open_log();
  }
  void commit(Commit commit) {
    commit.epoch = epoch_ = Epoch{epoch_.value + 1};
    log->submit(std::move(commit));
    const std::vector<Event> events = place_->settle(*log);
    ASSERT_TRUE(has(events, Event::Kind::kCommitted))
        << (events.empty() ? "nothing has happened" : events.back().sentence);
  }
  [[nodiscard]] Epoch epoch() const { return epoch_; }
  [[nodiscard]] env::Env& machine() { return place_->machine(); }

  std::unique_ptr<Place> place_;  // outlives the log
  OpenOptions options = small_options();
  std::unique_ptr<Log> log;
  Opened opened;

 private:
  Epoch epoch_;
};

inline std::string name_of(const ::testing::TestParamInfo<Disk>& parameter) {
  return parameter.param == Disk::kMemory ? "Memory" : "Posix";
}

}  // namespace rheon::log::files::testing
