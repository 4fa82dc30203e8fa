#include "run/stream_commands.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/bytes.h"
#include "codec/stream_batch.h"
#include "log/files/format.h"
#include "log/files/stream_reader.h"
#include "run/schema_text.h"
#include "run/table.h"

namespace rheon::run {

using Json = nlohmann::ordered_json;

Result<std::string> list_streams(env::Env& env, const std::string& directory, bool json) {
  RHEON_ASSIGN(const auto streams, log::files::list_streams(env.files(), directory));
  Json list = Json::array();
  Table table({"stream", "partitions", "records", "bytes", "type", "state"});
  for (const log::files::StreamInfo& stream : streams) {
    RHEON_ASSIGN(const auto reader, log::files::open_stream(env.files(), directory, stream.name));
    RHEON_ASSIGN(const log::files::StreamSize size, reader->size());
    list.push_back({{"name", stream.name},
                    {"partitions", stream.partitions},
                    {"records", size.records},
                    {"bytes", size.bytes},
                    {"type", stream.type},
                    {"sealed", stream.sealed}});
    table.add({stream.name, std::to_string(stream.partitions), std::to_string(size.records),
               std::to_string(size.bytes), stream.type, stream.sealed ? "sealed" : "open"});
  }
  return json ? list.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n" : table.text();
}

namespace {

constexpr std::uint64_t kReadBytes = 1 << 20;

[[nodiscard]] Result<std::unique_ptr<log::files::StreamReader>> open_stream(
    env::Env& env, const std::string& directory, const std::string& stream) {
  auto reader = log::files::open_stream(env.files(), directory, stream);
  if (reader.has_value() || reader.error().code != ErrorCode::kNotFound) {
    return reader;
  }
  const std::string place = env::join(env::join(directory, log::files::kStreamDirectory), stream);
  const auto streams = log::files::list_streams(env.files(), directory);
  if (env.files().info(place).has_value() || !streams.has_value() || streams->empty()) {
    return reader;  // it is being made, or there is nothing to choose from
  }
  std::string names;
  for (const log::files::StreamInfo& one : *streams) {
    names += (names.empty() ? "" : ", ") + one.name;
  }
  return fail(ErrorCode::kNotFound,
              fmt::format("'{}' has no stream '{}'. There are: {}.", directory, stream, names));
}

/// The records of a batch as JSON lines.
[[nodiscard]] Result<std::string> batch_lines(const log::files::StreamInfo& stream,
                                              const log::files::StreamBatchView& batch) {
  const codec::StreamType type = codec::parse_stream_type(stream.type);
  RHEON_ASSIGN(auto reader,
               codec::StreamBatchReader::open(batch.batch, codec::stream_type_id(stream.type)));
  std::string lines;
  EventTime time;
  while (reader.next(time)) {
    lines += "{\"time\":" + time_json(time);
    if (reader.keyed()) {
      RHEON_ASSIGN(const std::string key, key_json(type.key, reader.body().bytes()));
      lines += ",\"key\":" + key;
    }
    RHEON_ASSIGN(const std::string value, take_value_json(type.value, reader.body()));
    lines += ",\"value\":" + value + "}\n";
  }
  return lines;
}

}  // namespace

Result<std::string> cat_stream(env::Env& env, const std::string& directory,
                               const std::string& stream) {
  RHEON_ASSIGN(const auto reader, open_stream(env, directory, stream));
  const log::files::StreamInfo& info = reader->info();
  for (std::uint32_t partition = 0; partition < info.partitions; ++partition) {
    RHEON_ASSIGN(log::files::StreamPosition position, reader->oldest(partition));
    for (;;) {
      RHEON_ASSIGN(const auto batches, reader->read(partition, position, kReadBytes));
      if (batches.empty()) {
        break;
      }
      for (const log::files::StreamBatchView& batch : batches) {
        RHEON_ASSIGN(const std::string lines, batch_lines(info, batch));
        const Status written = env.process().write(env::Stream::kOut, as_bytes(lines));
        if (!written.has_value()) {
          const bool enough = written.error().code == ErrorCode::kClosed;  // `| head`
          return enough ? Result<std::string>() : tl::unexpected<Error>(written.error());
        }
        position.next_batch = batch.sequence + 1;
      }
    }
  }
  return std::string();
}

}  // namespace rheon::run
