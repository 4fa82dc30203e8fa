#pragma once

// Schemas of stored values (codec/value.h writes them) as trees; values of an older schema read
// into the type of today. Fields may be added (they get their default) and dropped, at any depth;
// every other difference is refused, with both schemas.

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "codec/fields.h"
#include "codec/value.h"
#include "codec/wire.h"

namespace rheon::codec {

struct Schema {
  enum class Kind { kScalar, kEnum, kList, kOptional, kStruct };
  Kind kind = Kind::kScalar;
  std::string name;                 // the scalar's ("u64"), the enum's scalar, or the struct's
  std::vector<Schema> parts;        // the element, or the fields' schemas
  std::vector<std::string> fields;  // names, of a struct
  friend bool operator==(const Schema&, const Schema&) = default;
};

/// kCorrupt when the text is no schema.
[[nodiscard]] Result<Schema> parse_schema(std::string_view text);
[[nodiscard]] std::string to_text(const Schema& schema);

/// kRefused with a sentence when values of `stored` cannot be read as `current`. `place` says what
/// is read: "state 'counts'", "stream 'clicks'".
[[nodiscard]] Status compatible(std::string_view stored, std::string_view current,
                                std::string_view place);

/// Passes one value of this schema.
void skip_value(const Schema& schema, Reader& in);

namespace detail {

template <class T>
struct IsVector : std::false_type {};
template <class E>
struct IsVector<std::vector<E>> : std::true_type {};
template <class T>
struct IsOptional : std::false_type {};
template <class E>
struct IsOptional<std::optional<E>> : std::true_type {};

/// Reads a value of `stored`, which is compatible, into a T.
template <class T>
void decode_as(const Schema& stored, Reader& in, T& value) {
  if constexpr (has_fields<T>) {
    value = T{};
    for (std::size_t i = 0; i < stored.parts.size(); ++i) {
      bool found = false;
      for_each_field(value, [&](std::string_view name, auto& field) {
        if (!found && name == stored.fields[i]) {
          found = true;
          decode_as(stored.parts[i], in, field);
        }
      });
      if (!found) {
        skip_value(stored.parts[i], in);
      }
    }
  } else if constexpr (IsVector<T>::value) {
    value.clear();
    for (std::uint64_t left = in.varint(); left > 0 && !in.failed(); --left) {
      typename T::value_type element{};
      decode_as(stored.parts[0], in, element);
      value.push_back(std::move(element));
    }
  } else if constexpr (IsOptional<T>::value) {
    value.reset();
    if (in.u8() != 0) {
      typename T::value_type element{};
      decode_as(stored.parts[0], in, element);
      value = std::move(element);
    }
  } else {
    ValueCodec<T>::decode(in, value);
  }
}

}  // namespace detail

/// Reads values that were stored under a schema of their own time. Immutable; any thread.
///
///     RHEON_ASSIGN(const auto reader, SchemaReader::make(stored, ValueCodec<Session>::schema(),
///                                                        "state 'sessions'"));
///     Session session;
///     reader.decode(bytes, session);
class SchemaReader {
 public:
  /// Of values of today.
  SchemaReader() = default;
  /// `current`: the schema of the type that decode() is given.
  [[nodiscard]] static Result<SchemaReader> make(std::string_view stored, std::string_view current,
                                                 std::string_view place);

  /// True when values are stored as they are today.
  [[nodiscard]] bool same() const { return older_ == nullptr; }

  /// T: the type whose schema make() was given.
  template <class T>
  void decode(Reader& in, T& value) const {
    if (same()) {
      ValueCodec<T>::decode(in, value);
    } else {
      detail::decode_as(*older_, in, value);
    }
  }

 private:
  std::shared_ptr<const Schema> older_;
};

}  // namespace rheon::codec
