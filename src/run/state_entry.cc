#include "run/state_entry.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/stable_hash.h"
#include "codec/delta.h"
#include "codec/key.h"
#include "codec/wire.h"
#include "run/schema_text.h"
#include "state/timer_value.h"

namespace rheon::run {

namespace {

using Json = nlohmann::ordered_json;

[[nodiscard]] tl::unexpected<Error> unreadable(const state::StateDeclaration& state) {
  return fail(ErrorCode::kCorrupt, fmt::format("an entry of state '{}' is not of its type {}.",
                                               state.name, state.value_schema));
}

/// Takes the last write from the front of a stored value and adds it to `json`.
void take_last_write(const state::StateDeclaration& state, std::string_view& value, Json& json) {
  if (state.lifetime.ttl.has_value() && value.size() >= sizeof(std::int64_t)) {
    json["last_write"] = Json::parse(time_json(EventTime{codec::Reader(value).i64()}));
    value.remove_prefix(sizeof(std::int64_t));
  }
}

[[nodiscard]] Status add(const state::StateDeclaration& state, const codec::DeltaEntry& entry,
                         Json& json) {
  std::string_view value = entry.value;
  if (entry.op == codec::DeltaOp::kPut) {
    take_last_write(state, value, json);
    if (value.empty() && json.contains("entries")) {
      return {};  // the mark of a map's key itself
    }
    const Result<std::string> shown = value_json(state.value_schema, value);
    if (!shown.has_value()) {
      return unreadable(state);
    }
    json["value"] = Json::parse(*shown);
    return {};
  }
  Json item;
  const std::string& sub_schema = state.sub_schema;
  if (!sub_schema.empty()) {
    const Result<std::string> sub = key_json(sub_schema, entry.sub);
    if (!sub.has_value()) {
      return unreadable(state);
    }
    item["key"] = Json::parse(*sub);
  } else if (state::is_timer(state.kind)) {
    const auto time = state::timer_set_time(entry.sub);
    if (!time.has_value()) {
      return unreadable(state);
    }
    item["time"] = Json::parse(time_json(*time));
  }
  take_last_write(state, value, item);
  if (!state::is_timer(state.kind)) {
    const Result<std::string> shown = value_json(state.value_schema, value);
    if (!shown.has_value()) {
      return unreadable(state);
    }
    item["value"] = Json::parse(*shown);
  }
  json["entries"].push_back(std::move(item));
  return {};
}

}  // namespace

std::string encode_entry(const state::StateTable& table, const state::StateDeclaration& state,
                         std::string_view key) {
  void* value = table.find(key, stable_hash(key));
  if (value == nullptr) {
    return {};
  }
  std::string prefix;
  if (state.lifetime.ttl.has_value()) {
    codec::put_i64(prefix, table.last_write(value));
  }
  codec::DeltaWriter writer;
  writer.begin_section(table.state(), table.group());
  state.ops->encode(value, prefix, key, writer);
  return writer.take();
}

Result<std::string> entry_json(const state::StateDeclaration& state, std::string_view blob) {
  Json json = Json::object();
  switch (state.kind) {
    case state::StateKind::kMap:
    case state::StateKind::kList:
    case state::StateKind::kEventTimerSet:
    case state::StateKind::kProcessingTimerSet:
      json["entries"] = Json::array();
      break;
    default:
      break;
  }
  codec::DeltaReader reader(blob);
  codec::DeltaSection section;
  while (reader.next(section)) {
    codec::DeltaEntryReader entries(section.entries);
    codec::DeltaEntry entry;
    while (entries.next(entry)) {
      RHEON_TRY(add(state, entry, json));
    }
    if (entries.failed()) {
      return unreadable(state);
    }
  }
  if (reader.failed()) {
    return unreadable(state);
  }
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace rheon::run
