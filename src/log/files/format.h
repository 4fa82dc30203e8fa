#pragma once

// Every constant of the embedded log's files, and the layout of the one frame that all of them are
// made of. docs/formats/log.md has the same with worked bytes. Integers are little-endian.
//
//   frame := header extension payload
//
//   offset  size  header
//        0     4  length of the payload
//        4     1  type (FrameType)
//        5     1  format version (kFormatVersion)
//        6     2  length of the extension: fixed fields that can be read without the payload
//        8     8  epoch
//       16     4  CRC32C of the file's address, the frame's offset, bytes 0-15 and the extension
//       20     4  CRC32C of the payload, continued from the one before
//       24        the extension, then the payload
//
// The file's address is never stored with a frame but always part of its checksum: a frame that
// lands in the wrong file, or at the wrong place in the right one, does not check.
//
//   address := owner:16 kind:u8 name:bytes number:u64
//
// owner: the lineage for journal, snapshot and witness; the stream's incarnation for its segments
// and its published end; zero for the identity and a stream's header, which tell who owns the rest.

#include <cstddef>
#include <cstdint>
#include <string>

namespace rheon::log::files {

inline constexpr std::uint8_t kFormatVersion = 1;
inline constexpr std::size_t kFrameHeaderBytes = 24;
inline constexpr std::uint64_t kMaxPayloadBytes = UINT32_MAX;

/// Length of the fields of a batch's extension: partition u32, records u32, sequence u64, largest
/// event time i64.
inline constexpr std::size_t kBatchExtensionBytes = 24;

enum class FrameType : std::uint8_t {
  kIdentity = 1,        // the whole of `identity`
  kJournalSegment = 2,  // first frame of a journal segment
  kBase = 3,            // facts, slices and streams as of the commit before this segment
  kEcho = 4,            // the commit record before this one, repeated
  kDelta = 5,           // one shard's delta of an epoch (docs/formats/delta.md)
  kFacts = 6,           // the facts that an epoch changed
  kCommit = 7,          // the commit record: the epoch and all before it are true
  kSnapshotFile = 8,    // first frame of a snapshot file
  kSlice = 9,           // one slice
  kStreamHeader = 10,   // the whole of a stream's `header`
  kStreamSegment = 11,  // first frame of a stream's segment
  kBatch = 12,          // one batch of one partition
  kWitness = 13,        // one slot of `witness`
  kPublished = 14,      // one slot of a stream's `published`
};
inline constexpr FrameType kLastFrameType = FrameType::kPublished;

enum class FileKind : std::uint8_t {
  kIdentity = 1,
  kJournal = 2,
  kSnapshot = 3,
  kStreamHeader = 4,
  kStream = 5,
  kWitness = 6,
  kPublished = 7,
};

// Names within a data directory.
inline constexpr const char* kIdentityFile = "identity";
inline constexpr const char* kLockFile = "lock";
inline constexpr const char* kWitnessFile = "witness";
inline constexpr const char* kBallastFile = "ballast";
inline constexpr const char* kJournalDirectory = "journal";
inline constexpr const char* kSnapshotDirectory = "snapshot";
inline constexpr const char* kStreamDirectory = "stream";
inline constexpr const char* kStreamHeaderFile = "header";
inline constexpr const char* kPublishedFile = "published";

/// A two-slot file (witness, published) keeps its slots in different blocks of the device.
inline constexpr std::uint64_t kSlotAlignment = 4096;
/// Of one stream. A header that says more is not one of ours.
inline constexpr std::uint32_t kMaxStreamPartitions = 65'536;
/// The two-slot files are synced once in so many commits; a crash of the machine sets them back by
/// no more than that.
inline constexpr std::uint64_t kSlotSyncCommits = 64;

/// Journal and stream segments grow in such steps of zeros ahead of their end: a sync that does not
/// have to change the file's length is several times faster.
inline constexpr std::uint64_t kJournalStepBytes = 8ull << 20;
inline constexpr std::uint64_t kMinStreamStepBytes = 64ull << 10;

}  // namespace rheon::log::files
