// Flipped bits, zeroed blocks and truncations in every file: found at open or by a check (T-06).

#include <gtest/gtest.h>

#include <random>

#include "log/files/inspect.h"
#include "log/files/tests/log_fixture.h"
#include "log/files/tests/sound_directory.h"

namespace rheon::log::files::testing {
namespace {

using env::fake::FakeEnv;

/// Damage that nobody notices would be the worst: a check names the file, or says what is missing.
void expect_found(Sound& sound, const std::string& path, const std::string& what) {
  auto report = check(sound.env.files(), "job.data");
  ASSERT_TRUE(report.has_value()) << report.error().message;
  EXPECT_FALSE(report->findings.empty()) << path << ": " << what;
}

/// Opening says so as well, or everything that was committed is still there.
void expect_refused_or_whole(Sound& sound, const std::string& path, const std::string& what) {
  SCOPED_TRACE(path + ": " + what);
  auto result = open(sound.env, ModelJob::options());
  if (!result.has_value()) {
    EXPECT_EQ(result.error().code, ErrorCode::kRefused) << result.error().message;
    return;
  }
  EXPECT_EQ(result->opened.epoch, sound.job.truth().epoch);
  EXPECT_EQ(result->opened.facts, sound.job.truth().facts);
  ModelVisitor visitor;
  const Status status = result->log->restore([](KeyGroup) { return true; }, visitor);
  if (status.has_value()) {
    EXPECT_EQ(visitor.model, sound.job.truth().state);
  } else {
    EXPECT_EQ(status.error().code, ErrorCode::kCorrupt);
  }
}

template <class Spoil>
void spoil_and_look(Sound& sound, const std::string& path, const std::string& what, Spoil spoil) {
  const std::string before = contents(sound.env, path);
  std::string bytes = before;
  spoil(bytes);
  if (bytes != before) {
    look_with(sound, path, bytes, [&] {
      expect_found(sound, path, what);
      expect_refused_or_whole(sound, path, what);
    });
  }
}

TEST(Rot, ASoundDirectoryHasNoFindings) {
  Sound sound(1);
  auto report = check(sound.env.files(), "job.data");
  ASSERT_TRUE(report.has_value()) << report.error().message;
  for (const Finding& finding : report->findings) {
    ADD_FAILURE() << finding.file << " " << finding.offset << ": " << finding.sentence;
  }
  EXPECT_EQ(report->epoch, Epoch{60});
  EXPECT_GT(report->slices, 0u);
  EXPECT_GT(report->batches, 0u);
}

TEST(Rot, AFlippedBitIsFoundInEveryFile) {
  Sound sound(2);
  std::mt19937_64 random(2);
  for (const std::string& path : sound.files) {
    const std::uint64_t bits = 8 * contents(sound.env, path).size();
    for (int i = 0; i < 25 && bits > 0; ++i) {
      const std::uint64_t bit = random() % bits;
      spoil_and_look(sound, path, "bit " + std::to_string(bit), [bit](std::string& bytes) {
        bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ (1 << (bit % 8)));
      });
    }
  }
}

TEST(Rot, AZeroedBlockIsFoundInEveryFile) {
  Sound sound(3);
  std::mt19937_64 random(3);
  for (const std::string& path : sound.files) {
    for (const std::size_t size : {64u, 512u, 4096u}) {
      const std::size_t length = contents(sound.env, path).size();
      const std::size_t at = random() % (length + 1) / size * size;
      spoil_and_look(sound, path, "zeros at " + std::to_string(at), [=](std::string& bytes) {
        for (std::size_t i = at; i < std::min(bytes.size(), at + size); ++i) {
          bytes[i] = 0;
        }
      });
    }
  }
}

TEST(Rot, ATruncationOfWhatWasCommittedIsFoundInEveryFile) {
  Sound sound(4);
  std::mt19937_64 random(4);
  for (const std::string& path : sound.files) {
    for (int i = 0; i < 5; ++i) {
      std::string whole = contents(sound.env, path);
      const std::size_t used = whole.find_last_not_of('\0') + 1;  // zeros ahead hold nothing
      if (used == 0) {
        continue;
      }
      const std::size_t length = random() % used;
      spoil_and_look(sound, path, "cut at " + std::to_string(length),
                     [length](std::string& bytes) { bytes.resize(length); });
    }
  }
}

/// Some commits; the second says `word`. The same places and lengths whatever the word of one
/// length.
void commit_some(FakeEnv& env, const std::string& word, std::uint64_t epochs = 3) {
  OpenOptions options = ModelJob::options();
  options.snapshot_after_bytes = 1 << 20;  // no segment of the journal goes
  auto result = open(env, options);
  ASSERT_TRUE(result.has_value()) << result.error().message;
  for (std::uint64_t epoch = 1; epoch <= epochs; ++epoch) {
    Commit commit;
    commit.epoch = Epoch{epoch};
    commit.deltas = {put_blob(1, "key", epoch == 2 ? word : "other")};
    commit.facts = {{"fact", epoch == 2 ? word : "other"}};
    result->log->submit(std::move(commit));
    ASSERT_TRUE(has(settle(env, *result->log), Event::Kind::kCommitted));
  }
}

struct Extent {
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
};

std::vector<Extent> frames_of_epoch(FakeEnv& env, Epoch epoch) {
  std::vector<Extent> found;
  const std::vector<DumpLine> lines = *dump(env.files(), "job.data");
  for (const DumpLine& line : lines) {
    if (std::string_view(kFirstSegment).ends_with(line.file) && line.epoch == epoch) {
      found.push_back({line.offset, line.offset + line.bytes});
    }
  }
  return found;
}

void expect_refused(FakeEnv& env) {
  auto report = check(env.files(), "job.data");
  ASSERT_TRUE(report.has_value()) << report.error().message;
  EXPECT_TRUE(report->damaged());
  auto result = open(env, ModelJob::options());
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().code, ErrorCode::kRefused) << result.error().message;
}

/// A disk that has lost writes may show what stood at the same places before: every checksum is
/// right, and yet it is another history.
TEST(Rot, FramesOfAnotherHistoryAreFound) {
  FakeEnv other(6);
  commit_some(other, "lost");
  const std::string others = contents(other, kFirstSegment);
  FakeEnv env(6);
  commit_some(env, "kept");
  const std::string own = contents(env, kFirstSegment);
  std::vector<Extent> places = frames_of_epoch(env, Epoch{2});
  ASSERT_FALSE(places.empty());
  int spliced = 0;
  places.push_back({places.front().begin, places.back().end});  // the whole epoch
  for (const auto& [begin, end] : places) {
    SCOPED_TRACE("bytes " + std::to_string(begin) + " to " + std::to_string(end));
    std::string mixed = own;
    mixed.replace(begin, end - begin, others, begin, end - begin);
    if (mixed == own) {
      continue;  // what epoch 1 was, repeated
    }
    ++spliced;
    overwrite(env, kFirstSegment, mixed);
    expect_refused(env);
    overwrite(env, kFirstSegment, own);
  }
  EXPECT_EQ(spliced, 4);  // delta, facts, commit record, all of them
  EXPECT_TRUE(open(env, ModelJob::options()).has_value());
}

TEST(Rot, ASegmentOfAnotherHistoryIsFound) {
  FakeEnv other(6);
  commit_some(other, "lost", 40);
  FakeEnv env(6);
  commit_some(env, "kept", 40);
  ASSERT_GE(env.files().list("job.data/journal")->size(), 3u);
  for (const char* segment : {"job.data/journal/00000001", "job.data/journal/00000002"}) {
    SCOPED_TRACE(segment);
    const std::string own = contents(env, segment);
    overwrite(env, segment, contents(other, segment));
    expect_refused(env);
    overwrite(env, segment, own);
  }
  EXPECT_TRUE(open(env, ModelJob::options()).has_value());
}

/// The witness may be older than the last commits. That more follows behind the damage shows that
/// it is not what a crash has left.
TEST(Rot, DamageBeforeLaterCommitsIsNotTakenForATornEnd) {
  FakeEnv young(6);
  commit_some(young, "kept", 1);
  FakeEnv env(6);
  commit_some(env, "kept", 3);
  const Extent damaged = frames_of_epoch(env, Epoch{2}).back();
  overwrite(env, "job.data/witness", contents(young, "job.data/witness"));
  std::string bytes = contents(env, kFirstSegment);
  bytes[damaged.end - 1] = static_cast<char>(bytes[damaged.end - 1] ^ 1);
  overwrite(env, kFirstSegment, bytes);
  expect_refused(env);
}

TEST(Rot, AMissingFileIsFound) {
  Sound sound(5);
  for (const std::string& path : sound.files) {
    const bool is_prepared = contents(sound.env, path).find_first_not_of('\0') == std::string::npos;
    if (is_prepared) {
      continue;
    }
    const std::string kept = contents(sound.env, path);
    ASSERT_TRUE(sound.env.files().remove(path).has_value());
    auto report = check(sound.env.files(), "job.data");
    ASSERT_TRUE(report.has_value()) << report.error().message;
    if (report->findings.empty()) {  // nobody needed it: a snapshot file that has just died
      EXPECT_NE(path.find("/snapshot/"), std::string::npos) << path;
    }
    auto file = sound.env.files().open(path, env::OpenMode::kCreate);
    ASSERT_TRUE((*file)->write_at(0, as_bytes(kept)).has_value());
  }
}

}  // namespace
}  // namespace rheon::log::files::testing
