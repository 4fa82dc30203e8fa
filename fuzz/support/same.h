#pragma once

#include <string>
#include <string_view>

#include "base/assert.h"
#include "codec/value.h"

namespace rheon::fuzz {

/// What a decoder takes it must also take once it has been encoded anew, as the same. Values are
/// compared as bytes: NaN is not equal to itself.
template <class Decode, class Encode>
void check_round_trip(std::string_view bytes, Decode&& decode, Encode&& encode) {
  const auto value = decode(bytes);
  if (!value.has_value()) {
    return;
  }
  const std::string encoded = encode(*value);
  const auto again = decode(std::string_view(encoded));
  RHEON_ASSERT(again.has_value(), "what was encoded cannot be decoded");
  RHEON_ASSERT(encode(*again) == encoded, "what was decoded is not what was encoded");
}

template <class T>
[[nodiscard]] std::string encoded(const T& value) {
  std::string bytes;
  codec::ValueCodec<T>::encode(value, bytes);
  return bytes;
}

}  // namespace rheon::fuzz
