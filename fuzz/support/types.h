#pragma once

// Records and values with a field of every kind.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/types.h"
#include "codec/fields.h"

namespace rheon::fuzz {

enum class Colour : std::uint8_t { kRed, kGreen };

struct Place {
  std::int32_t x = 0;
  std::string name;
};
RHEON_FIELDS(Place, x, name)

struct Session {
  std::uint64_t user = 0;
  std::int64_t balance = 0;
  bool open = false;
  EventTime first;
  std::chrono::nanoseconds length{0};
  std::chrono::hours limit{0};
  float share = 0;
  double score = 0;
  Colour colour = Colour::kRed;
  std::string name;
  std::vector<Place> places;
  std::optional<Place> home;
  std::optional<std::vector<std::optional<std::uint16_t>>> nested;
};
RHEON_FIELDS(Session, user, balance, open, first, length, limit, share, score, colour, name, places,
             home, nested)

[[nodiscard]] inline Session a_session() {
  return {7,
          -300,
          true,
          EventTime{1'795'424'761'945'131},
          std::chrono::seconds{90},
          std::chrono::hours{2},
          0.5f,
          -1e300,
          Colour::kGreen,
          "a name",
          {{-4, "here"}, {1 << 30, ""}},
          Place{3, "home"},
          {{std::nullopt, 65535}}};
}

}  // namespace rheon::fuzz
