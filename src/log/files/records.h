#pragma once

// What stands in the payloads of identity, journal and published end, as values, and their
// encoding.

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "log/log.h"

namespace rheon::log::files {

/// XXH3-128 over a commit record and its epoch. The record holds the chain value of the one before
/// and the checksums of its epoch's frames, so the value stands for the whole history.
using Chain = Id;

/// `identity`: replaced whole, by reset and adopt, and by the first open() behind a split of key
/// groups.
struct IdentityRecord {
  Identity identity;
  std::vector<Id> ancestors;     // lineages whose frames are still this job's (after adopt)
  std::uint64_t lock_inode = 0;  // of `lock`: differs in a copy of the directory
  bool resetting = false;        // a reset was begun and has not finished

  [[nodiscard]] bool knows(const Id& lineage) const;
};

/// Where a live slice stands.
struct SliceEntry {
  SliceAddress address;
  Epoch as_of;
  std::uint64_t file = 0;
  std::uint64_t offset = 0;
  std::uint64_t bytes = 0;  // of the whole frame
};

/// The slices of one state's key group; together they cover all hashes.
struct SliceSet {
  StateId state;
  KeyGroup group;
  std::vector<SliceEntry> slices;
};

struct StreamSegment {
  std::uint64_t number = 0;
  std::uint64_t bytes = 0;  // committed
  EventTime max_time;
};

struct StreamState {
  std::string name;
  Id incarnation;
  std::vector<std::uint64_t> next;      // per partition: the sequence of the next batch
  std::vector<StreamSegment> segments;  // live ones, ascending

  [[nodiscard]] std::uint64_t bytes() const;
};

using CellKey = std::pair<StateId, KeyGroup>;

/// Everything that a commit makes true, apart from the deltas themselves.
struct Standing {
  Epoch epoch;
  Chain chain;
  bool complete = false;
  bool prepared = false;            // the epoch counts only if who decides outside says so
  EventTime wall;                   // of the commit
  std::uint64_t first_segment = 1;  // oldest journal segment that is needed
  Facts facts;
  std::map<CellKey, SliceSet> slices;
  std::map<std::string, StreamState, std::less<>> streams;
};

/// What one epoch changes in the standing; `streams` hold only the segments that changed, but all
/// of `next`.
struct CommitRecord {
  Chain previous;
  std::vector<std::uint32_t> frames;  // payload checksums of the epoch's frames before this one
  bool complete = false;
  bool prepared = false;
  EventTime wall;
  std::uint64_t first_segment = 1;
  std::vector<SliceSet> slices;  // each replaces the slices of its state and key group
  struct StreamChange {
    StreamState state;
    std::uint64_t first_segment = 1;
  };
  std::vector<StreamChange> streams;
};

[[nodiscard]] Chain chain_of(std::string_view commit_payload, Epoch epoch);

/// Brings the standing from one epoch to the next. `payload` is the encoded record.
void apply(Standing& standing, Epoch epoch, const CommitRecord& record, std::string_view payload);

[[nodiscard]] std::string encode(const IdentityRecord& record);
[[nodiscard]] bool decode(std::string_view bytes, IdentityRecord& record);
[[nodiscard]] std::string encode(const CommitRecord& record);
[[nodiscard]] bool decode(std::string_view bytes, CommitRecord& record);
/// The contents of a base frame.
[[nodiscard]] std::string encode(const Standing& standing);
[[nodiscard]] bool decode(std::string_view bytes, Standing& standing);
[[nodiscard]] std::string encode(const std::vector<FactChange>& changes);
[[nodiscard]] bool apply_facts(std::string_view bytes, Facts& facts);

/// `published`: what readers of a stream may see.
struct PublishedRecord {
  Epoch epoch;
  bool sealed = false;
  std::uint64_t first_segment = 1;
  std::uint64_t last_segment = 0;  // 0: nothing has been written yet
  std::uint64_t end = 0;           // committed bytes of the last segment
  std::vector<std::uint64_t> next;
};
[[nodiscard]] std::string encode(const PublishedRecord& record);
[[nodiscard]] bool decode(std::string_view bytes, PublishedRecord& record);

/// A stream's `header`.
struct StreamHeaderRecord {
  std::string name;
  Id incarnation;
  Id uid;
  Id lineage;
  std::uint32_t partitions = 1;
  std::string type;
};
[[nodiscard]] std::string encode(const StreamHeaderRecord& record);
[[nodiscard]] bool decode(std::string_view bytes, StreamHeaderRecord& record);

}  // namespace rheon::log::files
