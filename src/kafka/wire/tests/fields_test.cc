#include "kafka/wire/fields.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kafka/tests/samples.h"

namespace rheon::kafka::wire {
namespace {

using testing::sample;

struct Beat {
  std::string_view group;
  std::int32_t generation = -1;
  std::string_view member;
  std::optional<std::string_view> instance;

  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) {
    visit(self.group, self.generation, self.member, self.instance);
  }
};

/// One of each kind.
struct Inner {
  std::int16_t number = 0;
  std::optional<std::int64_t> extra;     // tag 1
  std::optional<std::string_view> note;  // tag 3

  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) {
    visit(self.number);
    visit.tagged(1, self.extra);
    visit.tagged(3, self.note);
  }
  friend bool operator==(const Inner&, const Inner&) = default;
};
struct LessOfInner {
  std::int16_t number = 0;

  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) {
    visit(self.number);
  }
};
struct Everything {
  bool yes = false;
  std::int8_t small = 0;
  std::int64_t large = 0;
  double real = 0;
  Uuid id;
  std::vector<Inner> inner;
  std::optional<std::vector<std::int32_t>> numbers;
  std::optional<std::vector<std::int32_t>> null;
  std::optional<std::string_view> bytes;

  template <class Self, class Visit>
  static void fields(Self& self, Visit& visit) {
    visit(self.yes, self.small, self.large, self.real, self.id, self.inner, self.numbers, self.null,
          self.bytes);
  }
  friend bool operator==(const Everything&, const Everything&) = default;
};

template <class Message>
std::string written(const Message& message) {
  std::string out;
  write_message(message, out);
  return out;
}

TEST(Fields, AreWhatKafkasClassesWrite) {
  EXPECT_EQ(written(Beat{"group", 5, "member", "instance"}), sample("heartbeat-request-4"));
  EXPECT_EQ(written(Beat{"group", 5, "member", std::nullopt}),
            sample("heartbeat-request-4-without-instance"));
  const auto read = read_message<Beat>(sample("heartbeat-request-4"));
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(read->group, "group");
  EXPECT_EQ(read->generation, 5);
  EXPECT_EQ(read->member, "member");
  EXPECT_EQ(read->instance, "instance");
}

const Everything kEverything{.yes = true,
                             .small = -3,
                             .large = INT64_MIN,
                             .real = 0.5,
                             .id = {1, 2},
                             .inner = {{1, std::nullopt, std::nullopt}, {-1, 7, "note"}},
                             .numbers = std::vector<std::int32_t>{1, -1},
                             .null = std::nullopt,
                             .bytes = std::string_view("\0\xff", 2)};

TEST(Fields, OfEveryKindComeBack) {
  const std::string bytes = written(kEverything);
  const auto read = read_message<Everything>(bytes);
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(*read, kEverything);
  EXPECT_EQ(written(Everything{}), written(*read_message<Everything>(written(Everything{}))));
}

TEST(Fields, OfABrokerThatKnowsMoreAreSkipped) {
  const std::string bytes = written(Inner{4, 7, "note"});
  const auto read = read_message<LessOfInner>(bytes);
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(read->number, 4);
}

TEST(Fields, OfAMessageThatIsCutOffOrGoesOnAreNone) {
  const std::string bytes = written(kEverything);
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(read_message<Everything>(std::string_view(bytes).substr(0, size))) << size;
  }
  EXPECT_FALSE(read_message<Everything>(bytes + '\0'));
}

TEST(Fields, OfWhateverBytesTakeNoMoreThanTheyHold) {
  const std::string bytes = written(kEverything);
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    for (int byte = 0; byte < 256; ++byte) {
      std::string changed = bytes;
      changed[at] = static_cast<char>(byte);
      if (const auto read = read_message<Everything>(changed)) {
        EXPECT_LE(read->inner.size() + read->numbers.value_or(std::vector<std::int32_t>{}).size(),
                  changed.size());
      }
    }
  }
  // A vector of 2^32 - 2 elements, and no byte behind it.
  EXPECT_FALSE(read_message<std::vector<std::int32_t>>("\xff\xff\xff\xff\x0f"));
}

TEST(Reader, RefusesVarintsThatAreTooLong) {
  for (const std::string_view bytes :
       {"\x80\x80\x80\x80\x80\x01", "\xff\xff\xff\xff\x1f", "\x80"}) {
    Reader in(bytes);
    EXPECT_EQ(in.unsigned_varint(), 0u);
    EXPECT_TRUE(in.failed());
  }
  Reader most("\xff\xff\xff\xff\x0f");
  EXPECT_EQ(most.unsigned_varint(), UINT32_MAX);
  EXPECT_FALSE(most.failed());
}

TEST(Reader, ReadsWhatTheWriterWrites) {
  for (const std::int64_t value : {std::int64_t{0}, std::int64_t{-1}, std::int64_t{1},
                                   std::int64_t{-64}, std::int64_t{64}, INT64_MIN, INT64_MAX}) {
    std::string bytes;
    Writer out(bytes);
    out.varlong(value);
    out.varint(static_cast<std::int32_t>(value));
    out.integer(value);
    Reader in(bytes);
    EXPECT_EQ(in.varlong(), value);
    EXPECT_EQ(in.varint(), static_cast<std::int32_t>(value));
    EXPECT_EQ(in.integer<std::int64_t>(), value);
    EXPECT_EQ(in.left(), 0u);
    EXPECT_FALSE(in.failed());
  }
}

}  // namespace
}  // namespace rheon::kafka::wire
