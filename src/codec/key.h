#pragma once

// Canonical key bytes: frozen, header-less, the same on every machine. Byte order is value order.
//
//   text, bytes      as they are; within a composite key 0x00 is written 00 FF, and 00 01 ends it
//   integers, enums  big-endian by width, the sign bit flipped for signed ones
//   bool             one byte
//   float, double    big-endian IEEE 754; -0.0 as 0.0, every NaN as one; negative numbers inverted,
//                    others with the sign bit set
//   time, duration   (in microseconds or a multiple of them) as a 64-bit signed integer of
//   microseconds structs          with RHEON_FIELDS: their fields in order (composite)
//
// docs/formats/key.md has worked bytes. Pointers are not keys.

#include <bit>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>

#include "base/bytes.h"
#include "base/types.h"
#include "codec/fields.h"
#include "codec/portable_integer.h"

namespace rheon::codec {

namespace detail {

template <class U>
void append_big_endian(std::string& out, U v) {
  for (std::size_t i = sizeof(U); i-- > 0;) {
    out.push_back(static_cast<char>(static_cast<std::uint8_t>(v >> (8 * i))));
  }
}
template <class U>
[[nodiscard]] bool take_big_endian(std::string_view& in, U& v) {
  if (in.size() < sizeof(U)) {
    return false;
  }
  v = 0;
  for (std::size_t i = 0; i < sizeof(U); ++i) {
    v = static_cast<U>((v << 8) | static_cast<std::uint8_t>(in[i]));
  }
  in.remove_prefix(sizeof(U));
  return true;
}
/// Two's complement to an order-preserving unsigned, and back.
template <class U>
[[nodiscard]] constexpr U flip_sign(U v) {
  return static_cast<U>(v ^ (U{1} << (8 * sizeof(U) - 1)));
}

}  // namespace detail

/// Escaped and terminated text, as a part of a composite key.
void append_key_text(std::string& out, std::string_view text);
/// Reads what append_key_text wrote; false when it is broken.
[[nodiscard]] bool take_key_text(std::string_view& in, std::string& text);

template <class K>
inline constexpr bool is_text_key =
    std::is_same_v<K, std::string_view> || std::is_same_v<K, std::string>;

/// Durations are keys when every one of them is a whole number of microseconds.
template <class K>
inline constexpr bool is_duration_key = false;
template <class Rep, class Period>
inline constexpr bool is_duration_key<std::chrono::duration<Rep, Period>> =
    std::is_integral_v<Rep> && std::ratio_divide<Period, std::micro>::den == 1;

/// Types that may be keys.
template <class K>
concept is_key = !std::is_pointer_v<K> &&
                 (std::is_integral_v<K> || std::is_enum_v<K> || std::is_floating_point_v<K> ||
                  is_text_key<K> || std::is_same_v<K, Bytes> || std::is_same_v<K, EventTime> ||
                  is_duration_key<K> || has_fields<K>);

/// Appends the canonical bytes of a key, or of a part of one.
template <class K>
  requires is_key<K>
void append_key(std::string& out, const K& key, bool part = false) {
  if constexpr (is_text_key<K>) {
    if (part) {
      append_key_text(out, key);
    } else {
      out.append(key);
    }
  } else if constexpr (std::is_same_v<K, Bytes>) {
    append_key(out, as_text(key), part);
  } else if constexpr (std::is_same_v<K, bool>) {
    out.push_back(key ? '\1' : '\0');
  } else if constexpr (std::is_enum_v<K>) {
    append_key(out, static_cast<std::underlying_type_t<K>>(key));
  } else if constexpr (std::is_integral_v<K>) {
    static_assert(check_portable_integer<K>());
    using U = std::make_unsigned_t<K>;
    const auto v = static_cast<U>(key);
    detail::append_big_endian(out, std::is_signed_v<K> ? detail::flip_sign(v) : v);
  } else if constexpr (std::is_floating_point_v<K>) {
    using U = std::conditional_t<sizeof(K) == 4, std::uint32_t, std::uint64_t>;
    K normal = key == K{0} ? K{0} : key;
    if (__builtin_isnan(normal)) {
      normal = std::numeric_limits<K>::quiet_NaN();
    }
    const U raw = std::bit_cast<U>(normal);
    const bool negative = (raw >> (8 * sizeof(U) - 1)) != 0;
    detail::append_big_endian(out, negative ? static_cast<U>(~raw) : detail::flip_sign(raw));
  } else if constexpr (std::is_same_v<K, EventTime>) {
    append_key(out, key.micros);
  } else if constexpr (is_duration_key<K>) {
    append_key(out,
               std::int64_t{std::chrono::duration_cast<std::chrono::microseconds>(key).count()});
  } else {
    for_each_field(key, [&out](std::string_view, const auto& field) {
      append_key(out, field, /*part=*/true);
    });
  }
}

/// Takes one key (or part) from the front of `in`; false when the bytes are no such key. Text is
/// decoded as a view into `in`, or owned, as K says.
template <class K>
  requires is_key<K>
[[nodiscard]] bool take_key(std::string_view& in, K& key, bool part = false) {
  if constexpr (is_text_key<K>) {
    if (!part) {
      key = in;
      in = {};
      return true;
    }
    if constexpr (std::is_same_v<K, std::string>) {
      return take_key_text(in, key);
    } else {
      return false;  // see below: a view cannot show what is stored escaped
    }
  } else if constexpr (std::is_same_v<K, Bytes>) {
    if (part) {
      return false;
    }
    key = as_bytes(in);
    in = {};
    return true;
  } else if constexpr (std::is_same_v<K, bool>) {
    std::uint8_t v = 0;
    const bool good = detail::take_big_endian(in, v);
    key = v != 0;
    return good;
  } else if constexpr (std::is_enum_v<K>) {
    std::underlying_type_t<K> v{};
    const bool good = take_key(in, v);
    key = static_cast<K>(v);
    return good;
  } else if constexpr (std::is_integral_v<K>) {
    using U = std::make_unsigned_t<K>;
    U v{};
    const bool good = detail::take_big_endian(in, v);
    key = static_cast<K>(std::is_signed_v<K> ? detail::flip_sign(v) : v);
    return good;
  } else if constexpr (std::is_floating_point_v<K>) {
    using U = std::conditional_t<sizeof(K) == 4, std::uint32_t, std::uint64_t>;
    U v{};
    const bool good = detail::take_big_endian(in, v);
    const bool positive = (v >> (8 * sizeof(U) - 1)) != 0;
    key = std::bit_cast<K>(positive ? detail::flip_sign(v) : static_cast<U>(~v));
    return good;
  } else if constexpr (std::is_same_v<K, EventTime>) {
    return take_key(in, key.micros);
  } else if constexpr (is_duration_key<K>) {
    std::int64_t micros = 0;
    const bool good = take_key(in, micros);
    key = std::chrono::duration_cast<K>(std::chrono::microseconds{micros});
    return good;
  } else {
    bool good = true;
    for_each_field(key, [&](std::string_view, auto& field) {
      using Field = std::remove_reference_t<decltype(field)>;
      static_assert(!std::is_same_v<Field, std::string_view> && !std::is_same_v<Field, Bytes>,
                    "text inside a composite key is stored escaped: use std::string for the field");
      good = good && take_key(in, field, /*part=*/true);
    });
    return good;
  }
}

/// The canonical bytes of a key for as long as this object and the key live. Text is only shown.
template <class K>
class KeyBytes {
 public:
  explicit KeyBytes(const K& key) {
    if constexpr (is_text_key<K>) {
      view_ = key;
    } else {
      append_key(buffer_, key);
      view_ = buffer_;
    }
  }
  KeyBytes(const KeyBytes&) = delete;
  KeyBytes& operator=(const KeyBytes&) = delete;
  [[nodiscard]] std::string_view view() const { return view_; }

 private:
  struct Nothing {};
  // Short keys stay within the object.
  [[no_unique_address]] std::conditional_t<is_text_key<K>, Nothing, std::string> buffer_;
  std::string_view view_;
};

/// What a key type is called where it is stored; changing it is refused.
template <class K>
[[nodiscard]] std::string key_schema();

}  // namespace rheon::codec

#include "codec/value.h"

namespace rheon::codec {
template <class K>
std::string key_schema() {
  return ValueCodec<K>::schema();
}
}  // namespace rheon::codec
