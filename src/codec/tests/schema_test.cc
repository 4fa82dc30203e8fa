#include "codec/schema.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

namespace rheon::codec {
namespace {

using ::testing::HasSubstr;

struct Tick {};
RHEON_FIELDS(Tick)

// Versions of one struct, as a job might have had them one after the other.
namespace v1 {
struct Session {
  std::string user = "alice";
  std::uint64_t clicks = 3;
  friend bool operator==(const Session&, const Session&) = default;
};
RHEON_FIELDS(Session, user, clicks)
}  // namespace v1

namespace v2 {  // fields added, in the middle and of every kind
enum class Device : std::uint8_t { kUnknown = 9, kPhone = 1 };
struct Page {
  std::string path = "/";
  double seconds = 1.5;
  friend bool operator==(const Page&, const Page&) = default;
};
RHEON_FIELDS(Page, path, seconds)
struct Session {
  std::string user = "bob";
  EventTime first{77};
  std::vector<Page> pages{{"/a", 1}, {"/b", 2}};
  std::optional<Page> last = Page{"/c", 3};
  Device device = Device::kPhone;
  std::chrono::milliseconds took{12};
  float ratio = 0.25F;
  bool good = true;
  std::int32_t offset = -300;
  std::uint64_t clicks = 4;
  friend bool operator==(const Session&, const Session&) = default;
};
RHEON_FIELDS(Session, user, first, pages, last, device, took, ratio, good, offset, clicks)
}  // namespace v2

namespace v3 {  // dropped and added, also inside, in another order
struct Page {
  std::uint32_t status = 200;
  std::string path = "/none";
  friend bool operator==(const Page&, const Page&) = default;
};
RHEON_FIELDS(Page, status, path)
struct Session {
  std::vector<Page> pages;
  std::uint64_t clicks = 0;
  std::optional<Page> last;
};
RHEON_FIELDS(Session, pages, clicks, last)
}  // namespace v3

namespace other {  // a field has another type
struct Session {
  std::string clicks;
};
RHEON_FIELDS(Session, clicks)
}  // namespace other

template <class From, class To>
Result<To> read_as(const From& value) {
  std::string bytes;
  ValueCodec<From>::encode(value, bytes);
  RHEON_ASSIGN(const auto reader, SchemaReader::make(ValueCodec<From>::schema(),
                                                     ValueCodec<To>::schema(), "state 's'"));
  Reader in(bytes);
  To result{};
  reader.decode(in, result);
  EXPECT_FALSE(in.failed());
  EXPECT_TRUE(in.at_end());
  return result;
}

TEST(Schema, IsReadAndWritten) {
  for (const std::string& text :
       {std::string("u64"), std::string("[optional([text])]"), std::string("enum(u8)"),
        ValueCodec<Tick>::schema(), std::string("[Tick{}]"), ValueCodec<v1::Session>::schema(),
        ValueCodec<v2::Session>::schema()}) {
    const auto schema = parse_schema(text);
    ASSERT_TRUE(schema) << text;
    EXPECT_EQ(to_text(*schema), text);
  }
  for (const std::string_view text :
       {"",     "u65",     "[u64",    "u64]",     "S{",          "S}",      "S{,}",
        "S{a}", "S{a:u64", "S{a:}",   "enum(S)",  "optional()",  "u64,u64", "S{a:u64}}",
        "enum", "enum()",  "enum(u8", "optional", "optional(u8", "[u64)"}) {
    EXPECT_FALSE(parse_schema(text)) << text;
  }
  EXPECT_FALSE(parse_schema(std::string(100'000, '[')));
}

TEST(Schema, FieldsThatAreAddedGetTheirDefault) {
  const auto session = read_as<v1::Session, v2::Session>({"carol", 8});
  ASSERT_TRUE(session) << session.error().message;
  v2::Session expected;
  expected.user = "carol";
  expected.clicks = 8;
  EXPECT_EQ(*session, expected);
}

TEST(Schema, FieldsThatAreDroppedArePassed) {
  EXPECT_EQ((*read_as<v2::Session, v1::Session>({})), (v1::Session{"bob", 4}));
  const auto session = *read_as<v2::Session, v3::Session>({});
  EXPECT_EQ(session.clicks, 4u);
  EXPECT_EQ(session.pages, (std::vector<v3::Page>{{200, "/a"}, {200, "/b"}}));
  EXPECT_EQ(session.last, (v3::Page{200, "/c"}));
}

TEST(Schema, ValuesOfTodayAreReadAsTheyAre) {
  EXPECT_TRUE(
      SchemaReader::make(ValueCodec<v2::Session>::schema(), ValueCodec<v2::Session>::schema(), "")
          ->same());
  EXPECT_EQ((*read_as<v2::Session, v2::Session>({})), v2::Session{});
}

TEST(Schema, AnyOtherDifferenceIsRefusedWithBothSchemas) {
  const auto session = read_as<v1::Session, other::Session>({});
  ASSERT_FALSE(session);
  EXPECT_EQ(session.error().code, ErrorCode::kRefused);
  EXPECT_THAT(session.error().message,
              HasSubstr("state 's' was written as Session{user:text,clicks:u64}, this build reads "
                        "Session{clicks:text}: field 'clicks' was u64 and is text now"));
  EXPECT_FALSE((read_as<std::uint64_t, std::uint32_t>(1)));
  EXPECT_FALSE((read_as<v1::Session, std::vector<v1::Session>>({})));
  EXPECT_FALSE((read_as<std::vector<std::uint64_t>, std::vector<std::int64_t>>({})));
  EXPECT_FALSE((read_as<v2::Page, v2::Session>({})));
  EXPECT_FALSE(compatible("Map{a:u64", "u64", "state 's'"));
  EXPECT_FALSE(compatible("u64", "Map{a:u64", "state 's'"));
}

// The worked bytes of docs/formats/value.md.
namespace page {
struct Session {
  std::string user;
  EventTime first;
  std::uint32_t clicks = 0;
  std::int32_t offset = 0;
};
RHEON_FIELDS(Session, user, first, clicks, offset)
}  // namespace page

TEST(Schema, AndValueAreThoseOfTheirPage) {
  EXPECT_EQ(ValueCodec<page::Session>::schema(),
            "Session{user:text,first:time,clicks:u32,offset:i32}");
  std::string bytes;
  ValueCodec<page::Session>::encode({"alice", EventTime{1'000'000}, 300, -2}, bytes);
  EXPECT_EQ(bytes, std::string("\x05"
                               "alice\x40\x42\x0f\0\0\0\0\0\xac\x02\x03",
                               17));
}

TEST(Schema, AValueOfEachTypeIsPassedAsAWhole) {
  const auto schema = parse_schema(
      "All{a:text,b:bytes,c:f32,d:f64,e:time,f:duration,g:u64,h:i8,i:enum(u8),j:[u64],"
      "k:optional(u64),l:optional(u64),m:In{n:bool}}");
  ASSERT_TRUE(schema);
  std::string bytes;
  put_bytes(bytes, "text");
  put_bytes(bytes, "bytes");
  put_u32(bytes, 1);
  for (int i = 0; i < 3; ++i) {
    put_u64(bytes, 2);
  }
  for (int i = 0; i < 3; ++i) {
    put_varint(bytes, 300);
  }
  for (const std::uint64_t element : {2, 1000, 2000}) {  // how many, then each
    put_varint(bytes, element);
  }
  put_u8(bytes, 0);
  put_u8(bytes, 1);
  put_varint(bytes, 300);
  put_u8(bytes, 1);
  Reader whole(bytes);
  skip_value(*schema, whole);
  EXPECT_TRUE(whole.at_end() && !whole.failed());
  for (std::size_t length = 0; length < bytes.size(); ++length) {
    Reader cut(std::string_view(bytes).substr(0, length));
    skip_value(*schema, cut);
    EXPECT_TRUE(cut.failed()) << length;
  }
}

TEST(Schema, BrokenBytesAreNoticed) {
  std::string bytes;
  ValueCodec<v2::Session>::encode({}, bytes);
  const auto reader = *SchemaReader::make(ValueCodec<v2::Session>::schema(),
                                          ValueCodec<v3::Session>::schema(), "state 's'");
  std::mt19937 random(1);
  for (int round = 0; round < 10'000; ++round) {
    std::string broken = bytes.substr(0, random() % bytes.size());
    if (!broken.empty()) {
      broken[random() % broken.size()] = static_cast<char>(random());
    }
    Reader in(broken);
    v3::Session session;
    reader.decode(in, session);  // whatever it says, within its bytes
  }
}

}  // namespace
}  // namespace rheon::codec
