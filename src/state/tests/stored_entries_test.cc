// Kept samples: the worked bytes of docs/formats/state.md. They must be read for ever; a change
// here is a change of what is stored.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "codec/key.h"
#include "codec/wire.h"
#include "state/sub_map.h"
#include "state/timer_value.h"
#include "state/value_ops.h"

namespace rheon::state {
namespace {

/// The entries of key "ann" in a delta, as hex digits.
std::string entries_of(const ValueOps& ops, const void* value, std::string_view prefix = {}) {
  codec::DeltaWriter writer;
  writer.begin_section(StateId{1}, KeyGroup{2});
  ops.encode(value, prefix, "ann", writer);
  const std::string blob = writer.take();
  constexpr std::size_t kHead = 7;  // version, state, key group, length
  std::string out;
  for (const char c : blob.substr(kHead)) {
    out += fmt::format("{:02x}", static_cast<std::uint8_t>(c));
  }
  return out;
}

std::string hex_digits(std::string text) {
  std::erase(text, ' ');
  return text;
}

template <class K>
std::string key_of(const K& key) {
  std::string bytes;
  codec::append_key(bytes, key);
  return bytes;
}

/// One second after 1970, as it stands before the values of a state with a ttl.
std::string written_at_one_second() {
  std::string bytes;
  codec::put_i64(bytes, 1'000'000);
  return bytes;
}

TEST(StoredEntries, OfAValue) {
  const std::uint64_t value = 300;
  EXPECT_EQ(entries_of(plain_ops<std::uint64_t>(), &value), hex_digits("01 03 616e6e 02 ac02"));
  EXPECT_EQ(entries_of(plain_ops<std::uint64_t>(), &value, written_at_one_second()),
            hex_digits("01 03 616e6e 0a 40420f0000000000 ac02"));
}

TEST(StoredEntries, OfAMap) {
  SubMap<std::uint64_t> map;
  map.edit(key_of(std::int64_t{-1})) = 1;
  map.edit(key_of(std::int64_t{7})) = 300;
  EXPECT_EQ(entries_of(SubMap<std::uint64_t>::ops(), &map),
            hex_digits("03 03 616e6e 08 7fffffffffffffff 01 01 "
                       "03 03 616e6e 08 8000000000000007 02 ac02"));
  map.remove(key_of(std::int64_t{-1}));
  EXPECT_EQ(entries_of(SubMap<std::uint64_t>::ops(), &map, written_at_one_second()),
            hex_digits("01 03 616e6e 08 40420f0000000000 "
                       "03 03 616e6e 08 8000000000000007 0a 40420f0000000000 ac02"));
}

TEST(StoredEntries, OfAList) {
  SubMap<std::uint64_t> list;
  list.edit(key_of(std::uint64_t{0})) = 300;
  list.edit(key_of(std::uint64_t{1})) = 1;
  EXPECT_EQ(entries_of(SubMap<std::uint64_t>::ops(), &list),
            hex_digits("03 03 616e6e 08 0000000000000000 02 ac02 "
                       "03 03 616e6e 08 0000000000000001 01 01"));
}

TEST(StoredEntries, OfTimers) {
  const TimerValue timer{1'000'000};
  EXPECT_EQ(entries_of(plain_ops<TimerValue>(), &timer),
            hex_digits("01 03 616e6e 08 40420f0000000000"));
  TimerSetValue set;
  set.edit(timer_set_sub(EventTime{1'000'000})) = true;
  EXPECT_EQ(entries_of(TimerSetValue::ops(), &set),
            hex_digits("03 03 616e6e 08 80000000000f4240 01 01"));
}

}  // namespace
}  // namespace rheon::state
