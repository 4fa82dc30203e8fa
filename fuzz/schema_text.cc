// Values and keys of a schema as people read and write them (run/schema_text.h). The schema of a
// stream comes from its files; that of a state is the program's own.

#include "run/schema_text.h"

#include <array>

#include "codec/key.h"
#include "codec/stream_batch.h"
#include "support/input.h"
#include "support/same.h"
#include "support/seeds.h"
#include "support/types.h"

namespace rheon::fuzz {
namespace {

void check_shown(std::string_view schema, std::string_view bytes) {
  const codec::StreamType type = codec::parse_stream_type(schema);
  static_cast<void>(run::key_json(type.key, bytes));
  static_cast<void>(run::value_json(type.value, bytes));
  codec::Reader in(bytes);
  std::size_t before = 0;
  do {
    before = in.left();
  } while (run::take_value_json(type.value, in).has_value() && in.left() < before);
}

// Times and durations are typed as numbers and shown as words, floats may be too large to be shown.
constexpr std::array<std::string_view, 5> kComeBack{
    "u8", "i64", "bool", "Place{x:i32,name:text}",
    "Far{a:u64,b:Near{c:bool,d:text,e:enum(u16)},f:text}"};
constexpr std::array<std::string_view, 7> kOthers{
    "text", "bytes", "time", "duration", "f32", "f64", "S{a:bytes,b:time,c:duration,d:f32,e:f64}"};

void check_typed(std::string_view text) {
  for (const std::string_view schema : kOthers) {
    const auto key = run::parse_key(schema, text);
    RHEON_ASSERT(!key.has_value() || run::key_json(schema, *key).has_value(),
                 "a key that was typed cannot be shown");
  }
  for (const std::string_view schema : kComeBack) {
    const auto key = run::parse_key(schema, text);
    if (key.has_value()) {
      const auto shown = run::key_json(schema, *key);
      RHEON_ASSERT(shown.has_value(), "a key that was typed cannot be shown");
      const auto again = run::parse_key(schema, *shown);
      RHEON_ASSERT(again.has_value() && *again == *key, "a key that is shown is another one");
    }
  }
}

}  // namespace

Seeds seeds() {
  const auto seed = [](std::string_view schema, std::string_view bytes) {
    std::string out;
    codec::put_bytes(out, schema);
    return out.append(bytes);
  };
  const std::string session = codec::ValueCodec<Session>::schema();
  std::string key;
  codec::append_key(key, Place{-4, "here"});
  return {
      {"session", seed(session, encoded(a_session()))},
      {"keyed", seed("Place{x:i32,name:text} => " + session, key)},
      {"lists", seed("[[optional(enum(i8))]]", "\2\1\1\4\0")},
      {"scalars", seed("S{a:f32,b:time,c:bytes,d:duration}", "\1\2\3\0041234567\2ab12345678")},
      {"typed_array", seed("", R"([-4, "here"])")},
      {"typed_object", seed("", R"({"a": 1, "f": "x", "b": {"c": true, "e": 3, "d": "\u20ac"}})")},
      {"typed_number", seed("", "-300")}};
}

}  // namespace rheon::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace rheon;
  fuzz::Input in(data, size);
  const std::string_view schema = in.text();
  const std::string_view bytes = in.rest();
  fuzz::check_shown(schema, bytes);
  fuzz::check_typed(bytes);
  return 0;
}
