#pragma once

// Records as lines of CSV (RFC 4180, lines end with "\n"), straight into a buffer.
//
//   text      as it is; quoted when it holds a comma, a quote or a line end
//   bytes     hexadecimal
//   numbers   decimal, floating point with as many digits as reading it back needs
//   bool      true, false
//   enums     their number
//   time      2024-01-31T10:00:00.123456Z; none: nothing; -infinity, infinity
//   duration  seconds: 1.5
//   optional  its value, or nothing
//   structs   with RHEON_FIELDS: one column per field
//
// A keyed record has the key's columns first. A line of one empty text is "" in quotes, so that it
// is not an empty line.

#include <charconv>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

#include "base/bytes.h"
#include "base/types.h"
#include "codec/fields.h"
#include "connect/files/csv_text.h"
#include "engine/batch.h"

namespace rheon::connect::csv {

template <class T>
inline constexpr bool is_text =
    std::is_same_v<T, std::string_view> || std::is_same_v<T, std::string>;

template <class T>
struct IsOptional : std::false_type {};
template <class T>
struct IsOptional<std::optional<T>> : std::true_type {};
template <class T>
struct IsDuration : std::false_type {};
template <class Rep, class Period>
struct IsDuration<std::chrono::duration<Rep, Period>> : std::true_type {};

/// Types that can be columns of a CSV line. Of a struct's fields put() says so itself.
template <class T>
[[nodiscard]] consteval bool writable() {
  if constexpr (IsOptional<T>::value) {
    return writable<typename T::value_type>();
  } else {
    return codec::has_fields<T> || is_text<T> || std::is_arithmetic_v<T> || std::is_enum_v<T> ||
           IsDuration<T>::value || std::is_same_v<T, Bytes> || std::is_same_v<T, EventTime>;
  }
}

/// No less than what put() writes for the value.
template <class T>
[[nodiscard]] inline std::size_t room_for(const T& value) {
  if constexpr (is_text<T>) {
    return text_room(value.size());
  } else if constexpr (std::is_same_v<T, Bytes>) {
    return 2 * value.size();
  } else if constexpr (IsOptional<T>::value) {
    return value.has_value() ? room_for(*value) : 0;
  } else if constexpr (codec::has_fields<T>) {
    std::size_t sum = 0;
    codec::for_each_field(
        value, [&sum](std::string_view, const auto& field) { sum += room_for(field) + 1; });
    return sum;
  } else {
    return 48;
  }
}

/// Writes the value's columns; returns the place behind them.
template <class T>
[[nodiscard]] inline char* put(char* at, const T& value) {
  static_assert(
      writable<T>(),
      "a CSV column holds text, bytes, a number, a bool, an enum, a time, a duration or an "
      "optional of these: map the record to such fields first");
  if constexpr (is_text<T>) {
    return put_text(at, value);
  } else if constexpr (std::is_same_v<T, bool>) {
    return value ? put_word(at, "true") : put_word(at, "false");
  } else if constexpr (std::is_enum_v<T>) {
    return put(at, static_cast<std::underlying_type_t<T>>(value));
  } else if constexpr (std::is_integral_v<T>) {
    std::uint64_t magnitude = static_cast<std::uint64_t>(value);
    if constexpr (std::is_signed_v<T>) {
      if (value < 0) {
        *at++ = '-';
        magnitude = 0 - magnitude;
      }
    }
    return put_number(at, magnitude);
  } else if constexpr (std::is_floating_point_v<T>) {
    return std::to_chars(at, at + 48, value).ptr;
  } else if constexpr (std::is_same_v<T, EventTime>) {
    return put_time(at, value);
  } else if constexpr (IsDuration<T>::value) {
    return put_seconds(at, std::chrono::duration_cast<std::chrono::microseconds>(value));
  } else if constexpr (std::is_same_v<T, Bytes>) {
    return put_hex(at, value);
  } else if constexpr (IsOptional<T>::value) {
    return value.has_value() ? put(at, *value) : at;
  } else {
    bool first = true;
    codec::for_each_field(value, [&](std::string_view, const auto& field) {
      if (!first) {
        *at++ = ',';
      }
      first = false;
      at = put(at, field);
    });
    return at;
  }
}

template <class K, class T>
[[nodiscard]] inline std::size_t line_room(const engine::Slot<K, T>& record) {
  if constexpr (std::is_same_v<K, engine::NoKey>) {
    return room_for(record.value) + 3;
  } else {
    return room_for(record.key) + room_for(record.value) + 2;
  }
}

/// Writes the record as one line.
template <class K, class T>
[[nodiscard]] inline char* put_line(char* at, const engine::Slot<K, T>& record) {
  char* const start = at;
  if constexpr (!std::is_same_v<K, engine::NoKey>) {
    at = put(at, record.key);
    *at++ = ',';
  }
  at = put(at, record.value);
  if (at == start) {
    at = put_word(at, "\"\"");
  }
  *at++ = '\n';
  return at;
}

}  // namespace rheon::connect::csv
