// Schemas as text (codec/schema.h), and values of a stored schema read into the type of today.

#include "codec/schema.h"

#include "run/schema_text.h"
#include "support/input.h"
#include "support/same.h"
#include "support/seeds.h"
#include "support/types.h"

namespace rheon::fuzz {
namespace {

using codec::ValueCodec;

/// The text of a schema is canonical: one form only.
void check_text(std::string_view text) {
  const auto schema = codec::parse_schema(text);
  if (!schema.has_value()) {
    return;
  }
  RHEON_ASSERT(codec::to_text(*schema) == text, "a schema has two texts");
  RHEON_ASSERT(codec::compatible(text, text, "it").has_value(), "a schema does not fit itself");
}

/// A reader takes as many bytes of a value as one that passes it.
void check_older(std::string_view stored, std::string_view bytes) {
  const auto reader = codec::SchemaReader::make(stored, codec::ValueCodec<Session>::schema(), "it");
  const auto schema = codec::parse_schema(stored);
  if (!reader.has_value() || !schema.has_value()) {
    return;
  }
  codec::Reader in(bytes);
  Session session;
  reader->decode(in, session);
  codec::Reader passed(bytes);
  codec::skip_value(*schema, passed);
  RHEON_ASSERT(in.failed() == passed.failed(), "one reads what the other one cannot pass");
  RHEON_ASSERT(in.left() == passed.left(), "a value has two lengths");
}

void check_value(std::string_view bytes) {
  const auto decode = [](std::string_view from) -> std::optional<Session> {
    codec::Reader in(from);
    Session session;
    ValueCodec<Session>::decode(in, session);
    return in.failed() ? std::nullopt : std::optional(session);
  };
  check_round_trip(bytes, decode, encoded<Session>);
  if (const auto session = decode(bytes); session.has_value()) {
    RHEON_ASSERT(run::value_json(ValueCodec<Session>::schema(), encoded(*session)).has_value(),
                 "a value cannot be shown");
  }
}

}  // namespace

Seeds seeds() {
  const std::string now = ValueCodec<Session>::schema();
  const std::string before =
      "Session{gone:[[optional(text)]],user:u64,places:[Place{name:text,old:Old{at:time,to:f32}}],"
      "colour:enum(u8)}";
  const auto seed = [](std::string_view stored, std::string_view other, std::string_view bytes) {
    std::string out;
    codec::put_bytes(out, stored);
    codec::put_bytes(out, other);
    return out.append(bytes);
  };
  return {
      {"today", seed(now, before, encoded(a_session()))},
      {"older", seed(before, now, std::string("\2\1\1\1a\2\0\0\7\1\1b01234567abcd\1", 21))},
      {"scalars", seed("[optional(enum(i8))]", "S{a:bool,b:i16,c:u32,d:duration,e:bytes}", "")}};
}

}  // namespace rheon::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace rheon;
  fuzz::Input in(data, size);
  const std::string_view stored = in.text();
  const std::string_view current = in.text();
  const std::string_view bytes = in.rest();
  fuzz::check_text(stored);
  fuzz::check_text(current);
  static_cast<void>(codec::compatible(stored, current, "it"));
  fuzz::check_older(stored, bytes);
  fuzz::check_value(bytes);
  return 0;
}
