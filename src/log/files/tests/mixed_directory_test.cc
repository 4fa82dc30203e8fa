// Directories from which something is missing, or in which something stands that belongs elsewhere:
// each is refused with the reason.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "log/files/identity.h"
#include "log/files/inspect.h"
#include "log/files/stream_writer.h"
#include "log/files/tests/forgery.h"

namespace rheon::log::files::testing {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

bool holds_frames(const std::string& bytes) {
  return bytes.find_first_not_of('\0') != std::string::npos;
}

class MixedDirectory : public ::testing::Test {
 protected:
  env::Files& files() { return sound_.env.files(); }
  std::string refusal() {
    const auto result = open(sound_.env, ModelJob::options());
    if (result.has_value()) {
      return "it was opened";
    }
    EXPECT_EQ(result.error().code, ErrorCode::kRefused);
    return result.error().message;
  }
  void change_identity(const std::function<void(IdentityRecord&)>& change) {
    IdentityRecord record = *read_identity(files(), "job.data");
    change(record);
    ASSERT_TRUE(write_identity(files(), "job.data", record).has_value());
  }
  /// Segments with commits, oldest first.
  std::vector<std::string> segments() {
    std::vector<std::string> paths;
    const auto names = *files().list("job.data/journal");
    for (const std::string& name : names) {
      const std::string path = env::join("job.data/journal", name);
      if (holds_frames(contents(sound_.env, path))) {
        paths.push_back(path);
      }
    }
    return paths;
  }

  Sound sound_{61};
};

TEST_F(MixedDirectory, AJournalWithoutAnIdentityIsNotBegunAnew) {
  ASSERT_TRUE(files().remove("job.data/identity").has_value());
  EXPECT_THAT(refusal(), HasSubstr("job.data/identity is damaged at offset 0: the file is missing, "
                                   "though there is a journal"));
}

TEST_F(MixedDirectory, WithoutAWitnessNobodyKnowsHowFarTheJobHadCome) {
  const std::string before = contents(sound_.env, "job.data/witness");
  overwrite(sound_.env, "job.data/witness", std::string(before.size(), '\0'));
  EXPECT_THAT(refusal(), HasSubstr("neither of its two slots can be read"));
  ASSERT_TRUE(files().remove("job.data/witness").has_value());
  EXPECT_THAT(refusal(), HasSubstr("job.data/witness is damaged at offset 0: the file is missing"));
  ASSERT_TRUE(env::replace_whole(files(), "job.data/witness", before).has_value());
  EXPECT_EQ(refusal(), "it was opened");
}

TEST_F(MixedDirectory, ASegmentOfALineageThatTheIdentityDoesNotNameIsRefused) {
  ASSERT_TRUE(adopt(sound_.env, "job.data", "job").has_value());
  sound_.job.open_and_compare(sound_.env);
  ASSERT_TRUE(sound_.job.commit(sound_.env));  // of the new lineage
  sound_.job.forget_log();
  change_identity([](IdentityRecord& record) { record.ancestors.clear(); });
  EXPECT_THAT(refusal(), HasSubstr("the segment belongs to another lineage"));
}

TEST_F(MixedDirectory, AHoleBetweenTwoSegmentsIsDamage) {
  const std::vector<std::string> paths = segments();
  ASSERT_GT(paths.size(), 2u);
  forge(sound_.env, paths[paths.size() - 2], [](std::vector<Forgery>& frames) {
    const Epoch last = frames.back().epoch;
    ASSERT_LT(frames[2].epoch, last) << "more than one epoch";
    while (frames.back().epoch == last) {
      frames.pop_back();
    }
  });
  EXPECT_THAT(refusal(), HasSubstr(paths.back() + " is damaged at offset 0: the segment does not "
                                                  "follow the one before it"));
}

TEST_F(MixedDirectory, AStreamOfAnotherNameIsRefused) {
  StreamHeaderRecord header = *read_stream_header(files(), "job.data/stream/out");
  header.name = "in";
  ASSERT_TRUE(
      env::replace_whole(files(), "job.data/stream/out/header", stream_header_bytes(header)));
  EXPECT_THAT(refusal(), HasSubstr("job.data/stream/out is a stream of another job"));
}

TEST_F(MixedDirectory, AllThatIsUnusualIsSaidInOneNotice) {
  const std::string last = segments().back();
  std::string bytes = contents(sound_.env, last);
  const Forgery frame = frames_of(last, bytes).back();
  bytes.resize(frame.at + kFrameHeaderBytes + frame.extension.size() + frame.payload.size());
  overwrite(sound_.env, last, bytes + "torn");
  sound_.env.files().set_file_system("fuse");
  const auto opened = open(sound_.env, ModelJob::options());
  ASSERT_TRUE(opened.has_value()) << opened.error().message;
  EXPECT_THAT(opened->opened.notice, HasSubstr("FUSE file system: its promises about syncing are "
                                               "its own; cut off the beginning of epoch 61"));
}

TEST_F(MixedDirectory, WhatNoJobCanHaveMadeIsNotLookedInto) {
  ASSERT_TRUE(files().make_directories("photos"));
  ASSERT_TRUE(env::replace_whole(files(), "photos/cat.jpg", "meow"));
  const auto is_refused = [&](const std::string& directory, ErrorCode code,
                              const std::string& words) {
    for (const Error& error : {check(files(), directory).error(), dump(files(), directory).error(),
                               salvage(sound_.env, directory, "saved").error()}) {
      EXPECT_EQ(error.code, code);
      EXPECT_THAT(error.message, HasSubstr(words));
    }
  };
  is_refused("none", ErrorCode::kNotFound, "there is no directory 'none'");
  is_refused("photos/cat.jpg", ErrorCode::kInvalidInput, "'photos/cat.jpg' is no directory");
  is_refused("photos", ErrorCode::kInvalidInput, "'photos' is not the data directory of a job");
  EXPECT_FALSE(files().info("saved").has_value());
}

TEST_F(MixedDirectory, SalvageDoesNotWriteOverAFile) {
  ASSERT_TRUE(env::replace_whole(files(), "saved", "mine"));
  const auto saved = salvage(sound_.env, "job.data", "saved");
  ASSERT_FALSE(saved.has_value());
  EXPECT_EQ(saved.error().code, ErrorCode::kInvalidInput);
  EXPECT_THAT(saved.error().message, HasSubstr("'saved' is no directory"));
  EXPECT_EQ(contents(sound_.env, "saved"), "mine");
}

TEST_F(MixedDirectory, SalvageLeavesSegmentsBehindThatNobodyNeedsAnyMore) {
  env::fake::FakeEnv env(62);
  ModelJob job(62);
  job.open_and_compare(env);
  ASSERT_TRUE(job.commit(env));
  const std::string first = "job.data/journal/00000001";
  std::string old;
  while (env.files().info(first).has_value()) {
    old = contents(env, first);
    ASSERT_TRUE(job.commit(env));
  }
  job.forget_log();
  ASSERT_TRUE(env::replace_whole(env.files(), first, old).has_value());  // its removal was lost
  const auto saved = salvage(env, "job.data", "saved");
  ASSERT_TRUE(saved.has_value()) << saved.error().message;
  EXPECT_THAT(saved->lost, IsEmpty());
  EXPECT_FALSE(env.files().info("saved/journal/00000001").has_value());
  EXPECT_FALSE(check(env.files(), "saved")->damaged());
}

TEST_F(MixedDirectory, SalvageTrustsTheJournalMoreThanTheIdentity) {
  const Identity identity = read_identity(files(), "job.data")->identity;
  int number = 0;
  for (const auto& change :
       std::vector<std::function<void(Identity&)>>{[](Identity& other) { other.job = "other"; },
                                                   [](Identity& other) {
                                                     ++other.uid.low;
                                                     ++other.key_groups;
                                                   }}) {
    change_identity([&](IdentityRecord& record) {
      record.identity = identity;
      change(record.identity);
    });
    const std::string to = "saved" + std::to_string(number++);
    const auto saved = salvage(sound_.env, "job.data", to);
    ASSERT_TRUE(saved.has_value()) << saved.error().message;
    EXPECT_THAT(saved->saved, Contains(HasSubstr("the identity is not the journal's")));
    const Identity restored = read_identity(files(), to)->identity;
    EXPECT_EQ(restored.job, identity.job);
    EXPECT_EQ(restored.uid, identity.uid);
    EXPECT_EQ(restored.key_groups, identity.key_groups);
  }
}

}  // namespace
}  // namespace rheon::log::files::testing
