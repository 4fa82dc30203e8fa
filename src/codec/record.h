#pragma once

// The trait that decides what may be a record: how it is stored in a batch. Text that a record
// shows is copied into the batch's arena; everything else is copied as the object it is.
//
// Records are text (std::string_view), bytes, scalars (not char: codec/portable_integer.h), enums,
// std::chrono durations, EventTime and structs with RHEON_FIELDS (codec/fields.h). A std::string
// that is emitted becomes text.

#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>

#include "base/arena.h"
#include "base/bytes.h"
#include "codec/fields.h"

namespace rheon::codec {

/// What a batch stores for a T that user code emits.
template <class T>
struct StoredAs {
  using type = T;
};
template <>
struct StoredAs<std::string> {
  using type = std::string_view;
};
template <class T>
using Stored = typename StoredAs<std::remove_cvref_t<T>>::type;

/// A T shows no bytes that live elsewhere: it may be changed where it stands.
template <class T>
inline constexpr bool is_self_contained =
    !std::is_same_v<T, std::string_view> && !std::is_same_v<T, Bytes> && !has_fields<T>;

template <class T>
inline constexpr bool is_text = std::is_same_v<T, std::string_view> || std::is_same_v<T, Bytes>;
[[nodiscard]] inline std::string_view text_of(std::string_view text) { return text; }
[[nodiscard]] inline std::string_view text_of(Bytes bytes) { return as_text(bytes); }

/// True when `text` stands within what `value` shows: it lives as long as that does.
template <class T>
[[nodiscard]] inline bool shows(const T& value, std::string_view text) {
  if constexpr (is_text<T>) {
    const std::string_view whole = text_of(value);
    const auto from = reinterpret_cast<std::uintptr_t>(text.data()) -
                      reinterpret_cast<std::uintptr_t>(whole.data());
    return from <= whole.size() && text.size() <= whole.size() - from;
  } else if constexpr (has_fields<T>) {
    bool found = false;
    for_each_field(
        value, [&](std::string_view, const auto& field) { found = found || shows(field, text); });
    return found;
  } else {
    return false;
  }
}

/// Copies what `value` only shows into the arena, so that the result lives as long as the arena.
template <class T>
[[nodiscard]] inline T place(const T& value, Arena& arena) {
  if constexpr (std::is_same_v<T, std::string_view>) {
    return arena.copy(value);
  } else if constexpr (std::is_same_v<T, Bytes>) {
    return as_bytes(arena.copy(as_text(value)));
  } else if constexpr (has_fields<T>) {
    T result = value;
    for_each_field(result, [&arena](std::string_view, auto& field) {
      using Field = std::remove_reference_t<decltype(field)>;
      if constexpr (std::is_same_v<Field, std::string_view> || std::is_same_v<Field, Bytes> ||
                    has_fields<Field>) {
        field = place(field, arena);
      }
    });
    return result;
  } else {
    return value;
  }
}

}  // namespace rheon::codec
