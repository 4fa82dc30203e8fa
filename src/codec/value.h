#pragma once

// Values as bytes: state values, records of streams. ValueCodec<T> says how a type is written and
// under which schema it is stored. The schema is text, kept once beside many values:
//
//   bool i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 text bytes time duration enum(u8) [element]
//   optional(element) Session{user:u64,first:time,clicks:u32}
//
// Unsigned integers are varints, signed ones zigzag varints, time and duration 8 bytes (micros),
// floats 8 or 4 bytes, text and bytes length-prefixed, vectors count-prefixed, structs their fields
// in order. docs/formats/value.md has worked bytes. codec/schema.h reads values of an older schema.

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "base/bytes.h"
#include "base/types.h"
#include "codec/fields.h"
#include "codec/portable_integer.h"
#include "codec/wire.h"

namespace rheon::codec {

template <class T>
struct ValueCodec;  // schema() -> std::string; encode(value, out); decode(reader, value)

/// Types that a stream, a state or a record can hold.
template <class T>
concept has_codec = requires(const T& value, std::string& out) {
  { ValueCodec<T>::schema() } -> std::convertible_to<std::string>;
  ValueCodec<T>::encode(value, out);
};

/// True for types whose objects, or a part of them, only show bytes that somebody else owns: never
/// kept in state.
template <class T>
[[nodiscard]] consteval bool holds_views() {
  if constexpr (std::is_same_v<T, std::string_view> || std::is_same_v<T, Bytes>) {
    return true;
  } else if constexpr (has_fields<T>) {
    bool found = false;
    rheon_fields(static_cast<const T*>(nullptr),
                 [&found]<class F>(const char*, F T::*) { found = found || holds_views<F>(); });
    return found;
  } else if constexpr (requires { typename T::value_type; }) {
    return holds_views<typename T::value_type>();  // of a vector or an optional
  } else {
    return false;
  }
}

namespace detail {
/// The schema of an integer of so many bytes.
[[nodiscard]] std::string integer_schema(bool is_signed, std::size_t bytes);
/// Adds a field to the schema of a struct, behind its name or the fields before it.
void add_field(std::string& schema, std::string_view name, const std::string& type);
}  // namespace detail

template <class T>
  requires std::is_integral_v<T>
struct ValueCodec<T> {
  static_assert(check_portable_integer<T>());
  static std::string schema() {
    if constexpr (std::is_same_v<T, bool>) {
      return "bool";
    } else {
      return detail::integer_schema(std::is_signed_v<T>, sizeof(T));
    }
  }
  static void encode(const T& value, std::string& out) {
    if constexpr (std::is_signed_v<T>) {
      const auto v = static_cast<std::int64_t>(value);
      put_varint(out, (static_cast<std::uint64_t>(v) << 1) ^ static_cast<std::uint64_t>(v >> 63));
    } else {
      put_varint(out, static_cast<std::uint64_t>(value));
    }
  }
  static void decode(Reader& in, T& value) {
    const std::uint64_t v = in.varint();
    if constexpr (std::is_signed_v<T>) {
      value = static_cast<T>(static_cast<std::int64_t>((v >> 1) ^ (~(v & 1) + 1)));
    } else {
      value = static_cast<T>(v);
    }
  }
};

template <class T>
  requires std::is_floating_point_v<T>
struct ValueCodec<T> {
  using Raw = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;
  static_assert(sizeof(T) == sizeof(Raw), "long double has no stored form: use double");
  static std::string schema() { return sizeof(T) == 4 ? "f32" : "f64"; }
  static void encode(const T& value, std::string& out) {
    Raw raw = 0;
    std::memcpy(&raw, &value, sizeof raw);
    detail::put_little_endian(out, raw);
  }
  static void decode(Reader& in, T& value) {
    Raw raw = 0;
    if constexpr (sizeof(T) == 4) {
      raw = in.u32();
    } else {
      raw = in.u64();
    }
    std::memcpy(&value, &raw, sizeof raw);
  }
};

template <class T>
  requires std::is_enum_v<T>
struct ValueCodec<T> {
  using Raw = std::underlying_type_t<T>;
  static std::string schema() { return "enum(" + ValueCodec<Raw>::schema() + ")"; }
  static void encode(const T& value, std::string& out) {
    ValueCodec<Raw>::encode(static_cast<Raw>(value), out);
  }
  static void decode(Reader& in, T& value) {
    Raw raw{};
    ValueCodec<Raw>::decode(in, raw);
    value = static_cast<T>(raw);
  }
};

template <>
struct ValueCodec<std::string_view> {
  static std::string schema() { return "text"; }
  static void encode(std::string_view value, std::string& out) { put_bytes(out, value); }
  static void decode(Reader& in, std::string_view& value) { value = in.bytes(); }
};
template <>
struct ValueCodec<std::string> {
  static std::string schema() { return "text"; }
  static void encode(const std::string& value, std::string& out) { put_bytes(out, value); }
  static void decode(Reader& in, std::string& value) { value = in.bytes(); }
};
template <>
struct ValueCodec<Bytes> {
  static std::string schema() { return "bytes"; }
  static void encode(Bytes value, std::string& out) { put_bytes(out, as_text(value)); }
  static void decode(Reader& in, Bytes& value) { value = as_bytes(in.bytes()); }
};
template <>
struct ValueCodec<EventTime> {
  static std::string schema() { return "time"; }
  static void encode(EventTime value, std::string& out) { put_i64(out, value.micros); }
  static void decode(Reader& in, EventTime& value) { value = EventTime{in.i64()}; }
};
template <class Rep, class Period>
struct ValueCodec<std::chrono::duration<Rep, Period>> {
  using Duration = std::chrono::duration<Rep, Period>;
  static std::string schema() { return "duration"; }
  static void encode(Duration value, std::string& out) {
    put_i64(out, std::chrono::duration_cast<std::chrono::microseconds>(value).count());
  }
  static void decode(Reader& in, Duration& value) {
    std::chrono::microseconds micros{in.i64()};
    if constexpr (std::ratio_less_v<Period, std::micro> && std::is_integral_v<Rep>) {
      // Broken bytes: a finer unit cannot hold every number of microseconds.
      micros =
          std::clamp(micros, std::chrono::duration_cast<std::chrono::microseconds>(Duration::min()),
                     std::chrono::duration_cast<std::chrono::microseconds>(Duration::max()));
    }
    value = std::chrono::duration_cast<Duration>(micros);
  }
};
template <class E>
struct ValueCodec<std::vector<E>> {
  static std::string schema() { return "[" + ValueCodec<E>::schema() + "]"; }
  static void encode(const std::vector<E>& value, std::string& out) {
    put_varint(out, value.size());
    for (const E& element : value) {
      ValueCodec<E>::encode(element, out);
    }
  }
  static void decode(Reader& in, std::vector<E>& value) {
    value.clear();
    for (std::uint64_t left = in.varint(); left > 0 && !in.failed(); --left) {
      E element{};
      ValueCodec<E>::decode(in, element);
      value.push_back(std::move(element));
    }
  }
};
template <class E>
struct ValueCodec<std::optional<E>> {
  static std::string schema() { return "optional(" + ValueCodec<E>::schema() + ")"; }
  static void encode(const std::optional<E>& value, std::string& out) {
    put_u8(out, value.has_value() ? 1 : 0);
    if (value.has_value()) {
      ValueCodec<E>::encode(*value, out);
    }
  }
  static void decode(Reader& in, std::optional<E>& value) {
    value.reset();
    if (in.u8() != 0) {
      E element{};
      ValueCodec<E>::decode(in, element);
      value = std::move(element);
    }
  }
};
template <class T>
  requires has_fields<T>
struct ValueCodec<T> {
  static std::string schema() {
    std::string result(type_name<T>());
    result += '{';
    T object{};
    for_each_field(object, [&result](std::string_view name, auto& field) {
      detail::add_field(result, name,
                        ValueCodec<std::remove_reference_t<decltype(field)>>::schema());
    });
    result += '}';
    return result;
  }
  static void encode(const T& value, std::string& out) {
    for_each_field(value, [&out](std::string_view, const auto& field) {
      ValueCodec<std::remove_cvref_t<decltype(field)>>::encode(field, out);
    });
  }
  static void decode(Reader& in, T& value) {
    for_each_field(value, [&in](std::string_view, auto& field) {
      ValueCodec<std::remove_reference_t<decltype(field)>>::decode(in, field);
    });
  }
};

/// A record as quarantine and sentences show it: text and bytes as they are, everything else
/// encoded.
template <class T>
[[nodiscard, gnu::cold]] std::string shown_bytes(const T& value) {
  if constexpr (std::is_same_v<T, std::string> || std::is_same_v<T, std::string_view>) {
    return std::string(value);
  } else if constexpr (std::is_same_v<T, Bytes>) {
    return std::string(as_text(value));
  } else {
    std::string bytes;
    ValueCodec<T>::encode(value, bytes);
    return bytes;
  }
}

}  // namespace rheon::codec
