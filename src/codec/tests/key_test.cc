#include "codec/key.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cmath>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "base/tests/seeds.h"

namespace rheon::codec {
namespace {

enum class Colour : std::int16_t { kRed = -2, kGreen = 0, kBlue = 700 };

struct Route {
  std::string from;
  std::int32_t stop = 0;
  std::string to;
  friend auto operator<=>(const Route&, const Route&) = default;
};
RHEON_FIELDS(Route, from, stop, to)

struct Nested {
  Route route;
  bool express = false;
  friend auto operator<=>(const Nested&, const Nested&) = default;
};
RHEON_FIELDS(Nested, route, express)

template <class K>
std::string key_bytes(const K& key) {
  std::string out;
  append_key(out, key);
  return out;
}

template <class K>
void expect_key_round_trip(const K& key) {
  const std::string bytes = key_bytes(key);
  std::string_view in = bytes;
  K back{};
  ASSERT_TRUE(take_key(in, back));
  EXPECT_TRUE(in.empty());
  EXPECT_TRUE(back == key);
}

/// Byte order is value order, and reading gives back what was written.
template <class K>
void expect_ordered(const std::vector<K>& keys) {
  for (const K& a : keys) {
    expect_key_round_trip(a);
    for (const K& b : keys) {
      EXPECT_EQ(key_bytes(a) < key_bytes(b), a < b);
      EXPECT_EQ(key_bytes(a) == key_bytes(b), a == b);
    }
  }
}

template <class I>
std::vector<I> integers(std::mt19937_64& random) {
  std::vector<I> result{std::numeric_limits<I>::min(), I{0}, I{1}, std::numeric_limits<I>::max()};
  for (int i = 0; i < 40; ++i) {
    result.push_back(static_cast<I>(random() >> (random() % 64)));
  }
  return result;
}

std::string random_text(std::mt19937_64& random) {
  std::string text(random() % 5, '\0');
  for (char& c : text) {
    constexpr char kLetters[] = {'\0', '\1', 'a', 'b', '\xff'};
    c = kLetters[random() % 5];
  }
  return text;
}

static_assert(is_key<std::chrono::minutes> && is_key<std::chrono::microseconds>);
static_assert(!is_key<std::chrono::nanoseconds>, "two of them would be one key");
static_assert(!is_key<std::chrono::duration<double>>);
static_assert(!is_portable_integer<char> && !is_portable_integer<wchar_t>);
static_assert(is_portable_integer<signed char> && is_portable_integer<std::uint8_t> &&
              is_portable_integer<bool>);

struct Lap {
  std::chrono::milliseconds took{0};
  std::uint8_t runner = 0;
  friend auto operator<=>(const Lap&, const Lap&) = default;
};
RHEON_FIELDS(Lap, took, runner)

TEST(Key, DurationsAreMicroseconds) {
  using std::chrono::milliseconds;
  expect_ordered<std::chrono::seconds>(
      {std::chrono::seconds{-5}, std::chrono::seconds{0}, std::chrono::seconds{90}});
  EXPECT_EQ(key_bytes(std::chrono::seconds{90}), std::string("\x80\0\0\0\x05\x5d\x4a\x80", 8));
  EXPECT_EQ(key_bytes(std::chrono::seconds{90}), key_bytes(milliseconds{90'000}));
  expect_ordered<Lap>({{milliseconds{-1}, 9}, {milliseconds{4}, 1}, {milliseconds{4}, 2}});
  EXPECT_EQ(key_schema<milliseconds>(), "duration");
}

TEST(Key, IntegersKeepTheirOrder) {
  for (const std::uint64_t seed : testing::seeds(5)) {
    SCOPED_TRACE(testing::repeat(seed));
    std::mt19937_64 random(seed);
    expect_ordered(integers<std::int8_t>(random));
    expect_ordered(integers<std::int16_t>(random));
    expect_ordered(integers<std::int32_t>(random));
    expect_ordered(integers<std::int64_t>(random));
    expect_ordered(integers<std::uint8_t>(random));
    expect_ordered(integers<std::uint16_t>(random));
    expect_ordered(integers<std::uint32_t>(random));
    expect_ordered(integers<std::uint64_t>(random));
  }
}

TEST(Key, OtherScalarsKeepTheirOrder) {
  expect_ordered(std::vector<bool>{false, true});
  expect_ordered(std::vector{Colour::kRed, Colour::kGreen, Colour::kBlue});
  expect_ordered(std::vector{EventTime::none(), EventTime::min(), EventTime{-1}, EventTime{0},
                             EventTime{1}, EventTime::max()});
}

TEST(Key, FloatingPointNumbersKeepTheirOrder) {
  std::mt19937_64 random(3);
  std::vector<double> doubles{0.0, 1.0, -1.0, 1e308, -1e308, 5e-324, -5e-324, INFINITY, -INFINITY};
  std::vector<float> floats{0.0F, 1.0F, -1.0F, INFINITY, -INFINITY};
  for (int i = 0; i < 60; ++i) {
    const double d = std::bit_cast<double>(static_cast<std::uint64_t>(random()));
    if (!std::isnan(d)) {
      doubles.push_back(d);
    }
    const float f = std::bit_cast<float>(static_cast<std::uint32_t>(random()));
    if (!std::isnan(f)) {
      floats.push_back(f);
    }
  }
  expect_ordered(doubles);
  expect_ordered(floats);
}

TEST(Key, ZeroAndNanHaveOneFormEach) {
  EXPECT_EQ(key_bytes(-0.0), key_bytes(0.0));
  EXPECT_EQ(key_bytes(-std::numeric_limits<double>::quiet_NaN()),
            key_bytes(std::numeric_limits<double>::signaling_NaN()));
}

TEST(Key, TextIsItself) {
  EXPECT_EQ(key_bytes(std::string_view("a\0b", 3)), std::string("a\0b", 3));
  EXPECT_EQ(key_bytes(std::string("word")), "word");
}

TEST(Key, CompositesKeepTheOrderOfTheirFields) {
  for (const std::uint64_t seed : testing::seeds(5)) {
    SCOPED_TRACE(testing::repeat(seed));
    std::mt19937_64 random(seed);
    std::vector<Route> routes;
    std::vector<Nested> nested;
    for (int i = 0; i < 60; ++i) {
      const auto stop = static_cast<std::int32_t>(random() % 3) - 1;
      routes.push_back({random_text(random), stop, random_text(random)});
      nested.push_back({routes.back(), random() % 2 == 0});
    }
    expect_ordered(routes);
    expect_ordered(nested);
  }
}

TEST(Key, BytesAreFrozen) {
  EXPECT_EQ(key_bytes(std::int32_t{1}), std::string("\x80\x00\x00\x01", 4));
  EXPECT_EQ(key_bytes(std::uint16_t{258}), "\x01\x02");
  EXPECT_EQ(key_bytes(1.0), std::string("\xbf\xf0\x00\x00\x00\x00\x00\x00", 8));
  EXPECT_EQ(key_bytes(Route{std::string("a\0", 2), -1, ""}),
            std::string("a\x00\xff\x00\x01\x7f\xff\xff\xff\x00\x01", 11));
}

TEST(Key, BrokenBytesAreRefusedAndNothingElseHappens) {
  for (const std::uint64_t seed : testing::seeds(300)) {
    SCOPED_TRACE(testing::repeat(seed));
    std::mt19937_64 random(seed);
    std::string bytes;
    for (std::uint64_t left = random() % 20; left > 0; --left) {
      bytes.push_back(static_cast<char>(random() % 4 == 0 ? 0 : random()));
    }
    Nested key;
    std::string_view in = bytes;
    if (take_key(in, key)) {
      EXPECT_LE(in.size(), bytes.size());
    }
  }
}

}  // namespace
}  // namespace rheon::codec
