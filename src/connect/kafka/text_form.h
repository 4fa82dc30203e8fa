#pragma once

// Keys and values as the bytes that a topic holds: text and bytes as they are, everything else as a
// column of CSV (connect/files/csv_format.h), structs as columns.

#include <string>
#include <string_view>

#include "base/bytes.h"
#include "connect/files/csv_format.h"

namespace rheon::connect::kafka {

/// Shows `value` itself, or what it has written into `scratch`.
template <class T>
[[nodiscard]] std::string_view text_form(const T& value, std::string& scratch) {
  if constexpr (csv::is_text<T>) {
    return value;
  } else if constexpr (std::is_same_v<T, Bytes>) {
    return as_text(value);
  } else {
    scratch.resize(csv::room_for(value));
    const char* const end = csv::put(scratch.data(), value);
    return {scratch.data(), end};
  }
}

}  // namespace rheon::connect::kafka
