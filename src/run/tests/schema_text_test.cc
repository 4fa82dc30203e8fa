#include "run/schema_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "codec/key.h"
#include "codec/value.h"

namespace rheon::run {
namespace {

struct Place {
  std::int32_t x = 0;
  std::string name;
};
RHEON_FIELDS(Place, x, name)

struct Session {
  std::uint64_t user = 0;
  EventTime first;
  std::vector<Place> places;
  std::optional<double> score;
  std::chrono::milliseconds length{0};
};
RHEON_FIELDS(Session, user, first, places, score, length)

template <class T>
std::string show(const T& value) {
  std::string bytes;
  codec::ValueCodec<T>::encode(value, bytes);
  return value_json(codec::ValueCodec<T>::schema(), bytes).value_or("broken");
}

TEST(SchemaText, prints_values_with_the_names_of_their_fields) {
  EXPECT_EQ(show(std::uint64_t{412}), "412");
  EXPECT_EQ(show(std::int8_t{-5}), "-5");
  EXPECT_EQ(show(std::string("a\"b")), R"("a\"b")");
  EXPECT_EQ(show(true), "true");
  EXPECT_EQ(show(EventTime{1'795'424'761'945'131}), R"("2026-11-23T09:06:01.945131Z")");
  EXPECT_EQ(show(EventTime{-1}), R"("1969-12-31T23:59:59.999999Z")");
  EXPECT_EQ(show(EventTime::max()), R"("+infinity")");
  Session session{7, EventTime{0}, {{-1, "a"}, {2, "b"}}, std::nullopt, std::chrono::seconds{90}};
  EXPECT_EQ(show(session),
            R"({"user":7,"first":"1970-01-01T00:00:00.000000Z","places":[{"x":-1,"name":"a"},)"
            R"({"x":2,"name":"b"}],"score":null,"length":"90s"})");
  session.places.clear();
  session.score = 0.5;
  EXPECT_EQ(
      show(session),
      R"({"user":7,"first":"1970-01-01T00:00:00.000000Z","places":[],"score":0.5,"length":"90s"})");
}

TEST(SchemaText, refuses_bytes_of_another_type) {
  EXPECT_FALSE(value_json("u64", ""));
  EXPECT_FALSE(value_json("u64", std::string_view("\1\2", 2)));
  EXPECT_FALSE(value_json("nonsense", "x"));
  EXPECT_FALSE(value_json("[u8", ""));
}

template <class K>
std::string typed(std::string_view text) {
  return parse_key(codec::key_schema<K>(), text).value_or("broken");
}
template <class K>
std::string canonical(const K& key) {
  std::string bytes;
  codec::append_key(bytes, key);
  return bytes;
}

TEST(SchemaText, reads_keys_as_people_type_them) {
  EXPECT_EQ(typed<std::string>("17"), "17");
  EXPECT_EQ(typed<std::uint32_t>("17"), canonical(std::uint32_t{17}));
  EXPECT_EQ(typed<std::int64_t>("-17"), canonical(std::int64_t{-17}));
  EXPECT_EQ(typed<double>("0.5"), canonical(0.5));
  EXPECT_EQ(typed<bool>("true"), canonical(true));
  EXPECT_EQ(typed<Place>(R"([-4, "here"])"), canonical(Place{-4, "here"}));
  EXPECT_EQ(typed<Place>(R"({"name": "here", "x": -4})"), canonical(Place{-4, "here"}));
}

TEST(SchemaText, keys_of_another_type_are_refused_with_a_sentence) {
  EXPECT_FALSE(parse_key("u8", "256"));
  EXPECT_FALSE(parse_key("u8", "-1"));
  EXPECT_FALSE(parse_key("u8", "\"1\""));
  const auto refused = parse_key("u64", "flowing");
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, ::testing::HasSubstr("'flowing' is not a key of type u64"));
}

TEST(SchemaText, keys_come_back) {
  EXPECT_EQ(key_json("text", "a").value(), R"("a")");
  EXPECT_EQ(
      key_json(codec::key_schema<Place>(), canonical(Place{-4, std::string("a\0b", 3)})).value(),
      R"({"x":-4,"name":"a\u0000b"})");
  EXPECT_EQ(key_json("i16", canonical(std::int16_t{-300})).value(), "-300");
  EXPECT_FALSE(key_json("i16", "x"));
}

}  // namespace
}  // namespace rheon::run
