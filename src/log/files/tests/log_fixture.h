#pragma once

// Verbs for tests of the embedded log on the disk in memory.

#include <gtest/gtest.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/sanitizers.h"
#include "codec/delta.h"
#include "env/fake/fake_env.h"
#include "log/files/file_log.h"

namespace rheon::log::files::testing {

using Key = std::pair<std::uint32_t, std::string>;  // key group, key
using Model = std::map<Key, std::string>;

/// From one place where something goes wrong to the next. What a test of one thread does at all of
/// them, in minutes, shows a sanitizer little more than what it does at every third or seventh.
inline constexpr std::uint64_t kPointStep = RHEON_THREAD_SANITIZER    ? 7
                                            : RHEON_ADDRESS_SANITIZER ? 3
                                                                      : 1;

/// The journal of the directory of small_options().
inline constexpr const char* kFirstSegment = "job.data/journal/00000001";

/// Small files, so that a few commits use every part of the log.
inline OpenOptions small_options() {
  OpenOptions options;
  options.directory = "job.data";
  options.job = "job";
  options.key_groups = 4;
  options.journal_segment_bytes = 2048;
  options.stream_segment_bytes = 1024;
  options.snapshot_after_bytes = 1024;
  options.slice_bytes = 256;
  options.ballast_bytes = 4096;
  options.min_free_bytes = 1024;
  options.allocate_ahead_bytes = 512;
  return options;
}

/// The hash that slices are cut by is the state's; tests use one of their own.
inline std::uint32_t hash_of(std::string_view key) {
  std::uint32_t hash = 2166136261u;
  for (const char c : key) {
    hash = (hash ^ static_cast<std::uint8_t>(c)) * 16777619u;
  }
  return hash * 2654435761u;
}

/// Restores into a model, as an engine would: an entry applies when it is newer than its slice.
class ModelVisitor : public RestoreVisitor {
 public:
  Status on_slice(const SliceAddress& address, Epoch as_of, std::string_view blob) override {
    slices_.emplace_back(address, as_of);
    return apply(blob, std::nullopt);
  }
  Status on_delta(Epoch epoch, std::string_view blob) override { return apply(blob, epoch); }

  Model model;

 private:
  Status apply(std::string_view blob, std::optional<Epoch> epoch) {
    codec::DeltaReader reader(blob);
    codec::DeltaSection section;
    while (reader.next(section)) {
      codec::DeltaEntryReader entries(section.entries);
      codec::DeltaEntry entry;
      while (entries.next(entry)) {
        if (epoch.has_value() && *epoch <= as_of(section, entry.key)) {
          continue;
        }
        const Key key{section.group.value, std::string(entry.key)};
        if (entry.op == codec::DeltaOp::kPut) {
          model[key] = std::string(entry.value);
        } else {
          model.erase(key);
        }
      }
    }
    return reader.failed() ? Status(fail(ErrorCode::kCorrupt, "a blob is broken")) : Status{};
  }

  [[nodiscard]] Epoch as_of(const codec::DeltaSection& section, std::string_view key) const {
    const std::uint32_t hash = hash_of(key);
    for (const auto& [address, epoch] : slices_) {
      if (address.state == section.state && address.group == section.group &&
          address.first_hash <= hash && hash <= address.last_hash) {
        return epoch;
      }
    }
    return Epoch{0};
  }

  std::vector<std::pair<SliceAddress, Epoch>> slices_;
};

inline std::string slice_of(const Model& model, const SliceAddress& address) {
  codec::DeltaWriter writer;
  writer.begin_section(address.state, address.group);
  for (const auto& [key, value] : model) {
    const std::uint32_t hash = hash_of(key.second);
    if (key.first == address.group.value && address.first_hash <= hash &&
        hash <= address.last_hash) {
      writer.put(key.second, value);
    }
  }
  return writer.take();
}

inline Model restored(Log& log) {
  ModelVisitor visitor;
  const Status status = log.restore([](KeyGroup) { return true; }, visitor);
  EXPECT_TRUE(status.has_value()) << status.error().message;
  return visitor.model;
}

/// Runs the pool and polls until the log has nothing more to do. The events in their order.
inline std::vector<Event> settle(env::fake::FakeEnv& env, Log& log) {
  std::vector<Event> events;
  do {
    env.io().run_all();
    while (auto event = log.poll()) {
      events.push_back(std::move(*event));
    }
  } while (env.io().pending() != 0);
  return events;
}

inline bool has(const std::vector<Event>& events, Event::Kind kind) {
  for (const Event& event : events) {
    if (event.kind == kind) {
      return true;
    }
  }
  return false;
}

inline std::string put_blob(std::uint32_t group, std::string_view key, std::string_view value) {
  codec::DeltaWriter writer;
  writer.begin_section(StateId{1}, KeyGroup{group});
  writer.put(key, value);
  return writer.take();
}

}  // namespace rheon::log::files::testing
