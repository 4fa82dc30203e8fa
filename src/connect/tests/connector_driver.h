#pragma once

// Drives connectors as a shard would, one thread, on a machine in memory or on this one.

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "engine/sink.h"
#include "engine/source.h"
#include "env/fake/fake_env.h"
#include "env/posix.h"

namespace rheon::connect {

/// What a reader has given; after `full_after` records it says that it is full.
template <class T, class Kept = T>
class Output : public engine::SourceOutput<T> {
 public:
  struct Record {
    std::size_t partition;
    Kept value;
    EventTime time;
  };
  struct Quarantined {
    std::string bytes;
    std::string place;
    std::string reason;
  };

  void select(std::size_t partition) override { partition_ = partition; }
  void emit(const T& value, EventTime time) override {
    records.push_back({partition_, Kept(value), time});
    ++in_poll;
  }
  void quarantine(std::string_view bytes, std::string_view place,
                  std::string_view reason) override {
    quarantined.push_back({std::string(bytes), std::string(place), std::string(reason)});
  }
  [[nodiscard]] std::size_t room() const override {
    return full_after - std::min(full_after, in_poll);
  }
  [[nodiscard]] EventTime now() const override { return now_; }

  [[nodiscard]] std::vector<Kept> values() const {
    std::vector<Kept> result;
    result.reserve(records.size());
    for (const Record& record : records) {
      result.push_back(record.value);
    }
    return result;
  }

  std::vector<Record> records;
  std::vector<Quarantined> quarantined;
  std::size_t full_after = 1024;
  std::size_t in_poll = 0;
  EventTime now_{1'000'000};

 private:
  std::size_t partition_ = 0;
};

using TextOutput = Output<std::string_view, std::string>;

/// Polls until the reader says something else than "worked" or "waiting"; lets the disk answer.
template <class O>
Result<engine::Poll> poll_through(engine::AnySourceReader& reader, O& output,
                                  env::fake::FakeEnv* env = nullptr) {
  for (;;) {
    output.in_poll = 0;
    Result<engine::Poll> polled = reader.poll_any(output);
    if (!polled || *polled == engine::Poll::kIdle || *polled == engine::Poll::kEnded) {
      return polled;
    }
    if (*polled == engine::Poll::kWaiting) {
      if (env != nullptr) {
        env->io().run_all();
      } else {
        std::this_thread::yield();
      }
    }
  }
}

/// A directory of its own below the system's temporary one.
class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    std::string name = (std::filesystem::temp_directory_path() / "rheon_connect_XXXXXX").string();
    path_ = ::mkdtemp(name.data());
  }
  ~TemporaryDirectory() { std::filesystem::remove_all(path_); }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;

  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] std::string file(std::string_view name) const { return env::join(path_, name); }

 private:
  std::string path_;
};

inline void write_file(env::Files& files, const std::string& path, std::string_view text) {
  auto file = files.open(path, env::OpenMode::kCreate);
  ASSERT_TRUE(file) << file.error().message;
  ASSERT_TRUE((*file)->truncate(0));
  ASSERT_TRUE((*file)->write_at(0, as_bytes(text)));
}

inline void append_file(env::Files& files, const std::string& path, std::string_view text) {
  auto file = files.open(path, env::OpenMode::kReadWrite);
  ASSERT_TRUE(file) << file.error().message;
  ASSERT_TRUE((*file)->write_at((*file)->info()->size, as_bytes(text)));
}

/// Applies what a participant or a committer said to the facts of the last commit.
inline void apply(engine::SinkFacts& facts, const engine::SinkFactChanges& changes) {
  for (const log::FactChange& change : changes) {
    if (change.value.has_value()) {
      facts[change.key] = *change.value;
    } else {
      facts.erase(change.key);
    }
  }
}

}  // namespace rheon::connect
