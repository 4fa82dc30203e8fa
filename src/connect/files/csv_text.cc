#include "connect/files/csv_text.h"

#include <algorithm>

namespace rheon::connect::csv {
namespace {

char* put_two(char* at, unsigned v) {
  std::memcpy(at, detail::kTwoDigits + 2 * v, 2);
  return at + 2;
}

/// Exactly six digits.
char* put_micros(char* at, unsigned micros) {
  at = put_two(at, micros / 10000);
  at = put_two(at, micros / 100 % 100);
  return put_two(at, micros % 100);
}

}  // namespace

bool needs_quotes(std::string_view text) {
  return std::any_of(text.begin(), text.end(),
                     [](char c) { return c == ',' || c == '"' || c == '\n' || c == '\r'; });
}

char* put_quoted(char* at, std::string_view text) {
  *at++ = '"';
  for (const char c : text) {
    if (c == '"') {
      *at++ = '"';
    }
    *at++ = c;
  }
  *at++ = '"';
  return at;
}

char* put_time(char* at, EventTime time) {
  if (time == EventTime::none()) {
    return at;
  }
  if (!time.is_finite()) {
    return put_word(at, time == EventTime::max() ? "infinity" : "-infinity");
  }
  const std::chrono::sys_time<std::chrono::microseconds> point{
      std::chrono::microseconds{time.micros}};
  const auto day = std::chrono::floor<std::chrono::days>(point);
  // By hand: the calendar of <chrono> has 16-bit years, event times do not.
  const std::int64_t shifted = day.time_since_epoch().count() + 719468;
  const std::int64_t era = (shifted >= 0 ? shifted : shifted - 146096) / 146097;
  const auto day_of_era = static_cast<unsigned>(shifted - era * 146097);
  const unsigned year_of_era =
      (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
  const unsigned day_of_year =
      day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const unsigned shifted_month = (5 * day_of_year + 2) / 153;
  const unsigned month = shifted_month < 10 ? shifted_month + 3 : shifted_month - 9;
  std::int64_t year = era * 400 + year_of_era + (month <= 2 ? 1 : 0);
  if (year < 0) {
    *at++ = '-';
    year = -year;
  }
  for (std::int64_t least = 1000; least > year && least > 1; least /= 10) {
    *at++ = '0';
  }
  at = put_number(at, static_cast<std::uint64_t>(year));
  *at++ = '-';
  at = put_two(at, month);
  *at++ = '-';
  at = put_two(at, day_of_year - (153 * shifted_month + 2) / 5 + 1);
  const auto of_day = static_cast<std::uint64_t>((point - day).count());
  const auto seconds = static_cast<unsigned>(of_day / 1'000'000);
  *at++ = 'T';
  at = put_two(at, seconds / 3600);
  *at++ = ':';
  at = put_two(at, seconds / 60 % 60);
  *at++ = ':';
  at = put_two(at, seconds % 60);
  *at++ = '.';
  at = put_micros(at, static_cast<unsigned>(of_day % 1'000'000));
  *at++ = 'Z';
  return at;
}

char* put_seconds(char* at, std::chrono::microseconds duration) {
  auto micros = static_cast<std::uint64_t>(duration.count());
  if (duration.count() < 0) {
    *at++ = '-';
    micros = 0 - micros;
  }
  at = put_number(at, micros / 1'000'000);
  if (const auto fraction = static_cast<unsigned>(micros % 1'000'000); fraction != 0) {
    *at++ = '.';
    at = put_micros(at, fraction);
    while (at[-1] == '0') {
      --at;
    }
  }
  return at;
}

char* put_hex(char* at, Bytes bytes) {
  constexpr char kDigits[] = "0123456789abcdef";
  for (const std::byte byte : bytes) {
    *at++ = kDigits[std::to_integer<unsigned>(byte) >> 4];
    *at++ = kDigits[std::to_integer<unsigned>(byte) & 15];
  }
  return at;
}

}  // namespace rheon::connect::csv
