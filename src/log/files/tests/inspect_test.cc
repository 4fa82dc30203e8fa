// What `rheon log check`, `dump` and `salvage` find in a directory that somebody has touched.

#include "log/files/inspect.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "log/files/identity.h"
#include "log/files/stream_writer.h"
#include "log/files/tests/sound_directory.h"

namespace rheon::log::files::testing {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr auto kDamage = Finding::Kind::kDamage;

class Inspected : public ::testing::Test {
 protected:
  env::Files& files() { return sound_.env.files(); }
  /// "notice FILE: SENTENCE", of each finding.
  std::vector<std::string> findings() {
    auto report = check(files(), "job.data");
    EXPECT_TRUE(report.has_value()) << report.error().message;
    std::vector<std::string> all;
    for (const Finding& finding : report->findings) {
      all.push_back((finding.kind == kDamage ? "damage " : "notice ") + finding.file + ": " +
                    finding.sentence);
    }
    return all;
  }
  void spoil(const std::string& path) {
    auto file = files().open(path, env::OpenMode::kReadWrite);
    ASSERT_TRUE((*file)->write_at(0, as_bytes("rotten")).has_value());
  }
  void change_identity(const std::function<void(IdentityRecord&)>& change) {
    IdentityRecord record = *read_identity(files(), "job.data");
    change(record);
    ASSERT_TRUE(write_identity(files(), "job.data", record).has_value());
  }
  std::vector<std::string> journal() {
    std::vector<std::string> paths;
    const auto names = *files().list("job.data/journal");
    paths.reserve(names.size());
    for (const std::string& name : names) {
      paths.push_back("job.data/journal/" + name);
    }
    return paths;
  }

  Sound sound_{31};
};

TEST_F(Inspected, AFileOfSomethingElseIsNoticed) {
  ASSERT_TRUE(env::replace_whole(files(), "job.data/notes.txt", "mine"));
  EXPECT_THAT(findings(), Contains("notice job.data/notes.txt: nothing of the log has this name"));
}

TEST_F(Inspected, AMissingLockIsDamage) {
  ASSERT_TRUE(files().remove("job.data/lock"));
  EXPECT_THAT(findings(), Contains("damage job.data/lock: the file is missing: the directory was "
                                   "copied"));
}

TEST_F(Inspected, ACopyIsNoticed) {
  change_identity([](IdentityRecord& record) { ++record.lock_inode; });
  EXPECT_THAT(findings(),
              Contains(HasSubstr("notice job.data/identity: the directory was copied")));
}

TEST_F(Inspected, AResetThatDidNotFinishIsNoticed) {
  change_identity([](IdentityRecord& record) { record.resetting = true; });
  EXPECT_THAT(findings(), Contains(HasSubstr("notice job.data/identity: a `reset` has not")));
  const Status adopted = adopt(sound_.env, "job.data", "job");
  ASSERT_FALSE(adopted.has_value());
  EXPECT_THAT(adopted.error().message, HasSubstr("run `reset` again"));
}

TEST_F(Inspected, FilesOfAnotherJobAreDamage) {
  change_identity([](IdentityRecord& record) {
    record.identity.lineage = {7, 7};
    record.ancestors.clear();
  });
  EXPECT_THAT(findings(), Contains(HasSubstr("damage job.data/witness: job.data/witness belongs to "
                                             "another job or lineage")));
}

TEST_F(Inspected, AWitnessWithoutASlotIsDamage) {
  auto file = files().open("job.data/witness", env::OpenMode::kReadWrite);
  const std::uint64_t size = (*file)->info()->size;
  ASSERT_TRUE((*file)->truncate(0).has_value());
  ASSERT_TRUE((*file)->truncate(size).has_value());
  EXPECT_THAT(findings(),
              Contains("damage job.data/witness: neither of its two slots can be read"));
}

TEST_F(Inspected, ADumpGoesOnWithoutAnIdentityAndWithoutStreams) {
  spoil("job.data/identity");
  for (const std::string& path : sound_.files) {
    if (path.starts_with("job.data/stream/")) {
      ASSERT_TRUE(files().remove(path));
    }
  }
  ASSERT_TRUE(files().remove("job.data/stream/out"));
  ASSERT_TRUE(files().remove("job.data/stream"));
  const auto lines = dump(files(), "job.data");
  ASSERT_TRUE(lines.has_value()) << lines.error().message;
  EXPECT_EQ(lines->front().type, "broken");
  EXPECT_GT(lines->size(), 60u);
}

TEST_F(Inspected, ADumpShowsWhatEachFileHolds) {
  std::map<std::string, std::set<std::string>> types;  // by file, without the numbers
  const auto lines = dump(files(), "job.data");
  ASSERT_TRUE(lines.has_value());
  for (const DumpLine& line : *lines) {
    types[line.file.substr(0, line.file.find_last_of("0123456789") == std::string::npos
                                  ? line.file.size()
                                  : line.file.find_last_of('/'))]
        .insert(line.type);
  }
  using Types = std::set<std::string>;
  EXPECT_EQ(types["identity"], Types{"identity"});
  EXPECT_EQ(types["witness"], Types{"witness"});
  EXPECT_EQ(types["stream/out/header"], Types{"stream"});
  EXPECT_EQ(types["stream/out/published"], Types{"published"});
  EXPECT_EQ(types["snapshot"], (Types{"snapshot", "slice"}));
  EXPECT_EQ(types["stream/out"], (Types{"segment", "batch"}));
  EXPECT_TRUE(types["journal"].contains("commit"));
}

TEST_F(Inspected, ADumpCallsASlotTornAndAFileWithoutSlotsBroken) {
  const auto types_of = [&](const std::string& file) {
    std::vector<std::string> types;
    const auto lines = dump(files(), "job.data");
    for (const DumpLine& line : *lines) {
      if (line.file == file) {
        types.push_back(line.type);
      }
    }
    return types;
  };
  using Types = std::vector<std::string>;
  EXPECT_EQ(types_of("witness"), (Types{"witness", "witness"}));
  auto file = files().open("job.data/witness", env::OpenMode::kReadWrite);
  ASSERT_TRUE((*file)->write_at(0, as_bytes("rotten")).has_value());
  EXPECT_EQ(types_of("witness"), (Types{"torn", "witness"}));
  ASSERT_TRUE((*file)->truncate(0).has_value());
  EXPECT_EQ(types_of("witness"), (Types{"broken", "broken"}));
  ASSERT_TRUE(files().remove("job.data/witness"));
  EXPECT_EQ(types_of("witness"), Types{"broken"});
  spoil("job.data/stream/out/header");
  EXPECT_EQ(types_of("stream/out/header"), Types{"broken"});
}

TEST_F(Inspected, ADumpNamesTheFrameAtWhichAFileBreaks) {
  const std::string path = journal().front();
  auto file = files().open(path, env::OpenMode::kReadWrite);
  ASSERT_TRUE((*file)->write_at(200, as_bytes("rotten")).has_value());
  const auto lines = dump(files(), "job.data");
  ASSERT_TRUE(lines.has_value());
  int broken = 0;
  for (const DumpLine& line : *lines) {
    broken += line.type == "broken" ? 1 : 0;
    EXPECT_TRUE(line.type != "broken" || path.ends_with(line.file)) << line.file;
  }
  EXPECT_EQ(broken, 1);
}

TEST_F(Inspected, ADumpCallsZerosEmptyOnlyWhereTheNextFrameWillStand) {
  const std::vector<std::string> segments = journal();
  const auto type_of = [&](const std::string& path) -> std::string {
    const auto lines = dump(files(), "job.data");
    for (const DumpLine& line : *lines) {
      if (path.ends_with(line.file)) {
        return line.type;
      }
    }
    return "not there";
  };
  EXPECT_EQ(type_of(segments.front()), "segment");
  const std::uint64_t size = contents(sound_.env, segments.front()).size();
  overwrite(sound_.env, segments.front(), std::string(size, '\0'));
  EXPECT_EQ(type_of(segments.front()), "broken");
  EXPECT_EQ(type_of(segments.back()), "empty");
}

TEST_F(Inspected, ADumpPassesOverWhatIsNoStream) {
  ASSERT_TRUE(env::replace_whole(files(), "job.data/stream/notes.txt", "mine"));
  EXPECT_TRUE(dump(files(), "job.data").has_value());
}

TEST_F(Inspected, AStreamOfWhichNothingCouldBeSavedGoesOnBehindIt) {
  for (const std::string& path : sound_.files) {
    if (path.starts_with("job.data/stream/out/0")) {
      spoil(path);
    }
  }
  const auto before = open_stream(files(), "job.data", "out");
  ASSERT_TRUE(before.has_value()) << before.error().message;
  const auto saved = salvage(sound_.env, "job.data", "saved");
  ASSERT_TRUE(saved.has_value()) << saved.error().message;
  const auto reader = open_stream(files(), "saved", "out");
  ASSERT_TRUE(reader.has_value()) << reader.error().message;
  std::uint64_t batches = 0;
  for (std::uint32_t i = 0; i < (*reader)->info().partitions; ++i) {
    const auto oldest = (*reader)->oldest(i);
    ASSERT_TRUE(oldest.has_value());
    batches += oldest->next_batch;
    const auto more = (*reader)->more(i, *oldest);
    ASSERT_TRUE(more.has_value()) << more.error().message;
    EXPECT_FALSE(*more);
    EXPECT_FALSE((*reader)->more(i, {oldest->incarnation, 0}).value_or(false));
  }
  EXPECT_GT(batches, 0u);
}

TEST_F(Inspected, SalvageMakesAStreamAnewWhoseHeaderIsAnothers) {
  const auto header = read_stream_header(files(), "job.data/stream/out");
  ASSERT_TRUE(header.has_value());
  for (const auto& change : std::vector<std::function<void(StreamHeaderRecord&)>>{
           [](auto& record) { record.name = "in"; }, [](auto& record) { ++record.incarnation.low; },
           [](auto& record) { ++record.uid.low; }, [](auto& record) { ++record.partitions; }}) {
    StreamHeaderRecord changed = *header;
    change(changed);
    ASSERT_TRUE(
        env::replace_whole(files(), "job.data/stream/out/header", stream_header_bytes(changed)));
    static int number = 0;
    OpenOptions options = ModelJob::options();
    options.directory = "saved" + std::to_string(number++);
    const auto saved = salvage(sound_.env, "job.data", options.directory);
    ASSERT_TRUE(saved.has_value()) << saved.error().message;
    EXPECT_THAT(saved->lost, Contains(HasSubstr("its header is another stream's")));
    const auto opened = open(sound_.env, options);
    EXPECT_TRUE(opened.has_value()) << opened.error().message;
  }
}

TEST_F(Inspected, SalvageGoesBackToTheLastSegmentThatIsWhole) {
  std::vector<std::string> whole = journal();
  while (whole.size() > 1) {  // the newest, one after the other: also the ones that are empty
    spoil(whole.back());
    whole.pop_back();
    const std::string to = "saved" + std::to_string(whole.size());
    const auto saved = salvage(sound_.env, "job.data", to);
    if (!saved.has_value()) {
      EXPECT_THAT(saved.error().message, HasSubstr("no commit in job.data/journal can be read"));
      continue;
    }
    const auto checked = check(files(), to);
    ASSERT_TRUE(checked.has_value());
    EXPECT_FALSE(checked->damaged()) << checked->findings[0].sentence;
    EXPECT_LE(saved->epoch.value, sound_.job.truth().epoch.value + 1);
  }
}

TEST_F(Inspected, SalvageDoesNotGoOverAHole) {
  const std::vector<std::string> segments = journal();
  ASSERT_GT(segments.size(), 2u);
  for (std::size_t i = 0; i < segments.size(); ++i) {
    const std::string before = contents(sound_.env, segments[i]);
    ASSERT_TRUE(files().remove(segments[i]));
    const auto saved = salvage(sound_.env, "job.data", "hole" + std::to_string(i));
    if (saved.has_value() && saved->epoch.value < sound_.job.truth().epoch.value) {
      EXPECT_THAT(saved->lost, Not(IsEmpty()));
    }
    ASSERT_TRUE(env::replace_whole(files(), segments[i], before));
  }
}

TEST_F(Inspected, SalvageAsksForADirectoryOfItsOwn) {
  ASSERT_TRUE(files().make_directories("taken/by"));
  const auto saved = salvage(sound_.env, "job.data", "taken");
  ASSERT_FALSE(saved.has_value());
  EXPECT_EQ(saved.error().code, ErrorCode::kInvalidInput);
  ASSERT_TRUE(files().make_directories("empty"));
  EXPECT_TRUE(salvage(sound_.env, "job.data", "empty").has_value());
}

TEST_F(Inspected, SalvageTakesTheIdentityFromTheJournal) {
  spoil("job.data/identity");
  const auto saved = salvage(sound_.env, "job.data", "saved");
  ASSERT_TRUE(saved.has_value()) << saved.error().message;
  EXPECT_THAT(saved->saved, Contains(HasSubstr("was taken from the journal")));
  OpenOptions options = ModelJob::options();
  options.directory = "saved";
  EXPECT_TRUE(open(sound_.env, options).has_value());
}

TEST_F(Inspected, SalvageWorksWithoutALock) {
  ASSERT_TRUE(files().remove("job.data/lock"));
  EXPECT_TRUE(salvage(sound_.env, "job.data", "saved").has_value());
}

TEST_F(Inspected, SalvageKnowsTheLineagesThatTheJournalHas) {
  ASSERT_TRUE(adopt(sound_.env, "job.data", "job").has_value());
  change_identity([](IdentityRecord& record) { record.ancestors.clear(); });
  const auto saved = salvage(sound_.env, "job.data", "saved");
  ASSERT_TRUE(saved.has_value()) << saved.error().message;
  OpenOptions options = ModelJob::options();
  options.directory = "saved";
  const auto opened = open(sound_.env, options);
  EXPECT_TRUE(opened.has_value()) << opened.error().message;
}

}  // namespace
}  // namespace rheon::log::files::testing
