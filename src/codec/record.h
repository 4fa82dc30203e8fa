#pragma once

// The trait that decides what may be a record: how it is stored in a batch. Text that a record
// shows is copied into the batch's arena; everything else is copied as the object it is.
//
// Records are text (std::string_view), bytes, scalars (not char: codec/portable_integer.h), enums,
// std::chrono durations, EventTime, structs with RHEON_FIELDS (codec/fields.h), and optionals and
// vectors of these. A std::string that is emitted becomes text.

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

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

template <class T>
inline constexpr bool is_text = std::is_same_v<T, std::string_view> || std::is_same_v<T, Bytes>;
[[nodiscard]] inline std::string_view text_of(std::string_view text) { return text; }
[[nodiscard]] inline std::string_view text_of(Bytes bytes) { return as_text(bytes); }

/// A T shows no bytes that live elsewhere: it may be changed where it stands.
template <class T>
inline constexpr bool is_self_contained = !is_text<T> && !has_fields<T>;
template <class E>
inline constexpr bool is_self_contained<std::optional<E>> = is_self_contained<E>;
template <class E>
inline constexpr bool is_self_contained<std::vector<E>> = is_self_contained<E>;

/// True when `text` stands within what `value` shows: it lives as long as that does.
template <class T>
[[nodiscard]] inline bool shows(const T& value, std::string_view text);
template <class E>
[[nodiscard]] inline bool shows(const std::optional<E>& value, std::string_view text);
template <class E>
[[nodiscard]] inline bool shows(const std::vector<E>& values, std::string_view text);

template <class T>
inline bool shows(const T& value, std::string_view text) {
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
template <class E>
inline bool shows(const std::optional<E>& value, std::string_view text) {
  return value.has_value() && shows(*value, text);
}
template <class E>
inline bool shows(const std::vector<E>& values, std::string_view text) {
  if constexpr (is_self_contained<E>) {
    return false;
  } else {
    return std::any_of(values.begin(), values.end(),
                       [text](const E& value) { return shows(value, text); });
  }
}

/// Copies what `value` only shows into the arena: from then on it lives as long as the arena.
template <class T>
inline void settle(T& value, Arena& arena);
template <class E>
inline void settle(std::optional<E>& value, Arena& arena);
template <class E>
inline void settle(std::vector<E>& values, Arena& arena);

template <class T>
inline void settle(T& value, Arena& arena) {
  if constexpr (std::is_same_v<T, std::string_view>) {
    value = arena.copy(value);
  } else if constexpr (std::is_same_v<T, Bytes>) {
    value = as_bytes(arena.copy(as_text(value)));
  } else if constexpr (has_fields<T>) {
    for_each_field(value, [&arena](std::string_view, auto& field) { settle(field, arena); });
  }
}
template <class E>
inline void settle(std::optional<E>& value, Arena& arena) {
  if (value.has_value()) {
    settle(*value, arena);
  }
}
template <class E>
inline void settle(std::vector<E>& values, Arena& arena) {
  if constexpr (!is_self_contained<E>) {
    for (E& value : values) {
      settle(value, arena);
    }
  }
}

/// A copy that lives as long as the arena.
template <class T>
[[nodiscard]] inline T place(const T& value, Arena& arena) {
  T result = value;
  settle(result, arena);
  return result;
}

}  // namespace rheon::codec
