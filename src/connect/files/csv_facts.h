#pragma once

// What a commit holds about the files of a CSV sink (semantics.md 28):
//
//   file/<path>        version:u8 = 1, inode:varint, length:varint, closed:u8
//   sequence/<shard>   the last sequence number that this shard has given to a file, as text
//   lineage            of the job that wrote these facts, as text

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "engine/sink.h"

namespace rheon::connect::csv {

inline constexpr std::string_view kFilePrefix = "file/";
inline constexpr std::string_view kSequencePrefix = "sequence/";
/// Of a sink of Kafka that had this name before; passed over.
inline constexpr std::string_view kTopicPrefix = "topic/";
inline constexpr std::string_view kLineageFact = "lineage";

struct FileFact {
  std::uint64_t inode = 0;
  std::uint64_t length = 0;  // committed bytes
  bool closed = false;       // nothing will be appended any more
  friend bool operator==(const FileFact&, const FileFact&) = default;
};

[[nodiscard]] std::string encode(const FileFact& fact);
[[nodiscard]] log::FactChange file_change(const std::string& path, const FileFact& fact);
[[nodiscard]] log::FactChange sequence_change(std::uint32_t shard, std::uint64_t sequence);

/// "<shard>-<sequence>.csv"
struct FileName {
  std::uint32_t shard = 0;
  std::uint64_t sequence = 0;  // from 1
};
[[nodiscard]] std::string to_string(const FileName& name);
[[nodiscard]] std::optional<FileName> parse_file_name(std::string_view name);

/// The path of a file in this directory, spelled as in facts: `out/`, `./out` and `out` are the
/// same.
[[nodiscard]] std::string path_of(std::string_view directory, std::string_view name);
/// The part of a path behind its last slash.
[[nodiscard]] std::string_view name_of(std::string_view path);

/// The facts of a sink, read.
struct CsvFacts {
  std::map<std::string, FileFact> files;             // by path, see path_of()
  std::vector<std::string> misspelled;               // keys of facts whose path is not like that
  std::map<std::uint32_t, std::uint64_t> sequences;  // by shard
  std::string lineage;                               // empty: nothing was ever committed

  [[nodiscard]] std::uint64_t sequence_of(std::uint32_t shard) const {
    const auto found = sequences.find(shard);
    return found == sequences.end() ? 0 : found->second;
  }
};
[[nodiscard]] Result<CsvFacts> read_facts(const engine::SinkFacts& facts);

}  // namespace rheon::connect::csv
