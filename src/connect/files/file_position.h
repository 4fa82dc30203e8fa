#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "env/files.h"

namespace rheon::connect::files {

/// How many bytes of a file's beginning tell it from others, at most.
inline constexpr std::uint32_t kFingerprintBytes = 1024;

/// What tells one file from another, whatever it is called now: its inode, and the hash (XXH3-64)
/// of its first bytes, as many as it had when first seen, at most kFingerprintBytes.
struct FileIdentity {
  std::uint64_t inode = 0;
  std::uint32_t length = 0;  // of what is hashed
  std::uint64_t hash = 0;
  friend bool operator==(const FileIdentity&, const FileIdentity&) = default;
};

/// Where a reader stands in one file. Stored in commits:
///
///   version:u8 = 1, flags:u8 (1 ended, 2 cut), offset:varint, inode:varint,
///   fingerprint length:varint, fingerprint:u64, path:bytes
struct FilePosition {
  std::uint64_t offset = 0;
  FileIdentity identity;
  bool ended = false;  // was read to its end, as a file that does not grow
  bool cut = false;    // became shorter than what had been read: only a new partition can go on
  std::string path;    // a label: where the file was last seen

  friend bool operator==(const FilePosition&, const FilePosition&) = default;
};

[[nodiscard]] std::string encode(const FilePosition& position);
[[nodiscard]] Result<FilePosition> decode_position(std::string_view bytes);

/// The first bytes of a file, for fingerprints. Blocks.
[[nodiscard]] Result<std::string> read_head(env::File& file);
/// Identity of a file that is seen for the first time.
[[nodiscard]] FileIdentity identify(std::uint64_t inode, std::string_view head);
/// True when a file with this inode and these first bytes is the one that `identity` was made of.
[[nodiscard]] bool matches(const FileIdentity& identity, std::uint64_t inode,
                           std::string_view head);

/// "<inode>-<length>-<hash>": unique as long as no two files share all three.
[[nodiscard]] std::string partition_id(const FileIdentity& identity);

}  // namespace rheon::connect::files
