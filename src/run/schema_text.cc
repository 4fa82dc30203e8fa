#include "run/schema_text.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "api/parameters.h"
#include "codec/key.h"
#include "codec/value.h"
#include "codec/wire.h"

namespace rheon::run {

namespace {

using Json = nlohmann::ordered_json;

/// Walks the text of a schema: one word, bracket or name at a time.
class Cursor {
 public:
  explicit Cursor(std::string_view text) : left_(text) {}

  [[nodiscard]] char peek() const { return left_.empty() ? '\0' : left_.front(); }
  bool take(char c) {
    if (peek() != c) {
      return false;
    }
    left_.remove_prefix(1);
    return true;
  }
  std::string_view word() {
    const std::size_t end = left_.find_first_of("{}[](),:");
    const std::string_view result = left_.substr(0, end);
    left_.remove_prefix(result.size());
    return result;
  }
  /// Passes one whole type.
  void skip() {
    int depth = 0;
    while (!left_.empty()) {
      const char c = left_.front();
      if (depth == 0 && (c == ',' || c == '}' || c == ']' || c == ')')) {
        return;
      }
      depth += (c == '{' || c == '[' || c == '(') ? 1 : 0;
      depth -= (c == '}' || c == ']' || c == ')') ? 1 : 0;
      left_.remove_prefix(1);
    }
  }

 private:
  std::string_view left_;
};

[[nodiscard]] Json time_value(EventTime time) {
  if (time == EventTime::none()) {
    return nullptr;
  }
  if (!time.is_finite()) {
    return time == EventTime::max() ? "+infinity" : "-infinity";
  }
  constexpr std::int64_t kMicros = 1'000'000;
  const bool before_second = time.micros % kMicros < 0;
  const std::int64_t seconds = time.micros / kMicros - (before_second ? 1 : 0);
  const std::int64_t rest = time.micros % kMicros + (before_second ? kMicros : 0);
  constexpr std::int64_t kYear10000 = 253'402'300'800;
  constexpr std::int64_t kYear0 = -62'167'219'200;
  if (seconds < kYear0 || seconds >= kYear10000) {
    return time.micros;
  }
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:06}Z", fmt::gmtime(static_cast<std::time_t>(seconds)),
                     rest);
}

[[nodiscard]] std::string hex(std::string_view bytes) {
  std::string out;
  for (const char c : bytes) {
    out += fmt::format("{:02x}", static_cast<std::uint8_t>(c));
  }
  return out;
}

/// What reads the leaves: bytes of a value, or canonical bytes of a key.
struct ValueLeaves {
  codec::Reader in;

  template <class T>
  bool get(T& value) {
    codec::ValueCodec<T>::decode(in, value);
    return !in.failed();
  }
  bool text(std::string_view& value) {
    value = in.bytes();
    return !in.failed();
  }
  bool duration(std::int64_t& micros) {
    micros = in.i64();
    return !in.failed();
  }
  [[nodiscard]] std::size_t left() const { return in.left(); }
};

struct KeyLeaves {
  std::string_view in;
  bool part = false;
  std::string buffer;

  template <class T>
  bool get(T& value) {
    return codec::take_key(in, value, part);
  }
  bool text(std::string_view& value) {
    if (!part) {
      value = std::exchange(in, {});
      return true;
    }
    buffer.clear();
    const bool good = codec::take_key_text(in, buffer);
    value = buffer;
    return good;
  }
  bool duration(std::int64_t& micros) { return get(micros); }
  [[nodiscard]] std::size_t left() const { return in.size(); }
};

template <class Leaves>
class Printer {
 public:
  Printer(Cursor schema, Leaves leaves) : schema_(schema), leaves_(std::move(leaves)) {}

  /// None: the bytes are not of this type.
  std::optional<Json> print() {
    if (schema_.take('[')) {
      return list();
    }
    const std::string_view word = schema_.word();
    if (schema_.peek() == '{') {
      return fields();
    }
    if (schema_.take('(')) {
      return word == "optional" ? optional() : enumeration();
    }
    return leaf(word);
  }
  Leaves& leaves() { return leaves_; }

 private:
  std::optional<Json> list() {
    std::uint64_t count = 0;
    if (!leaves_.get(count) || count > leaves_.left()) {  // an element takes a byte at least
      return std::nullopt;
    }
    Json result = Json::array();
    const Cursor element = schema_;
    for (std::uint64_t i = 0; i < count; ++i) {
      schema_ = element;
      std::optional<Json> item = print();
      if (!item.has_value()) {
        return std::nullopt;
      }
      result.push_back(std::move(*item));
    }
    schema_ = element;
    schema_.skip();
    schema_.take(']');
    return result;
  }

  std::optional<Json> fields() {
    if constexpr (std::is_same_v<Leaves, KeyLeaves>) {
      leaves_.part = true;
    }
    Json result = Json::object();
    schema_.take('{');
    while (!schema_.take('}') && schema_.peek() != '\0') {
      const std::string name(schema_.word());
      schema_.take(':');
      std::optional<Json> field = print();
      if (!field.has_value()) {
        return std::nullopt;
      }
      result[name] = std::move(*field);
      schema_.take(',');
    }
    return result;
  }

  std::optional<Json> optional() {
    bool there = false;
    if (!leaves_.get(there)) {
      return std::nullopt;
    }
    std::optional<Json> result = Json(nullptr);
    if (there) {
      result = print();
    } else {
      schema_.skip();
    }
    schema_.take(')');
    return result;
  }

  std::optional<Json> enumeration() {
    std::optional<Json> result = print();
    schema_.take(')');
    return result;
  }

  template <class T>
  std::optional<Json> number() {
    T value{};
    return leaves_.get(value) ? std::optional<Json>(value) : std::nullopt;
  }

  std::optional<Json> leaf(std::string_view word) {
    if (word == "bool") return number<bool>();
    if (word == "i8") return number<std::int8_t>();
    if (word == "i16") return number<std::int16_t>();
    if (word == "i32") return number<std::int32_t>();
    if (word == "i64") return number<std::int64_t>();
    if (word == "u8") return number<std::uint8_t>();
    if (word == "u16") return number<std::uint16_t>();
    if (word == "u32") return number<std::uint32_t>();
    if (word == "u64") return number<std::uint64_t>();
    if (word == "f32") return number<float>();
    if (word == "f64") return number<double>();
    if (word == "text" || word == "bytes") {
      std::string_view text;
      if (!leaves_.text(text)) {
        return std::nullopt;
      }
      return word == "text" ? Json(text) : Json(hex(text));
    }
    if (word == "time") {
      EventTime time;
      return leaves_.get(time) ? std::optional<Json>(time_value(time)) : std::nullopt;
    }
    if (word == "duration") {
      std::int64_t micros = 0;
      return leaves_.duration(micros)
                 ? std::optional<Json>(format_duration(std::chrono::microseconds{micros}))
                 : std::nullopt;
    }
    return std::nullopt;
  }

  Cursor schema_;
  Leaves leaves_;
};

[[nodiscard]] Result<std::string> show(const std::optional<Json>& json, bool at_end,
                                       std::string_view schema) {
  if (!json.has_value() || !at_end) {
    return fail(ErrorCode::kCorrupt, fmt::format("these bytes are no {}.", schema));
  }
  return json->dump(-1, ' ', false, Json::error_handler_t::replace);
}

/// Turns JSON into canonical key bytes.
class KeyWriter {
 public:
  explicit KeyWriter(std::string_view schema) : schema_(schema) {}

  bool write(const Json& json, bool part) {
    const std::string_view word = schema_.word();
    if (schema_.peek() == '{') {
      return fields(json);
    }
    if (schema_.take('(')) {
      const bool good = write(json, part);
      schema_.take(')');
      return good;
    }
    return leaf(word, json, part);
  }
  std::string take() { return std::move(out_); }

 private:
  bool fields(const Json& json) {
    schema_.take('{');
    for (std::size_t i = 0; !schema_.take('}') && schema_.peek() != '\0'; ++i) {
      const std::string name(schema_.word());
      schema_.take(':');
      const Json* field = json.is_array() && i < json.size()        ? &json[i]
                          : json.is_object() && json.contains(name) ? &json[name]
                                                                    : nullptr;
      if (field == nullptr || !write(*field, /*part=*/true)) {
        return false;
      }
      schema_.take(',');
    }
    return true;
  }

  template <class T>
  bool integer(const Json& json) {
    const bool fits = json.is_number_unsigned()
                          ? std::in_range<T>(json.get<std::uint64_t>())
                          : json.is_number_integer() && std::in_range<T>(json.get<std::int64_t>());
    if (fits) {
      codec::append_key(out_, json.get<T>());
    }
    return fits;
  }

  template <class T>
  bool floating(const Json& json) {
    if (json.is_number()) {
      codec::append_key(out_, json.get<T>());
    }
    return json.is_number();
  }

  bool leaf(std::string_view word, const Json& json, bool part) {
    if (word == "text" || word == "bytes") {
      if (json.is_string()) {
        codec::append_key(out_, json.get<std::string>(), part);
      }
      return json.is_string();
    }
    if (word == "bool") {
      if (json.is_boolean()) {
        codec::append_key(out_, json.get<bool>());
      }
      return json.is_boolean();
    }
    if (word == "i8") return integer<std::int8_t>(json);
    if (word == "i16") return integer<std::int16_t>(json);
    if (word == "i32") return integer<std::int32_t>(json);
    if (word == "i64" || word == "time" || word == "duration") return integer<std::int64_t>(json);
    if (word == "u8") return integer<std::uint8_t>(json);
    if (word == "u16") return integer<std::uint16_t>(json);
    if (word == "u32") return integer<std::uint32_t>(json);
    if (word == "u64") return integer<std::uint64_t>(json);
    if (word == "f32") return floating<float>(json);
    if (word == "f64") return floating<double>(json);
    return false;
  }

  Cursor schema_;
  std::string out_;
};

}  // namespace

Result<std::string> value_json(std::string_view schema, std::string_view bytes) {
  Printer<ValueLeaves> printer(Cursor(schema), ValueLeaves{codec::Reader(bytes)});
  const std::optional<Json> json = printer.print();
  return show(json, printer.leaves().in.at_end(), schema);
}

Result<std::string> take_value_json(std::string_view schema, codec::Reader& in) {
  Printer<ValueLeaves> printer(Cursor(schema), ValueLeaves{in});
  const std::optional<Json> json = printer.print();
  in = printer.leaves().in;
  return show(json, /*at_end=*/true, schema);
}

std::string time_json(EventTime time) { return time_value(time).dump(); }

Result<std::string> key_json(std::string_view schema, std::string_view bytes) {
  Printer<KeyLeaves> printer(Cursor(schema), KeyLeaves{bytes, false, {}});
  const std::optional<Json> json = printer.print();
  return show(json, printer.leaves().in.empty(), schema);
}

Result<std::string> parse_key(std::string_view schema, std::string_view text) {
  const bool is_text = schema == "text" || schema == "bytes";
  const Json json = is_text ? Json(text) : Json::parse(text, nullptr, /*allow_exceptions=*/false);
  KeyWriter writer(schema);
  if (json.is_discarded() || !writer.write(json, /*part=*/false)) {
    return fail(ErrorCode::kInvalidInput,
                fmt::format("'{}' is not a key of type {}: numbers are written decimal, times as "
                            "microseconds since 1970, structs as a JSON array of their fields.",
                            text, schema));
  }
  return writer.take();
}

}  // namespace rheon::run
