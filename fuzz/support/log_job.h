#pragma once

// A job of the embedded log on a machine in memory: small files, so that a few commits use every
// part of the log.

#include <string>
#include <utility>
#include <vector>

#include "base/assert.h"
#include "codec/delta.h"
#include "codec/stream_batch.h"
#include "codec/value.h"
#include "directory.h"
#include "log/files/file_log.h"

namespace rheon::fuzz {

inline constexpr std::uint32_t kPartitions = 2;

[[nodiscard]] inline log::files::OpenOptions log_options() {
  log::files::OpenOptions options;
  options.directory = kDataDirectory;
  options.job = "job";
  options.key_groups = 4;
  options.streams = {{"out", kPartitions, "text", {}}};
  options.journal_segment_bytes = 1024;
  options.stream_segment_bytes = 256;
  options.snapshot_after_bytes = 256;
  options.slice_bytes = 128;
  options.ballast_bytes = 64;
  options.min_free_bytes = 64;
  options.allocate_ahead_bytes = 128;
  return options;
}

[[nodiscard]] inline std::string text_batch(std::string_view text) {
  codec::StreamBatchWriter writer(codec::stream_type_id("text"), /*keyed=*/false);
  codec::put_bytes(writer.begin(EventTime{1'000'000}), text);
  return writer.take({});
}

/// What a commit can hold, a little of each.
[[nodiscard]] inline log::Commit a_commit(log::Log& log, Epoch epoch) {
  const std::string number = std::to_string(epoch.value);
  log::Commit commit;
  commit.epoch = epoch;
  codec::DeltaWriter delta;
  delta.begin_section(StateId{1}, KeyGroup{static_cast<std::uint32_t>(epoch.value % 3)});
  delta.put("key" + number, std::string(40, 'v'));
  delta.remove("key" + std::to_string(epoch.value - 1));
  commit.deltas = {delta.take()};
  for (const log::SliceAddress& address : log.slices_wanted(400)) {
    codec::DeltaWriter slice;
    slice.begin_section(address.state, address.group);
    slice.put("key" + number, std::string(40, 'v'));
    commit.slices.push_back({address, slice.take()});
  }
  commit.facts = {{"fact" + number, number}, {"fact" + std::to_string(epoch.value - 2), {}}};
  commit.appends = {{"out", static_cast<std::uint32_t>(epoch.value % kPartitions), 1,
                     EventTime{1'000'000}, text_batch("text " + number)}};
  return commit;
}

/// Commits, and lets the log do all the work that it wants to do. What has happened, in order.
inline std::vector<log::Event> commit_next(env::fake::FakeEnv& env, log::Log& log, Epoch epoch) {
  std::vector<log::Event> events;
  log.submit(a_commit(log, epoch));
  do {
    env.io().run_all();
    while (auto event = log.poll()) {
      events.push_back(std::move(*event));
    }
  } while (env.io().pending() != 0);
  return events;
}

/// The bytes of a data directory after so many commits.
[[nodiscard]] inline std::string directory_after(std::uint64_t commits) {
  env::fake::FakeEnv env;
  auto opened = log::files::open(env, log_options());
  RHEON_ASSERT(opened.has_value(), "a fresh log cannot be opened");
  for (std::uint64_t epoch = 1; epoch <= commits; ++epoch) {
    commit_next(env, *opened->log, Epoch{epoch});
  }
  return directory_bytes(env.files());
}

}  // namespace rheon::fuzz
