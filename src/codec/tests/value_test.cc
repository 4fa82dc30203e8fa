#include "codec/value.h"

#include <gtest/gtest.h>

#include <limits>
#include <random>
#include <string>
#include <vector>

#include "base/tests/seeds.h"

namespace rheon::codec {
namespace {

using std::chrono::microseconds;

enum class Level : std::uint8_t { kLow, kHigh = 200 };

struct Part {
  std::string name;
  std::optional<double> weight;
  friend auto operator==(const Part&, const Part&) -> bool = default;
};
RHEON_FIELDS(Part, name, weight)

struct Order {
  std::int64_t id = 0;
  std::uint32_t count = 0;
  std::int8_t small = 0;
  bool paid = false;
  Level level = Level::kLow;
  EventTime at;
  microseconds took{0};
  std::vector<Part> parts;
  float share = 0;
  friend auto operator==(const Order&, const Order&) -> bool = default;
};
RHEON_FIELDS(Order, id, count, small, paid, level, at, took, parts, share)

template <class T>
std::string bytes_of(const T& value) {
  std::string out;
  ValueCodec<T>::encode(value, out);
  return out;
}

template <class T>
void expect_round_trip(const T& value) {
  const std::string bytes = bytes_of(value);
  Reader in(bytes);
  T back{};
  ValueCodec<T>::decode(in, back);
  EXPECT_FALSE(in.failed());
  EXPECT_TRUE(in.at_end());
  EXPECT_TRUE(back == value);
}

Order random_order(std::mt19937_64& random) {
  Order order;
  order.id = static_cast<std::int64_t>(random());
  order.count = static_cast<std::uint32_t>(random());
  order.small = static_cast<std::int8_t>(random());
  order.paid = random() % 2 == 0;
  order.level = random() % 2 == 0 ? Level::kHigh : Level::kLow;
  order.at = EventTime{static_cast<std::int64_t>(random())};
  order.took = microseconds{static_cast<std::int64_t>(random())};
  order.share = static_cast<float>(random() % 1000) / 7;
  for (std::uint64_t left = random() % 4; left > 0; --left) {
    order.parts.push_back({std::string(random() % 200, 'x'), std::nullopt});
    if (random() % 2 == 0) {
      order.parts.back().weight = static_cast<double>(random());
    }
  }
  return order;
}

TEST(Value, RoundTripsAtTheEndsOfEveryRange) {
  expect_round_trip(std::numeric_limits<std::int64_t>::min());
  expect_round_trip(std::numeric_limits<std::int64_t>::max());
  expect_round_trip(std::numeric_limits<std::uint64_t>::max());
  expect_round_trip(std::int8_t{-128});
  expect_round_trip(std::string());
  expect_round_trip(std::string("a\0b", 3));
  expect_round_trip(std::optional<std::uint32_t>{});
  expect_round_trip(std::vector<bool>{true, false, true});
  expect_round_trip(EventTime::none());
}

TEST(Value, RoundTripsRandomStructs) {
  for (const std::uint64_t seed : testing::seeds(200)) {
    SCOPED_TRACE(testing::repeat(seed));
    std::mt19937_64 random(seed);
    expect_round_trip(random_order(random));
  }
}

TEST(Value, SchemasSayWhatIsStored) {
  EXPECT_EQ(ValueCodec<Order>::schema(),
            "Order{id:i64,count:u32,small:i8,paid:bool,level:enum(u8),at:time,took:duration,"
            "parts:[Part{name:text,weight:optional(f64)}],share:f32}");
}

TEST(Value, BytesAreFrozen) {
  EXPECT_EQ(bytes_of(std::int32_t{-2}), "\x03");
  EXPECT_EQ(bytes_of(std::uint64_t{300}), "\xac\x02");
  EXPECT_EQ(bytes_of(std::string("ab")),
            "\x02"
            "ab");
  EXPECT_EQ(bytes_of(EventTime{1}), std::string("\x01\0\0\0\0\0\0\0", 8));
}

TEST(Value, BrokenBytesFailAndNothingElseHappens) {
  for (const std::uint64_t seed : testing::seeds(500)) {
    SCOPED_TRACE(testing::repeat(seed));
    std::mt19937_64 random(seed);
    std::string bytes = bytes_of(random_order(random));
    for (std::uint64_t left = 1 + random() % 4; left > 0; --left) {
      bytes[random() % bytes.size()] = static_cast<char>(random());
    }
    bytes.resize(random() % (bytes.size() + 1));
    Reader in(bytes);
    Order order;
    ValueCodec<Order>::decode(in, order);
    std::chrono::nanoseconds finer{};
    Reader again(bytes);
    ValueCodec<std::chrono::nanoseconds>::decode(again, finer);
  }
}

TEST(Value, EveryPrefixOfAValueFails) {
  std::mt19937_64 random(1);
  const std::string bytes = bytes_of(random_order(random));
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    Reader in(std::string_view(bytes).substr(0, size));
    Order order;
    ValueCodec<Order>::decode(in, order);
    EXPECT_TRUE(in.failed()) << size;
  }
}

}  // namespace
}  // namespace rheon::codec
