#pragma once

// Records one behind the other without gaps: the form in which they go to another thread. What that
// costs is cache lines. In memory only, for one process: no stored format.

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <type_traits>

#include "base/assert.h"
#include "base/short_text.h"
#include "codec/record.h"

namespace rheon::codec {

/// Text, and what is nothing but its own bytes.
template <class T>
inline constexpr bool is_packable =
    is_text<T> ||
    (is_self_contained<T> && std::is_trivially_copyable_v<T> && std::is_default_constructible_v<T>);

namespace detail {
inline constexpr std::uint8_t kLongText = 255;  // the length stands behind it, in four bytes
inline constexpr std::uint8_t kSameText = 254;  // as the one before
}  // namespace detail

/// The most bytes that pack() writes for it, or writes over and leaves to whoever comes behind.
template <class T>
[[nodiscard]] std::size_t packed_room(const T& value) {
  if constexpr (is_text<T>) {
    return 1 + sizeof(std::uint32_t) + text_of(value).size() + kShortTextBytes;
  } else {
    return sizeof(T);
  }
}

/// Writes a value, whose text has less than 4 GiB. Returns where the next one begins.
template <class T>
[[nodiscard]] char* pack(char* to, const T& value) {
  if constexpr (is_text<T>) {
    const std::string_view text = text_of(value);
    if (text.size() < detail::kSameText) [[likely]] {
      *to++ = static_cast<char>(text.size());
    } else {
      RHEON_ASSERT(text.size() <= UINT32_MAX, "a text of a record has less than 4 GiB");
      const auto size = static_cast<std::uint32_t>(text.size());
      *to++ = static_cast<char>(detail::kLongText);
      std::memcpy(to, &size, sizeof size);
      to += sizeof size;
    }
    copy_text(to, text);
    return to + text.size();
  } else {
    std::memcpy(to, &value, sizeof value);
    return to + sizeof value;
  }
}

/// As pack(), of a value behind a key. A text that is the key, there where it stands, takes a byte.
template <class K, class T>
[[nodiscard]] char* pack_behind(char* to, const K& key, const T& value) {
  if constexpr (is_text<K> && is_text<T>) {
    const std::string_view a = text_of(key);
    const std::string_view b = text_of(value);
    if (a.data() == b.data() && a.size() == b.size()) {
      *to = static_cast<char>(detail::kSameText);
      return to + 1;
    }
  }
  return pack(to, value);
}

namespace detail {
/// What a record shows of a text.
template <class T>
[[nodiscard]] T shown_as(std::string_view text) {
  if constexpr (std::is_same_v<T, Bytes>) {
    return as_bytes(text);
  } else {
    return text;
  }
}
}  // namespace detail

/// Reads what pack() wrote. Texts are shown where they stand.
template <class T>
[[nodiscard]] const char* unpack(const char* from, T& value) {
  if constexpr (is_text<T>) {
    std::size_t size = static_cast<std::uint8_t>(*from++);
    if (size >= detail::kSameText) [[unlikely]] {
      std::uint32_t long_size = 0;
      std::memcpy(&long_size, from, sizeof long_size);
      from += sizeof long_size;
      size = long_size;
    }
    value = detail::shown_as<T>({from, size});
    return from + size;
  } else {
    std::memcpy(&value, from, sizeof value);
    return from + sizeof value;
  }
}

/// Reads what pack_behind() wrote.
template <class K, class T>
[[nodiscard]] const char* unpack_behind(const char* from, const K& key, T& value) {
  if constexpr (is_text<K> && is_text<T>) {
    if (static_cast<std::uint8_t>(*from) == detail::kSameText) {
      value = detail::shown_as<T>(text_of(key));
      return from + 1;
    }
  }
  return unpack(from, value);
}

}  // namespace rheon::codec
