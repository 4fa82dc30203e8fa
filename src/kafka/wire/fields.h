#pragma once

// Messages as structs. A struct names its fields once, in the order of the protocol, for reading
// and for writing; each message is spoken in one version, which is a flexible one (KIP-482):
//
//     struct Heartbeat {
//       std::string_view group;
//       std::int32_t generation = -1;
//       std::string_view member;
//       std::optional<std::string_view> instance;
//
//       template <class Self, class Visit>
//       static void fields(Self& self, Visit& visit) {
//         visit(self.group, self.generation, self.member, self.instance);
//       }
//     };
//
// C++ type                           in the protocol
// integers, bool, double             INT8 ... INT64, BOOLEAN, FLOAT64
// Uuid                               UUID
// std::string_view                   COMPACT_STRING, COMPACT_BYTES
// std::optional<std::string_view>    ... NULLABLE; COMPACT_RECORDS
// std::vector<T>                     COMPACT_ARRAY; std::optional<std::vector<T>>: one that may be
// null a struct with fields()             the struct, with its tagged fields behind it
// visit.tagged(n, std::optional<T>)  the tagged field n; behind all others, in the order of n
//
// Text that was read shows the bytes it was read from.

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "kafka/wire/reader.h"
#include "kafka/wire/writer.h"

namespace rheon::kafka::wire {

struct Uuid {
  std::uint64_t high = 0;
  std::uint64_t low = 0;
  friend auto operator<=>(const Uuid&, const Uuid&) = default;
};

class FieldWriter {
 public:
  explicit FieldWriter(Writer& out) : out_(out) {}

  template <class... T>
  void operator()(const T&... values) {
    (put(values), ...);
  }
  template <class T>
  void tagged(std::uint32_t tag, const std::optional<T>& value) {
    if (value.has_value()) {
      std::string bytes;
      Writer writer(bytes);
      FieldWriter{writer}(*value);
      tagged_.emplace_back(tag, std::move(bytes));
    }
  }
  /// Behind the last field of a struct.
  void end() {
    out_.unsigned_varint(static_cast<std::uint32_t>(tagged_.size()));
    for (const auto& [tag, bytes] : tagged_) {
      out_.unsigned_varint(tag);
      out_.unsigned_varint(static_cast<std::uint32_t>(bytes.size()));
      out_.bytes(bytes);
    }
  }

 private:
  template <class T>
    requires std::is_integral_v<T>
  void put(T value) {
    if constexpr (std::is_same_v<T, bool>) {
      out_.integer<std::int8_t>(value ? 1 : 0);
    } else {
      out_.integer(value);
    }
  }
  void put(double value) { out_.integer(std::bit_cast<std::uint64_t>(value)); }
  void put(const Uuid& uuid) {
    out_.integer(uuid.high);
    out_.integer(uuid.low);
  }
  void put(std::string_view text) {
    put_length(text.size());
    out_.bytes(text);
  }
  template <class T>
  void put(const std::vector<T>& values) {
    put_length(values.size());
    for (const T& value : values) {
      put(value);
    }
  }
  template <class T>
  void put(const std::optional<T>& value) {
    if (value.has_value()) {
      put(*value);
    } else {
      out_.unsigned_varint(0);
    }
  }
  template <class T>
    requires requires(const T& value, FieldWriter& visit) { T::fields(value, visit); }
  void put(const T& value) {
    FieldWriter inner(out_);
    T::fields(value, inner);
    inner.end();
  }
  void put_length(std::size_t size) { out_.unsigned_varint(static_cast<std::uint32_t>(size + 1)); }

  Writer& out_;
  std::vector<std::pair<std::uint32_t, std::string>> tagged_;
};

class FieldReader {
 public:
  explicit FieldReader(Reader& in) : in_(in) {}

  template <class... T>
  void operator()(T&... values) {
    (get(values), ...);
  }
  template <class T>
  void tagged(std::uint32_t tag, std::optional<T>& value) {
    read_tagged();
    for (const auto& [number, bytes] : tagged_) {
      if (number == tag) {
        Reader in(bytes);
        value = T{};  // not emplace(): to clang a struct within a struct has no constructor there
        FieldReader{in}(*value);
        if (in.failed()) {
          in_.fail();
        }
      }
    }
  }
  void end() { read_tagged(); }

 private:
  template <class T>
    requires std::is_integral_v<T>
  void get(T& value) {
    if constexpr (std::is_same_v<T, bool>) {
      value = in_.integer<std::int8_t>() != 0;
    } else {
      value = in_.integer<T>();
    }
  }
  void get(double& value) { value = std::bit_cast<double>(in_.integer<std::uint64_t>()); }
  void get(Uuid& uuid) {
    uuid.high = in_.integer<std::uint64_t>();
    uuid.low = in_.integer<std::uint64_t>();
  }
  void get(std::string_view& text) {
    const std::uint32_t length = in_.unsigned_varint();
    text = length == 0 ? no_text() : in_.take(length - 1);
  }
  void get(std::optional<std::string_view>& text) {
    const std::uint32_t length = in_.unsigned_varint();
    text = length == 0 ? std::nullopt : std::optional(in_.take(length - 1));
  }
  template <class T>
  void get(std::vector<T>& values) {
    const std::uint32_t length = in_.unsigned_varint();
    if (length == 0) {
      in_.fail();
    } else {
      get_elements(values, length - 1);
    }
  }
  template <class T>
  void get(std::optional<std::vector<T>>& values) {
    const std::uint32_t length = in_.unsigned_varint();
    values.reset();
    if (length > 0) {
      get_elements(values.emplace(), length - 1);
    }
  }
  template <class T>
    requires requires(T& value, FieldReader& visit) { T::fields(value, visit); }
  void get(T& value) {
    FieldReader inner(in_);
    T::fields(value, inner);
    inner.end();
  }

  /// A length that the bytes left cannot hold takes no memory.
  template <class T>
  void get_elements(std::vector<T>& values, std::size_t count) {
    values.clear();
    if (count > in_.left() / least_bytes<T>()) {
      in_.fail();
      return;
    }
    values.reserve(count);
    while (values.size() < count && !in_.failed()) {
      get(values.emplace_back());
    }
  }
  /// That one of them takes in a message: all lengths are a byte at least.
  template <class T>
  [[nodiscard]] static std::size_t least_bytes() {
    static const std::size_t bytes = [] {
      std::string out;
      Writer writer(out);
      FieldWriter{writer}(T{});
      return out.size();
    }();
    return bytes;
  }
  std::string_view no_text() {
    in_.fail();
    return {};
  }
  void read_tagged() {
    if (std::exchange(read_, true)) {
      return;
    }
    for (std::uint32_t left = in_.unsigned_varint(); left > 0 && !in_.failed(); --left) {
      const std::uint32_t tag = in_.unsigned_varint();
      const std::uint32_t size = in_.unsigned_varint();
      tagged_.emplace_back(tag, in_.take(size));
    }
  }

  Reader& in_;
  bool read_ = false;
  std::vector<std::pair<std::uint32_t, std::string_view>> tagged_;
};

/// Appends a message's body.
template <class Message>
void write_message(const Message& message, std::string& out) {
  Writer writer(out);
  FieldWriter visit(writer);
  visit(message);
}

/// None: the bytes are not this message. Bytes behind it are a mistake, too.
template <class Message>
[[nodiscard]] std::optional<Message> read_message(std::string_view bytes) {
  Reader in(bytes);
  Message message;
  FieldReader visit(in);
  visit(message);
  return in.failed() || in.left() > 0 ? std::nullopt : std::optional(std::move(message));
}

}  // namespace rheon::kafka::wire
