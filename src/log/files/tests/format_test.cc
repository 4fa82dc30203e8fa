// Kept samples: the worked bytes of docs/formats/log.md and delta.md. They must be read for ever; a
// change here is a change of what is stored.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "codec/delta.h"
#include "log/files/frame.h"
#include "log/files/records.h"

namespace rheon::log::files {
namespace {

std::string hex(std::string_view bytes) {
  std::string out;
  for (const char c : bytes) {
    out += fmt::format("{:02x}", static_cast<std::uint8_t>(c));
  }
  return out;
}

/// As the pages write it: hex digits with spaces between what belongs together.
std::string without_spaces(std::string text) {
  std::erase(text, ' ');
  return text;
}

std::string sample_delta() {
  codec::DeltaWriter writer;
  writer.begin_section(StateId{1}, KeyGroup{2});
  writer.put("key", "value");
  writer.remove("old");
  return writer.take();
}

TEST(Format, ADeltaBlob) {
  EXPECT_EQ(hex(sample_delta()), "0101021000000001036b65790576616c756502036f6c64");
}

TEST(Format, AFrame) {
  std::string out;
  const FrameSeed seed = seed_of({Id{1, 2}, FileKind::kJournal, {}, 1});
  put_frame(out, seed, 64, {FrameType::kDelta, Epoch{3}, {}}, sample_delta());
  EXPECT_EQ(hex(out),
            "17000000050100000300000000000000622b863a956dedfb"
            "0101021000000001036b65790576616c756502036f6c64");
}

TEST(Format, ACommitRecordAndItsChain) {
  CommitRecord record;
  record.previous = {5, 6};
  record.frames = {0x11223344};
  record.wall = EventTime{1'000'000};
  const std::string payload = encode(record);
  EXPECT_EQ(hex(payload), "0500000000000000060000000000000001443322110040420f0000000000010000");
  EXPECT_EQ(to_string(chain_of(payload, Epoch{3})), "512426fb96dac194416f82cfa4fd9e20");
}

// From here on: job "job" of the uid (3, 4), lineage (1, 2), 128 key groups.
TEST(Format, AnIdentity) {
  const IdentityRecord record{{"job", {3, 4}, {1, 2}, 128}, {}, 77, false};
  EXPECT_EQ(hex(encode(record)),
            without_spaces("03 6a6f62 0300000000000000 0400000000000000 0100000000000000 "
                           "0200000000000000 80000000 4d00000000000000 00 00"));
}

SliceSet sample_slices() {
  return {StateId{1},
          KeyGroup{2},
          {{{StateId{1}, KeyGroup{2}, 0, UINT32_MAX}, Epoch{3}, /*file=*/1, 64, 100}}};
}
StreamState sample_stream() { return {"out", {7, 8}, {5, 300}, {{1, 1000, EventTime{2}}}}; }

TEST(Format, ACommitRecordWithSlicesAndAStream) {
  CommitRecord record;
  record.previous = {5, 6};
  record.frames = {0x11223344};
  record.complete = true;
  record.wall = EventTime{1'000'000};
  record.slices = {sample_slices()};
  record.streams = {{sample_stream(), 1}};
  EXPECT_EQ(hex(encode(record)),
            without_spaces("0500000000000000 0600000000000000 01 44332211 01 40420f0000000000 01 "
                           "01 01 02 01 00000000 ffffffff 03 01 40 64 "
                           "01 01 03 6f7574 0700000000000000 0800000000000000 02 05 ac02 "
                           "01 01 e807 0200000000000000"));
}

TEST(Format, ABase) {
  Standing standing;
  standing.epoch = Epoch{3};
  standing.chain = {5, 6};
  standing.wall = EventTime{1'000'000};
  standing.facts = {{"key", "value"}};
  standing.slices = {{{StateId{1}, KeyGroup{2}}, sample_slices()}};
  standing.streams = {{"out", sample_stream()}};
  EXPECT_EQ(hex(encode(standing)),
            without_spaces("0300000000000000 0500000000000000 0600000000000000 00 40420f0000000000 "
                           "01 01 03 6b6579 05 76616c7565 "
                           "01 01 02 01 00000000 ffffffff 03 01 40 64 "
                           "01 03 6f7574 0700000000000000 0800000000000000 02 05 ac02 "
                           "01 01 e807 0200000000000000"));
}

TEST(Format, ChangesOfFacts) {
  EXPECT_EQ(hex(encode(std::vector<FactChange>{{"key", "value"}, {"gone", {}}})),
            without_spaces("01 03 6b6579 05 76616c7565 00 04 676f6e65"));
}

TEST(Format, AStreamsHeaderAndItsPublishedEnd) {
  EXPECT_EQ(hex(encode(StreamHeaderRecord{"out", {7, 8}, {3, 4}, {1, 2}, 2, "text"})),
            without_spaces("03 6f7574 0700000000000000 0800000000000000 0300000000000000 "
                           "0400000000000000 0100000000000000 0200000000000000 02000000 "
                           "04 74657874"));
  PublishedRecord published;
  published.last_segment = 1;
  published.end = 1000;
  published.next = {5, 300};
  EXPECT_EQ(hex(encode(published)),
            without_spaces("00 0100000000000000 0100000000000000 e803000000000000 "
                           "0500000000000000 2c01000000000000"));
}

TEST(Format, AFrameChecksOnlyAtItsOwnPlace) {
  std::string out;
  const FileAddress address{Id{1, 2}, FileKind::kStream, "out", 1};
  put_frame(out, seed_of(address), 64, {FrameType::kBatch, Epoch{3}, "ext"}, "payload");
  const FrameHeader header = parse_frame_header(out);
  EXPECT_TRUE(header_checks(header, seed_of(address), 64, out));
  EXPECT_FALSE(header_checks(header, seed_of(address), 65, out));
  for (const FileAddress& other : {FileAddress{Id{1, 3}, FileKind::kStream, "out", 1},
                                   FileAddress{Id{1, 2}, FileKind::kJournal, "out", 1},
                                   FileAddress{Id{1, 2}, FileKind::kStream, "in", 1},
                                   FileAddress{Id{1, 2}, FileKind::kStream, "out", 2}}) {
    EXPECT_FALSE(header_checks(header, seed_of(other), 64, out));
  }
}

/// What is cut off anywhere is not read, nor what has more behind it.
template <class Record>
void expect_whole(const std::string& bytes) {
  for (std::size_t length = 0; length < bytes.size(); ++length) {
    Record read;
    EXPECT_FALSE(decode(std::string_view(bytes).substr(0, length), read)) << length;
  }
  Record read;
  EXPECT_TRUE(decode(bytes, read));
  EXPECT_FALSE(decode(bytes + "x", read));
}

TEST(Format, RecordsThatAreCutOffAreNotRead) {
  const SliceEntry slice{{StateId{1}, KeyGroup{2}, 0, UINT32_MAX}, Epoch{3}, 1, 64, 100};
  const SliceSet set{StateId{1}, KeyGroup{2}, {slice}};
  const StreamState stream{"out", {1, 2}, {7, 8}, {{1, 100, EventTime{5}}}};
  CommitRecord record;
  record.frames = {1, 2, 3};
  record.slices = {set};
  record.streams = {{stream, 1}};
  expect_whole<CommitRecord>(encode(record));
  Standing standing;
  standing.complete = true;
  standing.facts = {{"a", "1"}, {"b", "2"}};
  standing.slices = {{{StateId{1}, KeyGroup{2}}, set}, {{StateId{1}, KeyGroup{3}}, set}};
  standing.streams = {{"out", stream}, {"other", stream}};
  expect_whole<Standing>(encode(standing));
  expect_whole<StreamHeaderRecord>(
      encode(StreamHeaderRecord{"out", {1, 2}, {3, 4}, {5, 6}, 2, "text"}));
}

TEST(Format, FactsThatAreCutOffAreNotApplied) {
  const std::string whole = encode(std::vector<FactChange>{{"key", "value"}, {"gone", {}}});
  Facts facts{{"gone", "1"}};
  EXPECT_TRUE(apply_facts(whole, facts));
  EXPECT_EQ(facts, (Facts{{"key", "value"}}));
  for (std::size_t length = 1; length < whole.size(); ++length) {
    const bool between = length == whole.size() - 6;  // a change and no more is whole
    EXPECT_EQ(apply_facts(std::string_view(whole).substr(0, length), facts), between) << length;
  }
}

TEST(Format, AStreamHasPartitionsButNotTooMany) {
  const auto reads = [](std::uint32_t partitions) {
    StreamHeaderRecord read;
    return decode(encode(StreamHeaderRecord{"out", {}, {}, {}, partitions, "text"}), read);
  };
  EXPECT_TRUE(reads(1));
  EXPECT_TRUE(reads(kMaxStreamPartitions));
  EXPECT_FALSE(reads(0));
  EXPECT_FALSE(reads(kMaxStreamPartitions + 1));
}

TEST(Format, AnEmptySetOfSlicesTakesTheOldOneAway) {
  Standing standing;
  standing.slices[{StateId{1}, KeyGroup{2}}] = {StateId{1}, KeyGroup{2}, {}};
  CommitRecord record;
  record.slices = {{StateId{1}, KeyGroup{2}, {}}};
  apply(standing, Epoch{1}, record, encode(record));
  EXPECT_TRUE(standing.slices.empty());
}

}  // namespace
}  // namespace rheon::log::files
