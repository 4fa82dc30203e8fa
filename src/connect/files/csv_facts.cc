#include "connect/files/csv_facts.h"

#include <fmt/format.h>

#include <charconv>

#include "codec/wire.h"
#include "env/files.h"

namespace rheon::connect::csv {
namespace {

constexpr std::uint8_t kVersion = 1;

template <class T>
bool parse_number(std::string_view text, T& value) {
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  return error == std::errc{} && stop == end;
}

Error broken(std::string_view key) {
  return {ErrorCode::kRefused,
          fmt::format("what the log holds about the CSV files ('{}') cannot be read by this build: "
                      "run the version of Rheon that wrote it, or a newer one",
                      key)};
}

}  // namespace

std::string encode(const FileFact& fact) {
  std::string out;
  codec::put_u8(out, kVersion);
  codec::put_varint(out, fact.inode);
  codec::put_varint(out, fact.length);
  codec::put_u8(out, fact.closed ? 1 : 0);
  return out;
}

log::FactChange file_change(const std::string& path, const FileFact& fact) {
  return {std::string(kFilePrefix) + path, encode(fact)};
}

log::FactChange sequence_change(std::uint32_t shard, std::uint64_t sequence) {
  return {fmt::format("{}{}", kSequencePrefix, shard), std::to_string(sequence)};
}

std::string to_string(const FileName& name) {
  return fmt::format("{}-{:06}.csv", name.shard, name.sequence);
}

std::optional<FileName> parse_file_name(std::string_view name) {
  const std::size_t dash = name.find('-');
  FileName result;
  if (dash == std::string_view::npos || !name.ends_with(".csv") ||
      !parse_number(name.substr(0, dash), result.shard) ||
      !parse_number(name.substr(dash + 1, name.size() - dash - 5), result.sequence) ||
      to_string(result) != name) {
    return std::nullopt;
  }
  return result;
}

std::string path_of(std::string_view directory, std::string_view name) {
  return env::join(env::plain(directory), name);
}

std::string_view name_of(std::string_view path) { return path.substr(path.rfind('/') + 1); }

Result<CsvFacts> read_facts(const engine::SinkFacts& facts) {
  CsvFacts result;
  for (const auto& [key, value] : facts) {
    if (key.starts_with(kFilePrefix)) {
      codec::Reader in(value);
      const bool known = in.u8() == kVersion;
      FileFact fact;
      fact.inode = in.varint();
      fact.length = in.varint();
      fact.closed = in.u8() != 0;
      if (!known || in.failed() || !in.at_end()) {
        return tl::unexpected(broken(key));
      }
      const std::string path = key.substr(kFilePrefix.size());
      const std::string plain = path_of(env::directory_of(path), name_of(path));
      if (path != plain) {
        result.misspelled.push_back(key);
      }
      result.files.emplace(plain, fact);
    } else if (key.starts_with(kSequencePrefix)) {
      std::uint32_t shard = 0;
      if (!parse_number(std::string_view(key).substr(kSequencePrefix.size()), shard) ||
          !parse_number(value, result.sequences[shard])) {
        return tl::unexpected(broken(key));
      }
    } else if (key == kLineageFact) {
      result.lineage = value;
    } else if (!key.starts_with(kTopicPrefix)) {
      return tl::unexpected(broken(key));
    }
  }
  return result;
}

}  // namespace rheon::connect::csv
