// A disk that cannot read a block: whoever reads says so, and never that the bytes are damaged or
// that something is not there.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <utility>

#include "log/files/inspect.h"
#include "log/files/tests/bad_blocks.h"
#include "log/files/tests/sound_directory.h"

namespace rheon::log::files::testing {
namespace {

using ::testing::HasSubstr;

class ReadErrors : public ::testing::Test {
 protected:
  /// `read` must say of an error at every look that it was one.
  void at_every_look(const std::function<Status()>& read) {
    for (std::uint64_t point = 1;; ++point) {
      SCOPED_TRACE("look " + std::to_string(point));
      machine_.files().fail_at(point);
      const Status status = read();
      if (!machine_.files().failed()) {
        ASSERT_TRUE(status.has_value()) << status.error().message;
        ASSERT_GT(point, 5u);
        return;
      }
      if (!status.has_value()) {
        EXPECT_EQ(status.error().code, ErrorCode::kIo);
        EXPECT_NE(status.error().message.find(kSentence), std::string::npos)
            << status.error().message;
      } else {
        forgiven_.push_back(point);
      }
    }
  }
  [[nodiscard]] Status checked() {
    RHEON_ASSIGN(const CheckReport report, check(machine_.files(), "job.data"));
    return report.damaged() ? Status(fail(ErrorCode::kCorrupt, report.findings[0].sentence))
                            : Status{};
  }
  [[nodiscard]] Status read_stream() {
    RHEON_ASSIGN(const auto streams, list_streams(machine_.files(), "job.data"));
    EXPECT_EQ(streams.size(), 1u);
    RHEON_ASSIGN(const auto reader, open_stream(machine_.files(), "job.data", "out"));
    RHEON_TRY(reader->size());
    for (std::uint32_t partition = 0; partition < reader->info().partitions; ++partition) {
      RHEON_ASSIGN(StreamPosition position, reader->oldest(partition));
      RHEON_TRY(reader->more(partition, position));
      for (;;) {
        RHEON_ASSIGN(const auto batches, reader->read(partition, position, 200));
        if (batches.empty()) {
          break;
        }
        position.next_batch += batches.size();
        RHEON_TRY(reader->refresh());
      }
    }
    return {};
  }

  Sound sound_{21};
  BadMachine machine_{sound_.env};
  std::vector<std::uint64_t> forgiven_;  // looks without which it was done as well
};

TEST_F(ReadErrors, ACheckDoesNotCallThemDamage) {
  at_every_look([this] { return checked(); });
  EXPECT_THAT(forgiven_, ::testing::IsEmpty());
}

TEST_F(ReadErrors, ADumpNamesThem) {
  at_every_look([this]() -> Status {
    RHEON_ASSIGN(const auto lines, dump(machine_.files(), "job.data"));
    for (const DumpLine& line : lines) {
      EXPECT_NE(line.type, "broken") << line.file << ": " << line.detail;
    }
    return {};
  });
  EXPECT_THAT(forgiven_, ::testing::IsEmpty());
}

TEST_F(ReadErrors, AStreamsReaderSaysSo) {
  at_every_look([this] { return read_stream(); });
  EXPECT_THAT(forgiven_, ::testing::IsEmpty());
}

TEST_F(ReadErrors, AStreamThatIsBeingMadeIsNotSaidToBeSo) {
  overwrite(sound_.env, "job.data/stream/out/published", std::string(8192, '\0'));
  at_every_look([this]() -> Status {
    const auto reader = open_stream(machine_.files(), "job.data", "out");
    EXPECT_FALSE(reader.has_value());
    return reader.error().code == ErrorCode::kNotFound ? Status{} : tl::unexpected(reader.error());
  });
  EXPECT_THAT(forgiven_, ::testing::IsEmpty());
}

TEST_F(ReadErrors, ASegmentThatIsMissingIsNotSaidToBeSo) {
  ASSERT_TRUE(sound_.env.files().remove("job.data/stream/out/00000001").has_value());
  at_every_look([this]() -> Status {
    RHEON_ASSIGN(const auto reader, open_stream(machine_.files(), "job.data", "out"));
    const auto oldest = reader->oldest(0);
    EXPECT_FALSE(oldest.has_value());
    return oldest.error().code == ErrorCode::kCorrupt ? Status{} : tl::unexpected(oldest.error());
  });
  EXPECT_THAT(forgiven_, ::testing::IsEmpty());
}

/// It reads once more, block by block; only the witness may be done without.
TEST_F(ReadErrors, SalvageOfADiskThatFailsOnceStopsOrLosesNothing) {
  int number = 0;
  at_every_look([&]() -> Status {
    RHEON_ASSIGN(const SalvageReport report,
                 salvage(machine_, "job.data", "saved" + std::to_string(number++)));
    for (const std::string& lost : report.lost) {
      EXPECT_THAT(lost, HasSubstr("whether there were epochs after"));
    }
    return {};
  });
}

/// One block after the other, for ever: what else stands in the file is saved.
TEST_F(ReadErrors, SalvageGoesOnBesideABlockThatCannotBeRead) {
  int number = 0;
  int blocks = 0;
  int sound = 0;
  for (const std::string& path : sound_.files) {
    const std::uint64_t size = contents(sound_.env, path).size();
    for (const std::uint64_t byte : {std::uint64_t{0}, size / 3, size - 1}) {
      SCOPED_TRACE(path + " at " + std::to_string(byte));
      machine_.files().break_for_ever(path, byte);
      const std::string to = "saved" + std::to_string(number++);
      const auto report = salvage(machine_, "job.data", to);
      if (!report.has_value()) {
        EXPECT_EQ(report.error().code, ErrorCode::kCorrupt) << report.error().message;
        continue;
      }
      const bool told =
          report->unreadable.size() == 1 && report->unreadable[0].find(path) != std::string::npos;
      EXPECT_EQ(told, machine_.files().failed());
      blocks += told ? 1 : 0;
      const auto checked = check(sound_.env.files(), to);
      ASSERT_TRUE(checked.has_value()) << checked.error().message;
      EXPECT_FALSE(checked->damaged()) << checked->findings[0].sentence;
      OpenOptions options = ModelJob::options();
      options.directory = to;
      const auto opened = open(sound_.env, options);
      ASSERT_TRUE(opened.has_value()) << opened.error().message;
      ModelVisitor visitor;
      ASSERT_TRUE(opened->log->restore([](KeyGroup) { return true; }, visitor).has_value());
      if (report->lost.empty()) {
        EXPECT_EQ(visitor.model, sound_.job.truth().state);
        ++sound;
      }
    }
  }
  EXPECT_GT(blocks, 10);
  EXPECT_GT(sound, 10);
}

/// No rights, or no descriptor left, says nothing about what stands in the file.
TEST_F(ReadErrors, SalvageCallsNothingLostThatItOnlyMayNotOpen) {
  int number = 0;
  for (const std::string& path : sound_.files) {
    SCOPED_TRACE(path);
    machine_.files().forbid(path);
    const auto report = salvage(machine_, "job.data", "saved" + std::to_string(number++));
    if (!report.has_value()) {
      EXPECT_EQ(report.error().code, ErrorCode::kIo) << report.error().message;
      EXPECT_THAT(report.error().message, HasSubstr(kSentence));
    } else if (path.ends_with("/witness")) {
      EXPECT_THAT(report->lost, ::testing::ElementsAre(HasSubstr("whether there were epochs")));
    } else {
      EXPECT_THAT(report->lost, ::testing::IsEmpty());
    }
  }
}

/// A disk that fails is often read-only from then on: just then one wants to know what is there.
TEST_F(ReadErrors, ADirectoryThatCannotBeWrittenIsLookedIntoAndSaved) {
  machine_.files().protect("job.data");
  EXPECT_FALSE(open(machine_, ModelJob::options()).has_value());
  const Status sound = checked();
  EXPECT_TRUE(sound.has_value()) << sound.error().message;
  const auto dumped = dump(machine_.files(), "job.data");
  EXPECT_TRUE(dumped.has_value()) << dumped.error().message;
  const auto saved = salvage(machine_, "job.data", "saved");
  ASSERT_TRUE(saved.has_value()) << saved.error().message;
  EXPECT_THAT(saved->lost, ::testing::IsEmpty());
  EXPECT_TRUE(read_stream().has_value());
}

TEST_F(ReadErrors, AStartSaysSo) {
  at_every_look([this]() -> Status {
    RHEON_ASSIGN(const OpenResult opened, open(machine_, ModelJob::options()));
    EXPECT_EQ(opened.opened.epoch, sound_.job.truth().epoch);
    ModelVisitor visitor;
    RHEON_TRY(opened.log->restore([](KeyGroup) { return true; }, visitor));
    EXPECT_EQ(visitor.model, sound_.job.truth().state);
    return {};
  });
}

}  // namespace
}  // namespace rheon::log::files::testing
