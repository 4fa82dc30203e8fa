#include "codec/record.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/arena.h"
#include "codec/stream_batch.h"

namespace rheon::codec {
namespace {

struct Tag {
  std::string_view name;
  std::optional<std::string_view> value;
};
RHEON_FIELDS(Tag, name, value)

struct Labelled {
  std::optional<std::string_view> key;
  std::vector<Tag> tags;
  std::optional<Bytes> bytes;
  std::vector<bool> marks;
};
RHEON_FIELDS(Labelled, key, tags, bytes, marks)

TEST(Record, LivesAsLongAsTheArenaWhateverItConsistsOf) {
  std::string bytes = "key name value raw text";
  const std::string_view whole(bytes);
  Labelled record;
  record.key = whole.substr(0, 3);
  record.tags = {{whole.substr(4, 4), whole.substr(9, 5)}, {whole.substr(4, 4), std::nullopt}};
  record.bytes = as_bytes(whole.substr(15, 3));
  record.marks = {true, false};
  const std::optional<std::string_view> text = whole.substr(19);
  const std::vector<std::string_view> texts = {whole.substr(0, 3), whole.substr(19)};
  Arena arena;
  const Labelled placed = place(record, arena);
  const std::optional<std::string_view> placed_text = place(text, arena);
  const std::vector<std::string_view> placed_texts = place(texts, arena);
  bytes.assign(bytes.size(), '#');
  EXPECT_EQ(placed.key, "key");
  ASSERT_EQ(placed.tags.size(), 2u);
  EXPECT_EQ(placed.tags[0].name, "name");
  EXPECT_EQ(placed.tags[0].value, "value");
  EXPECT_EQ(placed.tags[1].name, "name");
  EXPECT_EQ(placed.tags[1].value, std::nullopt);
  EXPECT_EQ(as_text(*placed.bytes), "raw");
  EXPECT_EQ(placed.marks, record.marks);
  EXPECT_EQ(placed_text, "text");
  EXPECT_EQ(placed_texts, (std::vector<std::string_view>{"key", "text"}));
  EXPECT_GE(arena.bytes_used(), 3u + 4 + 5 + 4 + 3 + 4 + 3 + 4) << "a batch knows when it is full";
}

TEST(Record, ThatShowsSomethingIsNotChangedWhereItStands) {
  EXPECT_TRUE(is_self_contained<std::uint64_t>);
  EXPECT_TRUE(is_self_contained<std::vector<bool>>);
  EXPECT_TRUE(is_self_contained<std::optional<std::uint64_t>>);
  EXPECT_FALSE(is_self_contained<std::optional<std::string_view>>);
  EXPECT_FALSE(is_self_contained<std::vector<Tag>>);
}

TEST(Record, ShowsWhatItsOptionalsAndVectorsShow) {
  const std::string bytes = "key name value";
  const std::string_view whole(bytes);
  Labelled record;
  record.tags = {{whole.substr(4, 4), whole.substr(9, 5)}};
  EXPECT_TRUE(shows(record, whole.substr(10, 3)));
  EXPECT_FALSE(shows(record, whole.substr(0, 3)));
  record.key = whole.substr(0, 3);
  EXPECT_TRUE(shows(record, whole.substr(0, 3)));
}

TEST(Record, ShowsWhatStandsWithinIt) {
  const std::string bytes = "to be or not";
  const std::string_view whole(bytes);
  const std::string_view be = whole.substr(3, 2);
  EXPECT_TRUE(shows(be, be));
  EXPECT_TRUE(shows(be, be.substr(1)));
  EXPECT_FALSE(shows(be, whole.substr(0, 2))) << "before it";
  EXPECT_FALSE(shows(be, whole.substr(4, 2))) << "beyond its end";
  EXPECT_FALSE(shows(be, whole.substr(8))) << "behind it";
}

TEST(StreamMarksAndTraces, AreEqualWhenAllOfThemIs) {
  const StreamMarks marks{1, 2, EventTime{3}, false};
  EXPECT_EQ(marks, marks);
  EXPECT_FALSE((marks == StreamMarks{0, 2, EventTime{3}, false}));
  EXPECT_FALSE((marks == StreamMarks{1, 0, EventTime{3}, false}));
  EXPECT_FALSE((marks == StreamMarks{1, 2, EventTime{0}, false}));
  EXPECT_FALSE((marks == StreamMarks{1, 2, EventTime{3}, true}));
  const StreamTrace trace{1, 2, 3, 4};
  EXPECT_EQ(trace, trace);
  EXPECT_FALSE((trace == StreamTrace{0, 2, 3, 4}));
  EXPECT_FALSE((trace == StreamTrace{1, 0, 3, 4}));
  EXPECT_FALSE((trace == StreamTrace{1, 2, 0, 4}));
  EXPECT_FALSE((trace == StreamTrace{1, 2, 3, 0}));
}

}  // namespace
}  // namespace rheon::codec
