// Journals, slices and streams of which every checksum is right and one thing is wrong: who looks
// names that thing.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "log/files/identity.h"
#include "log/files/inspect.h"
#include "log/files/stream_writer.h"
#include "log/files/tests/forgery.h"
#include "log/files/tests/log_fixture.h"

namespace rheon::log::files::testing {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;

constexpr const char* kStream = "job.data/stream/out";

bool is(const Forgery& frame, FrameType type) {
  return frame.type == static_cast<std::uint8_t>(type);
}

/// Changes every commit record of a journal's segment.
std::function<void(std::vector<Forgery>&)> in_commits(
    const std::function<void(CommitRecord&)>& change) {
  return [change](std::vector<Forgery>& frames) {
    for (Forgery& frame : frames) {
      CommitRecord record;
      if (is(frame, FrameType::kCommit) && decode(frame.payload, record)) {
        change(record);
        frame.payload = encode(record);
      }
    }
  };
}

class ForgedHistory : public ::testing::Test {
 protected:
  /// Commits, each of one fact and a batch for partition 0, and forgets what was witnessed.
  void run(int epochs, std::size_t batch_bytes = 10) {
    options_.streams = {{"out", 2, "text", {}}};
    options_.journal_segment_bytes = 1 << 20;
    auto result = open(env_, options_);
    ASSERT_TRUE(result.has_value()) << result.error().message;
    for (int i = 1; i <= epochs; ++i) {
      Commit commit;
      commit.epoch = Epoch{static_cast<std::uint64_t>(i)};
      commit.deltas = {put_blob(1, "key", std::to_string(i))};
      commit.facts = {{"fact", std::to_string(i)}};
      commit.appends = {{"out", 0, 1, EventTime{i}, std::string(batch_bytes, 'x')}};
      result->log->submit(std::move(commit));
      ASSERT_TRUE(has(settle(env_, *result->log), Event::Kind::kCommitted));
    }
    const Witnessed nothing{result->opened.identity.lineage, Epoch{0}, Chain{}};
    ASSERT_TRUE(write_first_witness(env_.files(), "job.data", nothing).has_value());
  }
  std::string refusal() {
    const auto result = open(env_, options_);
    return result.has_value() ? "it was opened" : result.error().message;
  }
  std::vector<std::string> damage() {
    std::vector<std::string> all;
    const auto report = check(env_.files(), "job.data");
    EXPECT_TRUE(report.has_value()) << report.error().message;
    for (const Finding& finding : report->findings) {
      if (finding.kind == Finding::Kind::kDamage) {
        all.push_back(finding.file + ": " + finding.sentence);
      }
    }
    return all;
  }

  env::fake::FakeEnv env_;
  OpenOptions options_ = small_options();
};

TEST_F(ForgedHistory, IsReadAsItStandsWhereNothingWasChanged) {
  run(3);
  const std::string before = contents(env_, kFirstSegment);
  forge(env_, kFirstSegment, [](std::vector<Forgery>&) {});
  EXPECT_EQ(contents(env_, kFirstSegment), before);
  EXPECT_EQ(refusal(), "it was opened");
}

TEST_F(ForgedHistory, FactsThatCannotBeReadAreDamage) {
  run(3);
  forge(env_, kFirstSegment, [](std::vector<Forgery>& frames) {
    for (Forgery& frame : frames) {
      if (is(frame, FrameType::kFacts) && frame.epoch == Epoch{2}) {
        frame.payload.pop_back();
      }
    }
  });
  EXPECT_THAT(damage(), Contains(HasSubstr("the facts of an epoch cannot be read")));
  EXPECT_THAT(refusal(), HasSubstr("the facts of an epoch cannot be read"));
}

TEST_F(ForgedHistory, ADeltaThatCannotBeReadIsOfAnotherVersion) {
  run(3);
  forge(env_, kFirstSegment, [](std::vector<Forgery>& frames) {
    for (Forgery& frame : frames) {
      if (is(frame, FrameType::kDelta)) {
        frame.payload[0] = '\x7f';
      }
    }
  });
  EXPECT_THAT(refusal(), HasSubstr("a delta of epoch 1 in job.data/journal cannot be read though "
                                   "it checks"));
}

TEST_F(ForgedHistory, AStreamThatEndsElsewhereIsDamage) {
  run(3);
  forge(env_, kFirstSegment, in_commits([](CommitRecord& record) {
          for (CommitRecord::StreamChange& change : record.streams) {
            ++change.state.next[1];
          }
        }));
  EXPECT_THAT(damage(), Contains(HasSubstr("stream/out: the segments do not end where the journal "
                                           "says")));
}

TEST_F(ForgedHistory, AStreamsSegmentThatBeginsElsewhereIsDamage) {
  run(30, 100);
  forge(env_, env::join(kStream, number_name(2)), [](std::vector<Forgery>& frames) {
    std::vector<std::uint64_t> next;
    ASSERT_TRUE(decode_stream_segment_head(frames[0].payload.substr(sizeof(Id)), next));
    ++next[1];  // no batch of this partition will contradict
    codec::Reader owner(frames[0].payload);
    frames[0].payload = encode_stream_segment_head(get_id(owner), next);
  });
  EXPECT_THAT(damage(), Contains(HasSubstr("stream/out/00000002: the segment does not follow the "
                                           "one before it")));
}

TEST_F(ForgedHistory, ASliceThatIsLongerThanItsFileIsDamageAndNotRead) {
  run(1);
  const SliceEntry slice{{StateId{1}, KeyGroup{1}}, Epoch{1}, 1, 60, UINT64_MAX - 50};
  ASSERT_TRUE(env::replace_whole(env_.files(), "job.data/snapshot/00000001", std::string(100, 's'))
                  .has_value());
  forge(env_, kFirstSegment, in_commits([&slice](CommitRecord& record) {
          record.slices = {{StateId{1}, KeyGroup{1}, {slice}}};
        }));
  EXPECT_THAT(refusal(), HasSubstr("snapshot/00000001 is damaged at offset 100: the file is "
                                   "shorter than was committed"));
  ASSERT_TRUE(env_.files().remove("job.data/snapshot/00000001").has_value());
  EXPECT_THAT(refusal(), HasSubstr("snapshot/00000001 is damaged at offset 0: the file is "
                                   "missing"));
}

}  // namespace
}  // namespace rheon::log::files::testing
