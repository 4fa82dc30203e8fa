#include "connect/files/lines.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "connect/files/file_chunks.h"
#include "connect/files/file_position.h"
#include "connect/tests/connector_driver.h"

namespace rheon::files {
namespace {

using connect::append_file;
using connect::write_file;
using engine::Poll;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class Lines : public ::testing::Test {
 protected:
  engine::SourceEnvironment environment() {
    engine::SourceEnvironment result;
    result.env = &env_;
    result.waker = &parker_;
    result.stop_at_end = stop_at_end_;
    return result;
  }
  /// A new process: discovers from what was committed, reads on.
  void start(const std::string& glob, const LinesOptions& options = {}) {
    source_ = lines(glob, options);
    reader_ = source_.connector->make_any_reader(environment());
    assigned_.clear();
    discover();
  }
  void discover() {
    auto environment_now = environment();
    auto found = source_.connector->discover(environment_now, known_);
    ASSERT_TRUE(found) << found.error().message;
    for (const auto& partition : *found) {
      if (std::find(assigned_.begin(), assigned_.end(), partition.id) == assigned_.end()) {
        assigned_.push_back(partition.id);
        labels_.push_back(partition.label);
        reader_->assign(partition);
      }
    }
    commit();
  }
  void commit() {
    known_.clear();
    for (std::size_t i = 0; i < assigned_.size(); ++i) {
      known_.push_back({assigned_[i], "", reader_->position(i)});
    }
  }
  Poll read() {
    auto polled = connect::poll_through(*reader_, output_, &env_);
    EXPECT_TRUE(polled) << polled.error().message;
    commit();
    return polled ? *polled : Poll::kEnded;
  }
  /// Reads, looks again at growing files, reads.
  Poll read_growing() {
    Poll last = read();
    for (int i = 0; i < 3; ++i) {
      env_.clock().advance(std::chrono::milliseconds{200});
      env_.io().run_all();
      last = read();
      env_.io().run_all();
      last = read();
    }
    return last;
  }
  std::string refusal(const std::string& glob, const LinesOptions& options = {}) {
    auto environment_now = environment();
    auto found = lines(glob, options).connector->discover(environment_now, known_);
    return found ? "" : found.error().message;
  }

  env::fake::FakeEnv env_;
  env::fake::FakeParker parker_;
  bool stop_at_end_ = false;
  Source<std::string_view> source_;
  std::unique_ptr<engine::AnySourceReader> reader_;
  std::vector<std::string> assigned_;
  std::vector<std::string> labels_;
  std::vector<engine::SourcePartition> known_;
  connect::TextOutput output_;
};

TEST_F(Lines, AreReadFromAllFilesThatMatch) {
  write_file(env_.files(), "a.txt", "one\ntwo\r\n\nlast");
  write_file(env_.files(), "b.txt", "three\n");
  write_file(env_.files(), "c.log", "no\n");
  start("*.txt");
  EXPECT_EQ(read(), Poll::kEnded);
  EXPECT_THAT(output_.values(), ::testing::UnorderedElementsAre("one", "two", "", "last", "three"));
  EXPECT_TRUE(reader_->at_end(0));
  EXPECT_TRUE(reader_->at_end(1));
}

TEST_F(Lines, SayWhatToDoWhenNoFileMatches) {
  EXPECT_THAT(refusal("texts/*.txx"), HasSubstr("no file matches 'texts/*.txx'"));
  ASSERT_TRUE(env_.files().make_directories("texts"));
  EXPECT_THAT(refusal("texts"), HasSubstr("'texts' is a directory"));
  EXPECT_THAT(refusal("texts"), HasSubstr("'texts/*' all of them"));
  EXPECT_THAT(refusal("texts/*.txx"), HasSubstr("--follow"));
  EXPECT_EQ(refusal("texts/*.txx", {.follow = true}), "");
}

TEST_F(Lines, OfAPatternThatMatchesNothingAnyMoreAreRefusedWhileWhatWasReadIsThere) {
  write_file(env_.files(), "a.txt", "one\ntwo\n");
  start("*.txt");
  read();
  EXPECT_THAT(refusal("*.txx"), ::testing::AllOf(HasSubstr("no file matches '*.txx'"),
                                                 HasSubstr("is still there ('a.txt')")));
  EXPECT_EQ(refusal("*.txx", {.follow = true}), "");
  ASSERT_TRUE(env_.files().remove("a.txt"));  // read to its end, and taken away: that is all
  EXPECT_EQ(refusal("*.txx"), "");
}

TEST_F(Lines, OfManyFilesAreReadAFewFilesAtATime) {
  std::vector<std::string> expected;
  for (int i = 0; i < 30; ++i) {
    write_file(env_.files(), "f" + std::to_string(i), "line " + std::to_string(i) + "\n");
    expected.push_back("line " + std::to_string(i));
  }
  start("f*");
  EXPECT_EQ(read(), Poll::kEnded);
  EXPECT_THAT(output_.values(), ::testing::UnorderedElementsAreArray(expected));
}

TEST_F(Lines, GoOnBehindTheCommittedOne) {
  std::string text;
  for (int i = 0; i < 200'000; ++i) {
    text += "line number " + std::to_string(i) + "\n";  // several chunks
  }
  write_file(env_.files(), "a", text);
  std::mt19937 random(7);
  start("a");
  for (;;) {
    output_.in_poll = 0;
    output_.full_after = 1 + random() % 5000;
    const auto polled = reader_->poll_any(output_);
    ASSERT_TRUE(polled);
    if (*polled == Poll::kEnded) {
      break;
    }
    env_.io().run_all();
    if (random() % 20 == 0) {
      commit();
      start("a");
    }
  }
  ASSERT_EQ(output_.records.size(), 200'000u);
  for (int i = 0; i < 200'000; ++i) {
    ASSERT_EQ(output_.records[static_cast<std::size_t>(i)].value,
              "line number " + std::to_string(i));
  }
}

TEST_F(Lines, ThatAreTooLongGoToQuarantine) {
  const std::string big(3 * connect::files::FileChunks::kChunkBytes, 'x');
  write_file(
      env_.files(), "a",
      "short\n" + big + "\n" + std::string(101, 'y') + "\n" + std::string(100, 'z') + "\r\nend");
  start("a", {.max_line_bytes = 100});
  read();
  EXPECT_THAT(output_.values(), ElementsAre("short", std::string(100, 'z'), "end"));
  ASSERT_EQ(output_.quarantined.size(), 2u);
  EXPECT_EQ(output_.quarantined[0].place, "a:6");
  EXPECT_THAT(output_.quarantined[0].reason, HasSubstr("786432 bytes"));
  EXPECT_EQ(output_.quarantined[0].bytes.size(), 65536u);
  EXPECT_EQ(output_.quarantined[1].bytes, std::string(101, 'y'));
}

TEST_F(Lines, ThatAreNotUtf8GoToQuarantineWhenAsked) {
  write_file(env_.files(), "a", "gr\xc3\xbcn\nbad\xff\n");
  start("a", {.require_utf8 = true});
  read();
  EXPECT_THAT(output_.values(), ElementsAre("gr\xc3\xbcn"));
  ASSERT_EQ(output_.quarantined.size(), 1u);
  EXPECT_EQ(output_.quarantined[0].place, "a:6");
}

TEST_F(Lines, OfAFileThatBecameShorterStopTheJob) {
  write_file(env_.files(), "a", "one\ntwo\n");
  start("a");
  read();
  write_file(env_.files(), "a", "one\n");
  EXPECT_THAT(refusal("a"), HasSubstr("'a' was read up to byte 8, and has only 4 bytes now"));
}

TEST_F(Lines, OfAnotherFileUnderAKnownNameStopTheJob) {
  write_file(env_.files(), "a", "one\ntwo\n");
  start("a");
  read();
  ASSERT_TRUE(env_.files().remove("a"));
  write_file(env_.files(), "a", "one\ntwo\nthree\n");
  EXPECT_THAT(refusal("a"), HasSubstr("is another file now"));
}

TEST_F(Lines, OfAFileThatIsGoneStopTheJobUnlessItWasReadToItsEnd) {
  write_file(env_.files(), "a", "one\ntwo\n");
  write_file(env_.files(), "b", "three\n");
  start("[ab]");
  ASSERT_TRUE(env_.files().remove("a"));
  EXPECT_THAT(refusal("[ab]"), HasSubstr("'a' was read up to byte 0, and is gone"));
  write_file(env_.files(), "a", "one\ntwo\n");
  known_.clear();
  start("[ab]");
  read();
  ASSERT_TRUE(env_.files().remove("a"));
  EXPECT_EQ(refusal("[ab]"), "");
}

TEST_F(Lines, OfAGrowingFileExistOnceTheirNewlineDoes) {
  write_file(env_.files(), "a", "one\ntw");
  start("a", {.follow = true});
  EXPECT_EQ(read_growing(), Poll::kIdle);
  EXPECT_THAT(output_.values(), ElementsAre("one"));
  EXPECT_TRUE(reader_->at_end(0));
  append_file(env_.files(), "a", "o\nthree\n");
  EXPECT_EQ(read_growing(), Poll::kIdle);
  EXPECT_THAT(output_.values(), ElementsAre("one", "two", "three"));
}

TEST_F(Lines, OfARenamedFileAreReadToItsEndAndThoseOfTheNewOneToo) {
  write_file(env_.files(), "a", "one\n");
  start("a", {.follow = true});
  read_growing();
  append_file(env_.files(), "a", "two\n");
  ASSERT_TRUE(env_.files().rename("a", "a.1"));
  write_file(env_.files(), "a", "three\n");
  append_file(env_.files(), "a.1", "late\n");
  discover();
  read_growing();
  EXPECT_THAT(output_.values(), ::testing::UnorderedElementsAre("one", "two", "late", "three"));
}

TEST_F(Lines, OfAFileThatWasRenamedWhileNobodyLookedAreFoundAgain) {
  write_file(env_.files(), "a", "one\n");
  start("a", {.follow = true});
  read_growing();
  append_file(env_.files(), "a", "two\n");
  ASSERT_TRUE(env_.files().rename("a", "a.1"));
  write_file(env_.files(), "a", "three\n");
  start("a", {.follow = true});
  read_growing();
  EXPECT_THAT(output_.values(), ::testing::UnorderedElementsAre("one", "two", "three"));
}

TEST_F(Lines, OfATruncatedFileAreReadFromItsStartAgain) {
  write_file(env_.files(), "a", "one\ntwo\nthr");
  start("a", {.follow = true});
  read_growing();
  write_file(env_.files(), "a", "four\n");
  read_growing();
  discover();
  read_growing();
  EXPECT_THAT(output_.values(), ElementsAre("one", "two", "four"));
  ASSERT_EQ(output_.quarantined.size(), 1u);
  EXPECT_EQ(output_.quarantined[0].bytes, "thr");
}

TEST_F(Lines, OfAFileThatWasTruncatedAndGrewBeyondAreReadFromItsStartAgain) {
  write_file(env_.files(), "a", "one\n");
  start("a", {.follow = true});
  read_growing();
  write_file(env_.files(), "a", "two and more\n");
  read_growing();
  discover();
  read_growing();
  EXPECT_THAT(output_.values(), ElementsAre("one", "two and more"));
}

TEST_F(Lines, OfFollowedFilesEndWhenAskedToStopAtTheEnd) {
  write_file(env_.files(), "a", "one\ntw");
  stop_at_end_ = true;
  start("a", {.follow = true});
  EXPECT_EQ(read(), Poll::kEnded);
  EXPECT_THAT(output_.values(), ElementsAre("one"));
  append_file(env_.files(), "a", "o\n");
  stop_at_end_ = false;
  start("a", {.follow = true});
  read_growing();
  EXPECT_THAT(output_.values(), ElementsAre("one", "two"));
}

TEST_F(Lines, OfNoFileEndAtOnce) {
  write_file(env_.files(), "a", "");
  start("a");
  EXPECT_EQ(read(), Poll::kEnded);
  EXPECT_THAT(output_.values(), IsEmpty());
}

TEST_F(Lines, AReaderMayGoWhileItsDiskIsBusy) {
  write_file(env_.files(), "a", "one\n");
  start("a");
  ASSERT_TRUE(reader_->poll_any(output_));
  reader_.reset();
  env_.io().run_all();
}

TEST(LinesOnThisMachine, AreReadAndFollowed) {
  const connect::TemporaryDirectory directory;
  const auto env = env::make_posix_env();
  const auto parker = env->threads().make_parker();
  std::string text;
  for (int i = 0; i < 100'000; ++i) {
    text += std::to_string(i) + "\n";
  }
  write_file(env->files(), directory.file("a.txt"), text);
  engine::SourceEnvironment environment;
  environment.env = env.get();
  environment.waker = parker.get();
  const auto source = lines(directory.file("*.txt"));
  auto found = source.connector->discover(environment, {});
  ASSERT_TRUE(found);
  ASSERT_EQ(found->size(), 1u);
  const auto reader = source.connector->make_any_reader(environment);
  reader->assign(found->front());
  connect::TextOutput output;
  ASSERT_TRUE(connect::poll_through(*reader, output));
  ASSERT_EQ(output.records.size(), 100'000u);
  EXPECT_EQ(output.records.back().value, "99999");
}

}  // namespace
}  // namespace rheon::files
