#include "codec/delta.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "base/tests/seeds.h"

namespace rheon::codec {
namespace {

struct Entry {
  StateId state;
  KeyGroup group;
  DeltaOp op{};
  std::string key;
  std::string sub;
  std::string value;
  friend auto operator==(const Entry&, const Entry&) -> bool = default;
};

/// All entries; false when a byte is broken.
bool read(std::string_view blob, std::vector<Entry>& entries) {
  DeltaReader sections(blob);
  DeltaSection section;
  while (sections.next(section)) {
    DeltaEntryReader reader(section.entries);
    DeltaEntry entry;
    while (reader.next(entry)) {
      entries.push_back({section.state, section.group, entry.op, std::string(entry.key),
                         std::string(entry.sub), std::string(entry.value)});
    }
    if (reader.failed()) {
      return false;
    }
  }
  return !sections.failed();
}

std::string random_bytes(std::mt19937_64& random) {
  const std::size_t sizes[] = {0, 1, 5, 127, 128, 129, 20'000};
  return std::string(sizes[random() % 7], static_cast<char>(random()));
}

/// Writes random entries in every way that there is.
std::string write(std::mt19937_64& random, std::vector<Entry>& written) {
  DeltaWriter out;
  for (std::uint64_t sections = random() % 4; sections > 0; --sections) {
    Entry e;
    e.state = StateId{static_cast<std::uint32_t>(random())};
    e.group = KeyGroup{static_cast<std::uint32_t>(random() % 1024)};
    out.begin_section(e.state, e.group);
    for (std::uint64_t left = random() % 5; left > 0; --left) {
      e.key = random_bytes(random);
      e.sub = random_bytes(random);
      e.value = random_bytes(random);
      switch (random() % 6) {
        case 0:
          e.op = DeltaOp::kPut;
          e.sub.clear();
          out.put(e.key, e.value);
          break;
        case 1:
          e.op = DeltaOp::kPut;
          e.sub.clear();
          out.begin_put(e.key) += e.value;
          out.end_value();
          break;
        case 2:
          e.op = DeltaOp::kRemove;
          e.sub.clear();
          e.value.clear();
          out.remove(e.key);
          break;
        case 3:
          e.op = DeltaOp::kPutSub;
          out.put_sub(e.key, e.sub, e.value);
          break;
        case 4:
          e.op = DeltaOp::kPutSub;
          out.begin_put_sub(e.key, e.sub) += e.value;
          out.end_value();
          break;
        default:
          e.op = DeltaOp::kRemoveSub;
          e.value.clear();
          out.remove_sub(e.key, e.sub);
      }
      written.push_back(e);
    }
  }
  return out.take();
}

TEST(Delta, ReadsBackWhatWasWritten) {
  for (const std::uint64_t seed : testing::seeds(200)) {
    SCOPED_TRACE(testing::repeat(seed));
    std::mt19937_64 random(seed);
    std::vector<Entry> written;
    const std::string blob = write(random, written);
    std::vector<Entry> found;
    ASSERT_TRUE(read(blob, found));
    ASSERT_EQ(found, written);
  }
}

TEST(Delta, AppendedSectionsComeBehind) {
  DeltaWriter first;
  DeltaWriter second;
  EXPECT_TRUE(first.empty());
  first.begin_section(StateId{1}, KeyGroup{2});
  first.put("a", "1");
  second.begin_section(StateId{1}, KeyGroup{2});
  second.put("a", "2");
  first.append(std::move(second));
  std::vector<Entry> found;
  ASSERT_TRUE(read(first.take(), found));
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found.back().value, "2");
  EXPECT_TRUE(first.empty());
}

TEST(Delta, RandomBytesNeverDoHarm) {
  for (const std::uint64_t seed : testing::seeds(2000)) {
    SCOPED_TRACE(testing::repeat(seed));
    std::mt19937_64 random(seed);
    std::string blob(random() % 60, '\0');
    for (char& c : blob) {
      c = static_cast<char>(random() % 3 == 0 ? random() % 5 : random());
    }
    if (!blob.empty() && random() % 4 != 0) {
      blob[0] = static_cast<char>(kDeltaVersion);
    }
    std::vector<Entry> found;
    static_cast<void>(read(blob, found));
  }
}

TEST(Delta, BrokenEntriesEndTheWalk) {
  std::string entries;
  put_u8(entries, 99);  // no such operation
  put_bytes(entries, "key");
  DeltaEntryReader unknown(entries);
  DeltaEntry entry;
  for (int i = 0; i < 2; ++i) {
    EXPECT_FALSE(unknown.next(entry));
    EXPECT_TRUE(unknown.failed());
  }
  DeltaEntryReader cut(std::string_view(entries).substr(0, 2));
  EXPECT_FALSE(cut.next(entry));
  EXPECT_TRUE(cut.failed());
  std::string put;
  put_u8(put, static_cast<std::uint8_t>(DeltaOp::kPut));
  put_bytes(put, "key");
  DeltaEntryReader without_value(put);
  EXPECT_FALSE(without_value.next(entry));
  EXPECT_TRUE(without_value.failed());
  DeltaEntryReader none("");
  EXPECT_FALSE(none.next(entry));
  EXPECT_FALSE(none.failed());
}

TEST(Delta, ABlobThatIsCutAnywhereButBetweenSectionsFails) {
  DeltaWriter out;
  out.begin_section(StateId{300}, KeyGroup{2});
  out.put("key", "value");
  out.put_sub("key", "sub", "value");
  const std::string blob = out.take();
  for (std::size_t size = 0; size < blob.size(); ++size) {
    std::vector<Entry> found;
    EXPECT_EQ(read(std::string_view(blob).substr(0, size), found), size == 1) << size;
  }
}

}  // namespace
}  // namespace rheon::codec
