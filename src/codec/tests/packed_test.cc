#include "codec/packed.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/types.h"

namespace rheon::codec {
namespace {

template <class K, class T>
std::string packed_pair(const K& key, const T& value) {
  const std::size_t room = packed_room(key) + packed_room(value);
  std::string bytes(room + 64, '#');
  char* const end = pack_behind(pack(bytes.data(), key), key, value);
  EXPECT_LE(end, bytes.data() + room);
  EXPECT_EQ(bytes.substr(room), std::string(64, '#')) << "written behind its room";
  bytes.resize(static_cast<std::size_t>(end - bytes.data()));
  return bytes;
}

TEST(Packed, TextsOfAllLengthsComeBack) {
  for (const std::size_t size : {0, 1, 15, 16, 17, 253, 254, 255, 256, 70'000}) {
    std::string text(size, 'x');
    for (std::size_t i = 0; i < size; ++i) {
      text[i] = static_cast<char>(i * 7);
    }
    const std::string key = "key";
    const std::string bytes = packed_pair<std::string_view, std::string_view>(key, text);
    std::string_view read_key;
    std::string_view read_text;
    const char* const behind = unpack(bytes.data(), read_key);
    EXPECT_EQ(unpack_behind(behind, read_key, read_text), bytes.data() + bytes.size());
    EXPECT_EQ(read_key, "key");
    EXPECT_EQ(read_text, text);
  }
}

TEST(Packed, AShortTextTakesAByteMoreThanItHas) {
  EXPECT_EQ((packed_pair<std::string_view, std::string_view>("four", "seven..")),
            "\4four\7seven..");
}

TEST(Packed, ATextThatIsItsKeyTakesAByte) {
  const std::string_view word = "word";
  EXPECT_EQ((packed_pair<std::string_view, std::string_view>(word, word)).size(), 6u);
  const std::string other = "word";  // the same letters, elsewhere
  EXPECT_EQ((packed_pair<std::string_view, std::string_view>(word, other)).size(), 10u);
  const std::string bytes = packed_pair<std::string_view, std::string_view>(word, word);
  std::string_view key;
  std::string_view value;
  static_cast<void>(unpack_behind(unpack(bytes.data(), key), key, value));
  EXPECT_EQ(value, "word");
  EXPECT_EQ(value.data(), key.data());
}

TEST(Packed, WhatIsNothingButItsBytesComesBack) {
  const std::string bytes = packed_pair<std::uint64_t, std::optional<std::int32_t>>(1u << 31, -7);
  EXPECT_EQ(bytes.size(), sizeof(std::uint64_t) + sizeof(std::optional<std::int32_t>));
  std::uint64_t key = 0;
  std::optional<std::int32_t> value;
  static_cast<void>(unpack_behind(unpack(bytes.data(), key), key, value));
  EXPECT_EQ(key, 1u << 31);
  EXPECT_EQ(value, -7);
}

TEST(Packed, BytesAreTexts) {
  const std::string letters("\0\1\377", 3);
  const std::string bytes = packed_pair<std::uint64_t, Bytes>(3, as_bytes(letters));
  std::uint64_t key = 0;
  Bytes value;
  static_cast<void>(unpack_behind(unpack(bytes.data(), key), key, value));
  EXPECT_EQ(as_text(value), letters);
}

TEST(Packed, OnlyWhatShowsNothingElseOrIsTextIsPackable) {
  static_assert(is_packable<std::string_view> && is_packable<Bytes> && is_packable<double> &&
                is_packable<EventTime> && is_packable<std::optional<std::int64_t>>);
  static_assert(!is_packable<std::vector<std::int64_t>> &&
                !is_packable<std::optional<std::string_view>>);
}

}  // namespace
}  // namespace rheon::codec
