#include "connect/files/csv_format.h"

#include <gtest/gtest.h>

#include <limits>
#include <random>

namespace rheon::connect::csv {
namespace {

struct Address {
  std::string_view street;
  std::int32_t number = 0;
};
RHEON_FIELDS(Address, street, number)

enum class Color : std::uint8_t { kRed = 7 };

struct Everything {
  bool good = true;
  double ratio = 0.1;
  Color color = Color::kRed;
  EventTime when{1'704'067'200'123'456};
  std::chrono::milliseconds took{-1500};
  std::optional<std::uint64_t> maybe;
  Address address{"Main, \"St\"", -5};
};
RHEON_FIELDS(Everything, good, ratio, color, when, took, maybe, address)

template <class T>
std::string column(const T& value) {
  std::string out(room_for(value), '?');
  out.resize(static_cast<std::size_t>(put(out.data(), value) - out.data()));
  return out;
}
template <class K, class T>
std::string line(const engine::Slot<K, T>& record) {
  std::string out(line_room(record), '?');
  const auto size = static_cast<std::size_t>(put_line(out.data(), record) - out.data());
  EXPECT_LE(size, out.size());
  return out.substr(0, size);
}

/// What RFC 4180 says, the plain way.
std::string rfc_quoted(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) {
    return text;
  }
  std::string out = "\"";
  for (const char c : text) {
    out += c == '"' ? std::string("\"\"") : std::string(1, c);
  }
  return out + "\"";
}

TEST(CsvFormat, WritesKeyAndValue) {
  EXPECT_EQ(line(engine::Slot<std::string_view, std::uint64_t>{"word", 17, EventTime{0}, 0}),
            "word,17\n");
}

TEST(CsvFormat, WritesAColumnPerField) {
  EXPECT_EQ(column(Everything{}),
            "true,0.1,7,2024-01-01T00:00:00.123456Z,-1.5,,\"Main, \"\"St\"\"\",-5");
}

TEST(CsvFormat, WritesALineOfOneEmptyTextInQuotes) {
  EXPECT_EQ(line(engine::Slot<engine::NoKey, std::string_view>{{}, "", EventTime{0}}), "\"\"\n");
}

TEST(CsvFormat, QuotesTextWhenItMustBe) {
  std::mt19937 random(1);
  const std::string_view letters = "abcdefg,\"\r\n\xff";
  for (int round = 0; round < 20'000; ++round) {
    std::string text(random() % 40, ' ');
    for (char& c : text) {
      c = random() % 4 == 0 ? letters[random() % letters.size()] : 'x';
    }
    ASSERT_EQ(column(std::string_view(text)), rfc_quoted(text));
  }
}

TEST(CsvFormat, WritesNumbersAsToStringDoes) {
  std::mt19937_64 random(1);
  for (int bits = 0; bits < 64; ++bits) {
    for (int round = 0; round < 100; ++round) {
      const std::uint64_t v = random() >> bits;
      ASSERT_EQ(column(v), std::to_string(v));
      ASSERT_EQ(column(static_cast<std::int64_t>(v)), std::to_string(static_cast<std::int64_t>(v)));
    }
  }
  for (std::uint64_t v = 1; v < 10'000'000'000'000'000'000u; v *= 10) {
    ASSERT_EQ(column(v), std::to_string(v));
    ASSERT_EQ(column(v - 1), std::to_string(v - 1));
  }
  EXPECT_EQ(column(std::numeric_limits<std::int64_t>::min()), "-9223372036854775808");
  EXPECT_EQ(column(std::int8_t{-128}), "-128");
}

TEST(CsvFormat, WritesTimes) {
  EXPECT_EQ(column(EventTime{0}), "1970-01-01T00:00:00.000000Z");
  EXPECT_EQ(column(EventTime{-1}), "1969-12-31T23:59:59.999999Z");
  EXPECT_EQ(column(EventTime{951'782'400'000'000}), "2000-02-29T00:00:00.000000Z");
  EXPECT_EQ(column(EventTime{3'093'502'752'000'000'000}), "99999-03-15T00:00:00.000000Z");
  EXPECT_EQ(column(EventTime{-46'382'371'200'000'000}), "0500-03-15T00:00:00.000000Z");
  EXPECT_EQ(column(EventTime{-60'582'988'800'000'000}), "0050-03-15T00:00:00.000000Z");
  EXPECT_EQ(column(EventTime{-62'003'059'200'000'000}), "0005-03-15T00:00:00.000000Z");
  EXPECT_EQ(column(EventTime{-62'160'825'600'000'000}), "0000-03-15T00:00:00.000000Z");
  EXPECT_EQ(column(EventTime{-63'549'360'000'000'000}), "-0044-03-15T00:00:00.000000Z");
  EXPECT_EQ(column(EventTime{-451'731'427'200'000'000}), "-12345-03-15T00:00:00.000000Z");
  EXPECT_EQ(column(EventTime::none()), "");
  EXPECT_EQ(column(EventTime::min()), "-infinity");
  EXPECT_EQ(column(EventTime::max()), "infinity");
}

TEST(CsvFormat, WritesDurationsInSeconds) {
  const auto text = [](std::int64_t micros) { return column(std::chrono::microseconds{micros}); };
  EXPECT_EQ(text(0), "0");
  EXPECT_EQ(text(2'000'000), "2");
  EXPECT_EQ(text(2'500'000), "2.5");
  EXPECT_EQ(text(1), "0.000001");
  EXPECT_EQ(text(-1'000'000), "-1");
  EXPECT_EQ(text(-1'500'000), "-1.5");
}

TEST(CsvFormat, WritesBytesInHexadecimal) {
  EXPECT_EQ(column(as_bytes(std::string_view("\x01\xab", 2))), "01ab");
}

}  // namespace
}  // namespace rheon::connect::csv
