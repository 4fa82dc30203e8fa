// Canonical keys (codec/key.h): their order is that of the values, and they can be shown.

#include <chrono>
#include <cmath>
#include <optional>

#include "codec/key.h"
#include "run/schema_text.h"
#include "support/input.h"
#include "support/same.h"
#include "support/seeds.h"
#include "support/types.h"

namespace rheon::fuzz {
namespace {

struct Composite {
  std::string text;
  bool flag = false;
  std::chrono::milliseconds duration{0};
  Place place;
  double number = 0;
  std::string last;
};
RHEON_FIELDS(Composite, text, flag, duration, place, number, last)

template <class K>
std::string canonical(const K& key) {
  std::string bytes;
  codec::append_key(bytes, key);
  return bytes;
}

template <class K>
std::optional<K> decode(std::string_view bytes) {
  K key{};
  return codec::take_key(bytes, key) && bytes.empty() ? std::optional<K>(key) : std::nullopt;
}

template <class K>
void check_key(std::string_view bytes) {
  check_round_trip(bytes, decode<K>, canonical<K>);
  const bool shown = run::key_json(codec::key_schema<K>(), bytes).has_value();
  RHEON_ASSERT(shown == decode<K>(bytes).has_value(), "what is a key and what can be shown differ");
}

template <class K>
[[nodiscard]] bool is_number(const K& key) {
  if constexpr (std::is_floating_point_v<K>) {
    return !std::isnan(key);
  }
  return true;
}

template <class K>
void check_order(std::string_view a, std::string_view b) {
  const auto one = decode<K>(a);
  const auto other = decode<K>(b);
  if (one.has_value() && other.has_value() && is_number(*one) && is_number(*other)) {
    RHEON_ASSERT((*one < *other) == (canonical(*one) < canonical(*other)),
                 "the order of keys is not that of their bytes");
  }
}

template <class... K>
void check_simple(std::string_view a, std::string_view b) {
  (check_key<K>(a), ...);
  (check_order<K>(a, b), ...);
}

}  // namespace

Seeds seeds() {
  const auto pair = [](const auto& a, const auto& b) {
    std::string out;
    codec::put_bytes(out, canonical(a));
    return out.append(canonical(b));
  };
  const Composite composite{std::string("a\0b", 3), true, std::chrono::hours{1},
                            {-1, "here"},           -0.5, "z"};
  return {{"texts", pair(std::string("be"), std::string("to"))},
          {"u64", pair(std::uint64_t{300}, std::uint64_t{1} << 63)},
          {"i32", pair(std::int32_t{-300}, std::int32_t{17})},
          {"double", pair(-0.0, 1e300)},
          {"place", pair(Place{-4, "here"}, Place{4, ""})},
          {"composite", pair(composite, Composite{})}};
}

}  // namespace rheon::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace rheon;
  fuzz::Input in(data, size);
  const std::string_view a = in.text();
  const std::string_view b = in.rest();
  fuzz::check_simple<std::string, bool, std::int8_t, std::int16_t, std::int32_t, std::int64_t,
                     std::uint8_t, std::uint16_t, std::uint32_t, std::uint64_t, float, double,
                     fuzz::Colour, EventTime, std::chrono::milliseconds, std::chrono::hours>(a, b);
  fuzz::check_key<fuzz::Place>(a);
  fuzz::check_key<fuzz::Composite>(a);
  return 0;
}
