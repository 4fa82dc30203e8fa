#pragma once

// What a table must know about the values it holds. One instance per type, without state.

#include <cstdint>
#include <new>
#include <string>
#include <string_view>
#include <type_traits>

#include "codec/delta.h"
#include "codec/schema.h"
#include "codec/value.h"

namespace rheon::state {

struct ValueOps {
  std::uint32_t bytes;  // size of the object, a multiple of 8
  void (*construct)(void* value);
  void (*destroy)(void* value);  // null: nothing to do
  /// Writes the whole value as the entry (or entries) of `key`.
  void (*encode)(const void* value, std::string_view prefix, std::string_view key,
                 codec::DeltaWriter& out);
  /// Writes what has changed since the last call; null: the same as encode.
  void (*encode_changes)(void* value, std::string_view prefix, std::string_view key,
                         codec::DeltaWriter& out);
  /// Applies one stored entry; false when its bytes are no such value.
  /// `older`: the schema that the value was written under, when it is not today's.
  bool (*apply)(void* value, const codec::DeltaEntry& entry, std::string_view stored_value,
                const codec::Schema* older);
  /// Bytes held outside the object, for accounting; null: none.
  std::uint64_t (*outside_bytes)(const void* value);
};

/// Reads one whole value as it was stored; false when its bytes are no such value.
template <class T>
[[nodiscard]] bool read_stored(std::string_view stored, const codec::Schema* older, T& value) {
  codec::Reader reader(stored);
  if (older != nullptr) {
    codec::detail::decode_as(*older, reader, value);
  } else {
    codec::ValueCodec<T>::decode(reader, value);
  }
  return !reader.failed() && reader.at_end();
}

/// Ops of a plain value of type T, written by its codec. `prefix` (a last-write time, or nothing)
/// stands before the value's bytes.
template <class T>
[[nodiscard]] const ValueOps& plain_ops() {
  static_assert(alignof(T) <= 8, "state values need an alignment of at most 8");
  static constexpr ValueOps ops{
      .bytes = (sizeof(T) + 7) / 8 * 8,
      .construct = [](void* value) { new (value) T(); },
      .destroy = std::is_trivially_destructible_v<T>
                     ? nullptr
                     : +[](void* value) { static_cast<T*>(value)->~T(); },
      .encode =
          [](const void* value, std::string_view prefix, std::string_view key,
             codec::DeltaWriter& out) {
            std::string& bytes = out.begin_put(key);
            bytes.append(prefix);
            codec::ValueCodec<T>::encode(*static_cast<const T*>(value), bytes);
            out.end_value();
          },
      .encode_changes = nullptr,
      .apply =
          [](void* value, const codec::DeltaEntry& entry, std::string_view stored,
             const codec::Schema* older) {
            return entry.op == codec::DeltaOp::kPut &&
                   read_stored(stored, older, *static_cast<T*>(value));
          },
      .outside_bytes = nullptr,
  };
  return ops;
}

}  // namespace rheon::state
