#include "connect/utf8.h"

#include <cstdint>
#include <cstring>

namespace rheon::connect {
namespace {

/// Bytes of the sequence that starts at `at`; 0 when it is none. `left` is at least 1.
std::size_t sequence_bytes(const unsigned char* at, std::size_t left) {
  const unsigned first = at[0];
  const auto follows = [&](std::size_t i) { return i < left && (at[i] & 0xc0) == 0x80; };
  if (first < 0x80) {
    return 1;
  }
  if (first >= 0xc2 && first <= 0xdf) {
    return follows(1) ? 2 : 0;
  }
  if (first >= 0xe0 && first <= 0xef) {
    const bool good = follows(1) && follows(2) && (first != 0xe0 || at[1] >= 0xa0) &&
                      (first != 0xed || at[1] <= 0x9f);
    return good ? 3 : 0;
  }
  if (first >= 0xf0 && first <= 0xf4) {
    const bool good = follows(1) && follows(2) && follows(3) && (first != 0xf0 || at[1] >= 0x90) &&
                      (first != 0xf4 || at[1] <= 0x8f);
    return good ? 4 : 0;
  }
  return 0;
}

}  // namespace

bool is_utf8(std::string_view text) {
  const auto* at = reinterpret_cast<const unsigned char*>(text.data());
  std::size_t left = text.size();
  while (left > 0) {
    std::uint64_t eight = 0;
    if (left >= sizeof eight) {
      std::memcpy(&eight, at, sizeof eight);
      if ((eight & 0x8080808080808080u) == 0) {
        at += sizeof eight;
        left -= sizeof eight;
        continue;
      }
    }
    const std::size_t bytes = sequence_bytes(at, left);
    if (bytes == 0) {
      return false;
    }
    at += bytes;
    left -= bytes;
  }
  return true;
}

}  // namespace rheon::connect
