#pragma once

#include <type_traits>

namespace rheon::codec {

/// False for the integers that are not the same on every machine: char and wchar_t are signed here
/// and unsigned there. char8_t, char16_t and char32_t are what they are everywhere.
template <class T>
inline constexpr bool is_portable_integer = !std::is_same_v<T, char> && !std::is_same_v<T, wchar_t>;

/// To be called wherever an integer becomes bytes.
template <class T>
consteval bool check_portable_integer() {
  static_assert(
      is_portable_integer<T>,
      "char and wchar_t cannot be stored, sent or hashed: whether they are signed depends "
      "on the platform. Use std::int8_t or std::uint8_t for a number, bool for a flag, "
      "std::string (or std::string_view) for text");
  return true;
}

}  // namespace rheon::codec
