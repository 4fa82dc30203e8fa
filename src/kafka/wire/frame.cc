#include "kafka/wire/frame.h"

namespace rheon::kafka::wire {

namespace {

/// STRING: two bytes of length.
void put_string(Writer& out, std::string_view text) {
  out.integer(static_cast<std::int16_t>(text.size()));
  out.bytes(text);
}

std::string_view get_string(Reader& in) {
  const auto size = in.integer<std::int16_t>();
  return in.take(static_cast<std::size_t>(size < 0 ? 0 : size));
}

}  // namespace

void SaslHandshake::write_request(std::string_view mechanism, std::int32_t correlation,
                                  std::string_view client, std::string& out) {
  const std::size_t start = out.size();
  Writer writer(out);
  writer.integer<std::int32_t>(0);
  writer.integer(kKey);
  writer.integer(kVersion);
  writer.integer(correlation);
  put_string(writer, client);
  put_string(writer, mechanism);
  Writer::put_integer(out.data() + start,
                      static_cast<std::int32_t>(out.size() - start - kLengthBytes));
}

std::optional<SaslHandshake::Response> SaslHandshake::read_response(std::string_view frame) {
  Reader in(frame);
  static_cast<void>(in.integer<std::int32_t>());
  Response response;
  response.error_code = in.integer<std::int16_t>();
  for (auto left = in.integer<std::int32_t>(); left > 0 && !in.failed(); --left) {
    response.mechanisms.push_back(get_string(in));
  }
  return in.failed() || in.left() > 0 ? std::nullopt : std::optional(std::move(response));
}

}  // namespace rheon::kafka::wire
