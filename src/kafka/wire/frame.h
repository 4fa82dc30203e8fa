#pragma once

// What stands around a message on a connection (protocol guide, "Common request and response
// structure"): four bytes of length, then a header, then the message.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "kafka/wire/calls.h"
#include "kafka/wire/fields.h"

namespace rheon::kafka::wire {

inline constexpr std::size_t kLengthBytes = 4;

/// Appends a request in its frame. `correlation` comes back with the response.
template <class Call>
void write_request(const typename Call::Request& request, std::int32_t correlation,
                   std::string_view client, std::string& out,
                   std::int16_t version = Call::kVersion) {
  const std::size_t start = out.size();
  Writer writer(out);
  writer.integer<std::int32_t>(0);
  writer.integer(Call::kKey);
  writer.integer(version);
  writer.integer(correlation);
  writer.integer(static_cast<std::int16_t>(client.size()));
  writer.bytes(client);
  writer.unsigned_varint(0);  // the header's tagged fields
  write_message(request, out);
  Writer::put_integer(out.data() + start,
                      static_cast<std::int32_t>(out.size() - start - kLengthBytes));
}

/// Whose response it is. `frame` is what stands behind the length. None: too short.
[[nodiscard]] inline std::optional<std::int32_t> correlation_of(std::string_view frame) {
  Reader in(frame);
  const auto correlation = in.integer<std::int32_t>();
  return in.failed() ? std::nullopt : std::optional(correlation);
}

/// The response in this frame; none: it is not one of this call.
template <class Call>
[[nodiscard]] std::optional<typename Call::Response> read_response(std::string_view frame) {
  Reader in(frame);
  static_cast<void>(in.integer<std::int32_t>());
  if constexpr (!std::is_same_v<Call, ApiVersions>) {  // its header never has tagged fields
    FieldReader(in).end();
  }
  return in.failed() ? std::nullopt : read_message<typename Call::Response>(in.take(in.left()));
}

/// SaslHandshake, version 1: the one call without flexible versions.
struct SaslHandshake {
  static constexpr std::int16_t kKey = 17;
  static constexpr std::int16_t kVersion = 1;
  struct Response {
    std::int16_t error_code = 0;
    std::vector<std::string_view> mechanisms;  // that the broker would take
  };

  static void write_request(std::string_view mechanism, std::int32_t correlation,
                            std::string_view client, std::string& out);
  [[nodiscard]] static std::optional<Response> read_response(std::string_view frame);
};

}  // namespace rheon::kafka::wire
