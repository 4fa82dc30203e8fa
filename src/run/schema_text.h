#pragma once

// Values and keys of a schema (codec/value.h has the grammar) as people read and write them: JSON.

#include <string>
#include <string_view>

#include "base/result.h"
#include "base/types.h"
#include "codec/wire.h"

namespace rheon::run {

/// A stored value as JSON text: structs as objects, times as "2026-11-23T08:41:16.000000Z",
/// durations as "1500ms", bytes as hex digits. kCorrupt when the bytes are no such value.
[[nodiscard]] Result<std::string> value_json(std::string_view schema, std::string_view bytes);
/// The same for the next of several values that stand one after another.
[[nodiscard]] Result<std::string> take_value_json(std::string_view schema, codec::Reader& in);
[[nodiscard]] std::string time_json(EventTime time);

/// Canonical key bytes (codec/key.h) as JSON text.
[[nodiscard]] Result<std::string> key_json(std::string_view schema, std::string_view bytes);

/// The canonical bytes of a key that a person has typed: text as it is, numbers decimal, structs as
/// a JSON array of their fields or an object. kInvalidInput when it is no such key.
[[nodiscard]] Result<std::string> parse_key(std::string_view schema, std::string_view text);

}  // namespace rheon::run
