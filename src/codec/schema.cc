#include "codec/schema.h"

#include <algorithm>

namespace rheon::codec {
namespace {

constexpr int kDeepest = 64;  // nesting of a schema that is read

constexpr std::string_view kScalars[] = {"bool", "i8",   "i16",   "i32",  "i64",
                                         "u8",   "u16",  "u32",   "u64",  "f32",
                                         "f64",  "text", "bytes", "time", "duration"};

bool is_scalar(std::string_view word) {
  return std::find(std::begin(kScalars), std::end(kScalars), word) != std::end(kScalars);
}

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  Result<Schema> parse() {
    Schema schema;
    if (!value(schema, 0) || !text_.empty()) {
      return fail(ErrorCode::kCorrupt, "'" + std::string(text_) + "' is no schema");
    }
    return schema;
  }

 private:
  bool take(char c) {
    if (text_.empty() || text_.front() != c) {
      return false;
    }
    text_.remove_prefix(1);
    return true;
  }

  bool word(std::string& into) {
    const std::size_t end = std::min(text_.find_first_of("{}[](),:"), text_.size());
    into = text_.substr(0, end);
    text_.remove_prefix(end);
    return !into.empty();
  }

  bool element(Schema& schema, Schema::Kind kind, int depth, char close) {
    schema.kind = kind;
    return value(schema.parts.emplace_back(), depth + 1) && take(close);
  }

  bool value(Schema& schema, int depth) {
    if (depth > kDeepest) {
      return false;
    }
    if (take('[')) {
      return element(schema, Schema::Kind::kList, depth, ']');
    }
    if (!word(schema.name)) {
      return false;
    }
    if (schema.name == "enum" && take('(')) {
      schema.kind = Schema::Kind::kEnum;
      return word(schema.name) && is_scalar(schema.name) && take(')');
    }
    if (schema.name == "optional" && take('(')) {
      schema.name.clear();
      return element(schema, Schema::Kind::kOptional, depth, ')');
    }
    return take('{') ? fields(schema, depth) : is_scalar(schema.name);
  }

  bool fields(Schema& schema, int depth) {
    schema.kind = Schema::Kind::kStruct;
    if (take('}')) {
      return true;
    }
    do {
      if (!word(schema.fields.emplace_back()) || !take(':') ||
          !value(schema.parts.emplace_back(), depth + 1)) {
        return false;
      }
    } while (take(','));
    return take('}');
  }

  std::string_view text_;
};

const Schema* field_of(const Schema& schema, std::string_view name) {
  const auto found = std::find(schema.fields.begin(), schema.fields.end(), name);
  return found == schema.fields.end()
             ? nullptr
             : &schema.parts[static_cast<std::size_t>(found - schema.fields.begin())];
}

/// Where the two differ in more than the fields they have; empty when nowhere.
std::string difference(const Schema& stored, const Schema& current, const std::string& path) {
  const std::string where = path.empty() ? "" : "field '" + path + "' ";
  if (stored.kind != current.kind || stored.name != current.name) {
    return where + "was " + to_text(stored) + " and is " + to_text(current) + " now";
  }
  if (stored.kind != Schema::Kind::kStruct) {
    for (std::size_t i = 0; i < stored.parts.size(); ++i) {
      std::string inner = difference(stored.parts[i], current.parts[i], path);
      if (!inner.empty()) {
        return inner;
      }
    }
    return "";
  }
  for (std::size_t i = 0; i < stored.parts.size(); ++i) {
    const Schema* now = field_of(current, stored.fields[i]);
    if (now == nullptr) {
      continue;  // dropped
    }
    std::string inner = difference(stored.parts[i], *now,
                                   path.empty() ? stored.fields[i] : path + "." + stored.fields[i]);
    if (!inner.empty()) {
      return inner;
    }
  }
  return "";
}

}  // namespace

Result<Schema> parse_schema(std::string_view text) { return Parser(text).parse(); }

std::string to_text(const Schema& schema) {
  switch (schema.kind) {
    case Schema::Kind::kScalar:
      return schema.name;
    case Schema::Kind::kEnum:
      return "enum(" + schema.name + ")";
    case Schema::Kind::kList:
      return "[" + to_text(schema.parts[0]) + "]";
    case Schema::Kind::kOptional:
      return "optional(" + to_text(schema.parts[0]) + ")";
    case Schema::Kind::kStruct:
      break;
  }
  std::string text = schema.name + "{";
  for (std::size_t i = 0; i < schema.parts.size(); ++i) {
    text += (i > 0 ? "," : "") + schema.fields[i] + ":" + to_text(schema.parts[i]);
  }
  return text + "}";
}

Status compatible(std::string_view stored, std::string_view current, std::string_view place) {
  if (stored == current) {
    return {};
  }
  const auto before = parse_schema(stored);
  const auto now = parse_schema(current);
  const std::string found =
      before && now ? difference(*before, *now, "") : std::string("one of them is not known here");
  if (found.empty()) {
    return {};
  }
  return fail(
      ErrorCode::kRefused,
      std::string(place) + " was written as " + std::string(stored) + ", this build reads " +
          std::string(current) + ": " + found +
          ". Fields can be added and dropped; give a field that has changed its type another "
          "name, or go back to the build that wrote it.");
}

void skip_value(const Schema& schema, Reader& in) {
  switch (schema.kind) {
    case Schema::Kind::kScalar:
      if (schema.name == "text" || schema.name == "bytes") {
        static_cast<void>(in.bytes());
      } else if (schema.name == "f32") {
        static_cast<void>(in.u32());
      } else if (schema.name == "f64" || schema.name == "time" || schema.name == "duration") {
        static_cast<void>(in.u64());
      } else {
        static_cast<void>(in.varint());
      }
      return;
    case Schema::Kind::kEnum:
      static_cast<void>(in.varint());
      return;
    case Schema::Kind::kList:
      for (std::uint64_t left = in.varint(); left > 0 && !in.failed(); --left) {
        skip_value(schema.parts[0], in);
      }
      return;
    case Schema::Kind::kOptional:
      if (in.u8() != 0) {
        skip_value(schema.parts[0], in);
      }
      return;
    case Schema::Kind::kStruct:
      for (const Schema& part : schema.parts) {
        skip_value(part, in);
      }
      return;
  }
}

Result<SchemaReader> SchemaReader::make(std::string_view stored, std::string_view current,
                                        std::string_view place) {
  SchemaReader result;
  if (stored != current) {
    RHEON_TRY(compatible(stored, current, place));
    RHEON_ASSIGN(Schema older, parse_schema(stored));
    result.older_ = std::make_shared<const Schema>(std::move(older));
  }
  return result;
}

}  // namespace rheon::codec
