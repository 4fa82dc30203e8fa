// Files that became shorter since somebody looked at them: what is missing is never taken for
// something else.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/bytes.h"
#include "log/files/frame.h"
#include "log/files/inspect.h"
#include "log/files/segment_scan.h"
#include "log/files/slot_file.h"
#include "log/files/tests/bad_blocks.h"
#include "log/files/tests/machine_of.h"
#include "log/files/tests/meanwhile.h"
#include "log/files/tests/sound_directory.h"

namespace rheon::log::files::testing {
namespace {

using ::testing::HasSubstr;

const FrameSeed kSeed = seed_of({{}, FileKind::kJournal, {}, 1});

class ShortFile : public ::testing::Test {
 protected:
  /// A file of two frames, each of 24 + 3 + 100 bytes, cut to `bytes`.
  std::unique_ptr<env::File> frames(std::size_t bytes, env::Files* through = nullptr) {
    std::string whole;
    for (int i = 0; i < 2; ++i) {
      put_frame(whole, kSeed, whole.size(), {FrameType::kDelta, Epoch{1}, "ext"},
                std::string(100, 'x'));
    }
    whole.resize(bytes);
    EXPECT_TRUE(env::replace_whole(env_.files(), "file", whole).has_value());
    return *(through != nullptr ? *through : env_.files()).open("file", env::OpenMode::kRead);
  }
  static constexpr std::uint64_t kFrameBytes = 127;

  env::fake::FakeEnv env_;
};

/// A file that says it has so many bytes.
class Overstated final : public env::File {
 public:
  Overstated(env::File& real, std::uint64_t bytes) : real_(real), bytes_(bytes) {}
  Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> into) override {
    return real_.read_at(offset, into);
  }
  Status write_at(std::uint64_t, std::span<const std::byte>) override { return {}; }
  Status sync() override { return {}; }
  Status truncate(std::uint64_t) override { return {}; }
  Status preallocate(std::uint64_t) override { return {}; }
  Result<env::FileInfo> info() override {
    RHEON_ASSIGN(env::FileInfo info, real_.info());
    info.size = bytes_;
    return info;
  }

 private:
  env::File& real_;
  std::uint64_t bytes_;
};

/// The first fault of a walk over two frames of which the file has only so many bytes.
std::string fault_of(env::File& file) {
  FrameScanner scanner(file, kSeed, 0, 254);
  Frame frame;
  ScanOutcome outcome = ScanOutcome::kFrame;
  while (outcome == ScanOutcome::kFrame) {
    outcome = scanner.next(frame);
  }
  return outcome == ScanOutcome::kBroken ? scanner.fault() : "";
}

TEST_F(ShortFile, FramesThatAreCutOffAreBroken) {
  EXPECT_EQ(fault_of(*frames(254)), "");
  EXPECT_EQ(fault_of(*frames(kFrameBytes)), "") << "nothing stands there";
  EXPECT_EQ(fault_of(*frames(kFrameBytes + 10)), "a frame's header is cut off");
  EXPECT_EQ(fault_of(*frames(kFrameBytes + 25)), "a frame's header does not check");
  EXPECT_EQ(fault_of(*frames(kFrameBytes + 50)), "a frame's contents do not check");
}

TEST_F(ShortFile, AFrameOfWhichTheRestCannotBeReadIsNotBroken) {
  BadMachine machine(env_);
  const auto file = frames(254, &machine.files());
  constexpr std::size_t kChunkBytes = 30;  // the header, and not the whole
  FrameScanner scanner(*file, kSeed, 0, 254, kChunkBytes);
  Frame frame;
  machine.files().fail_at(2);
  ASSERT_EQ(scanner.next(frame), ScanOutcome::kFailed);
  EXPECT_EQ(scanner.error().message, kSentence);
  EXPECT_EQ(scanner.next(frame), ScanOutcome::kFrame) << "the next time it can";
}

TEST_F(ShortFile, IsReadAgainFromWhereItWasLeft) {
  const auto file = frames(254);
  FrameScanner scanner(*file, kSeed, 0, 254, 30);
  Frame frame;
  ASSERT_EQ(scanner.next(frame), ScanOutcome::kFrame);
  ASSERT_EQ(scanner.next(frame), ScanOutcome::kFrame);
  EXPECT_EQ(frame.offset, kFrameBytes);
  scanner.seek(0);
  ASSERT_EQ(scanner.next(frame), ScanOutcome::kFrame);
  EXPECT_EQ(frame.offset, 0u);
  EXPECT_EQ(frame.payload, std::string(100, 'x'));
}

TEST_F(ShortFile, BeginsWithNothingThatCanBeReadWhereItIsCut) {
  std::string head;
  const FileAddress address{{5, 6}, FileKind::kJournal, {}, 1};
  std::string owner;
  put_id(owner, address.owner);
  put_frame(head, seed_of(address), 0, {FrameType::kJournalSegment, Epoch{1}, {}}, owner + "rest");
  ASSERT_TRUE(env::replace_whole(env_.files(), "file", head).has_value());
  const auto read = [&](std::size_t bytes) {
    const auto file = *env_.files().open("file", env::OpenMode::kReadWrite);
    EXPECT_TRUE(file->truncate(bytes).has_value());
    Overstated overstated(*file, head.size());
    const auto found = read_file_head(overstated, "file", address, FrameType::kJournalSegment);
    return found.has_value() ? found->rest : found.error().message;
  };
  EXPECT_EQ(read(head.size()), "rest");
  EXPECT_THAT(read(head.size() - 1), HasSubstr("the file's first frame does not check"));
  EXPECT_THAT(read(10), HasSubstr("the file does not begin as it should"));
}

TEST_F(ShortFile, HasZerosOnlyWhereItEnds) {
  ASSERT_TRUE(env::replace_whole(env_.files(), "file", std::string(100, '\0')).has_value());
  auto file = *env_.files().open("file", env::OpenMode::kReadWrite);
  EXPECT_TRUE(*only_zeros(*file, 10, 200));
  EXPECT_TRUE(*only_zeros(*file, 300, 200));
  ASSERT_TRUE(file->write_at(99, as_bytes("x")).has_value());
  EXPECT_FALSE(*only_zeros(*file, 10, 200));
}

TEST_F(ShortFile, HoldsNoLaterFrameWhereItEnds) {
  std::string bytes(10, '?');
  put_frame(bytes, kSeed, bytes.size(), {FrameType::kDelta, Epoch{7}, {}}, "delta");
  bytes += std::string(10, '?');
  ASSERT_TRUE(env::replace_whole(env_.files(), "file", bytes).has_value());
  const auto file = *env_.files().open("file", env::OpenMode::kRead);
  EXPECT_EQ(*find_later_frame(*file, kSeed, 0, 1000, Epoch{7}), 10u);
  EXPECT_EQ(*find_later_frame(*file, kSeed, 0, 1000, Epoch{8}), std::nullopt);
  EXPECT_EQ(*find_later_frame(*file, kSeed, 11, 1000, Epoch{7}), std::nullopt);
  EXPECT_EQ(*find_later_frame(*file, kSeed, bytes.size() - 5, 1000, Epoch{7}), std::nullopt);
}

TEST(NumbersOfFiles, AreReadOnlyAsTheyAreWritten) {
  EXPECT_EQ(number_of("00000012"), 12u);
  EXPECT_EQ(number_of("123456789"), 123456789u);
  for (const char* other : {"", "12", "000000012", "00000012.tmp", "0000001x", "header", "-0000001",
                            "99999999999999999999999"}) {
    EXPECT_EQ(number_of(other), 0u) << other;
  }
}

TEST_F(ShortFile, OfSlotsHasThoseThatAreWhole) {
  const SlotLayout layout{{{}, FileKind::kWitness, {}, 0}, FrameType::kWitness, 100};
  {
    auto slots = SlotFile::open(env_.files(), "slots", layout);
    ASSERT_TRUE(slots.has_value() && slots->fill({{}, Epoch{1}, "contents"}).has_value());
  }
  const std::string whole = contents(env_, "slots");
  const auto found = [&](const std::string& bytes) {
    EXPECT_TRUE(env::replace_whole(env_.files(), "slots", bytes).has_value());
    const auto file = *env_.files().open("slots", env::OpenMode::kRead);
    const Slots slots = *read_slots(*file, layout);
    return std::pair(slots[0].has_value(), slots[1].has_value());
  };
  EXPECT_EQ(found(whole), std::pair(true, true));
  EXPECT_EQ(found(whole.substr(0, 4096 + 45)), std::pair(true, false));
  EXPECT_EQ(found(whole.substr(0, 4096 + 10)), std::pair(true, false));
  EXPECT_EQ(found(whole.substr(0, 4096)), std::pair(true, false));
  EXPECT_EQ(found(whole.substr(0, 10)), std::pair(false, false));
  std::string longer = whole;
  longer[2] = '\1';  // 64 KiB more than it has
  EXPECT_EQ(found(longer), std::pair(false, true));
}

/// A job's directory in which files become shorter while they are read.
class ShrinkingDirectory : public ::testing::Test {
 protected:
  [[nodiscard]] std::string last_segment() {
    std::string last;
    for (const std::string& path : sound_.files) {
      if (path.starts_with("job.data/journal/") &&
          contents(sound_.env, path).find_first_not_of('\0') != std::string::npos) {
        last = path;
      }
    }
    return last;
  }
  void cut(const std::string& path, std::uint64_t bytes) {
    auto file = sound_.env.files().open(path, env::OpenMode::kReadWrite);
    ASSERT_TRUE((*file)->truncate(bytes).has_value());
  }

  Sound sound_{51};
  MachineOf<Meanwhile> machine_{sound_.env};
};

TEST_F(ShrinkingDirectory, AStartDoesNotGoOnBehindTheGap) {
  const std::string path = last_segment();
  machine_.files().before_opening(path, [&] { cut(path, 100); }, env::OpenMode::kReadWrite);
  const auto result = open(machine_, ModelJob::options());
  ASSERT_FALSE(result.has_value());
  EXPECT_THAT(result.error().message, HasSubstr("the journal became shorter while it was read"));
}

TEST_F(ShrinkingDirectory, SalvageDoesNotCallItSaved) {
  const std::string path = last_segment();
  const std::string copy = "saved" + path.substr(std::string("job.data").size());
  machine_.files().before_opening(copy, [&] { cut(path, 100); }, env::OpenMode::kCreateNew);
  const auto result = salvage(machine_, "job.data", "saved");
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().message, path + " became shorter while it was copied");
}

}  // namespace
}  // namespace rheon::log::files::testing
