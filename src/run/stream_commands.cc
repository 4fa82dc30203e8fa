#include "run/stream_commands.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "log/files/stream_reader.h"
#include "run/figures.h"
#include "run/table.h"

namespace rheon::run {

using Json = nlohmann::ordered_json;

Result<std::string> list_streams(env::Env& env, const std::string& directory, bool json) {
  RHEON_ASSIGN(const auto streams, log::files::list_streams(env.files(), directory));
  Json list = Json::array();
  Table table({"stream", "partitions", "type", "state"});
  for (const log::files::StreamInfo& stream : streams) {
    list.push_back({{"name", stream.name},
                    {"partitions", stream.partitions},
                    {"type", stream.type},
                    {"sealed", stream.sealed}});
    table.add({stream.name, std::to_string(stream.partitions), stream.type,
               stream.sealed ? "sealed" : "open"});
  }
  return json ? list.dump() + "\n" : table.text();
}

Result<std::string> cat_stream(env::Env& env, const std::string& directory,
                               const std::string& stream) {
  RHEON_ASSIGN(const auto reader, log::files::open_stream(env.files(), directory, stream));
  return fail(ErrorCode::kInternal, "streams cat is not there yet.");
}

}  // namespace rheon::run
