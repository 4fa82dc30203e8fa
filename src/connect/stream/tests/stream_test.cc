#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <random>

#include "base/stable_hash.h"
#include "connect/stream/in.h"
#include "connect/stream/out.h"
#include "connect/tests/connector_driver.h"
#include "log/files/file_log.h"

namespace rheon::streams {
namespace {

using connect::Output;
using engine::Poll;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

struct Click {
  std::string_view page;
  std::uint64_t number = 0;
};
RHEON_FIELDS(Click, page, number)

struct KeptClick {
  explicit KeptClick(const Keyed<std::string_view, Click>& click)
      : key(click.key), page(click.value.page), number(click.value.number) {}
  std::string key;
  std::string page;
  std::uint64_t number;
};

namespace later {  // the same struct in a later build
struct Click {
  std::uint64_t number = 0;
  std::string_view country = "?";
};
RHEON_FIELDS(Click, number, country)
}  // namespace later

namespace other {
struct Click {
  std::string_view number;
};
RHEON_FIELDS(Click, number)
}  // namespace other

/// What is followed and promised, too.
template <class T, class Kept = T>
class FullOutput : public Output<T, Kept> {
 public:
  void select(std::size_t partition) override {
    selected = partition;
    Output<T, Kept>::select(partition);
  }
  void trace(const observe::TraceContext& context) override {
    traced.emplace_back(this->records.size() - 1, context.span);
  }
  void watermark(EventTime time) override {
    EXPECT_GT(time, watermarks[selected]);
    watermarks[selected] = time;
  }
  std::size_t selected = 0;
  std::vector<std::pair<std::size_t, std::uint64_t>> traced;
  std::map<std::size_t, EventTime> watermarks;
};

using ClickOutput = FullOutput<Keyed<std::string_view, Click>, KeptClick>;

/// A job that writes clicks.
class Job {
 public:
  Job(env::fake::FakeEnv& env, std::uint32_t shards,
      std::optional<std::uint64_t> retention_bytes = std::nullopt)
      : env_(env) {
    const auto sink = out("clicks", {.partitions = 3, .retention_bytes = retention_bytes})
                          .bind<std::string_view, Click>();
    log::files::OpenOptions options;
    options.directory = "clicks.data";
    options.job = "clicks";
    options.streams = sink->declared_streams();
    options.stream_segment_bytes = 4096;
    auto opened = log::files::open(env, options);
    EXPECT_TRUE(opened) << opened.error().message;
    log_ = std::move(opened->log);
    epoch_ = opened->opened.epoch;
    engine::SinkEnvironment environment;
    environment.env = &env;
    environment.waker = &parker_;
    environment.shards = shards;
    for (environment.shard = 0; environment.shard < shards; ++environment.shard) {
      writers_.push_back(sink->make_participant(environment, {}));
    }
  }
  void write(std::size_t shard, std::string_view key, Click click, EventTime time,
             std::uint64_t span = 0) {
    engine::Batch<std::string_view, Click> batch;
    batch.slots.push_back({key, click, time, stable_hash(key)});
    if (span != 0) {
      batch.traces.push_back({0, {1, 2, span}});
    }
    writers_[shard]->write_batch(batch);
  }
  void watermark(std::size_t shard, EventTime time, bool idle = false) {
    writers_[shard]->watermark(time, idle);
  }
  void commit(bool complete = false) {
    log::Commit commit;
    commit.epoch = epoch_ = Epoch{epoch_.value + 1};
    commit.complete = complete;
    engine::SinkFactChanges facts;
    for (const auto& writer : writers_) {
      writer->prepare(epoch_);
      EXPECT_TRUE(*writer->prepared(facts, commit.appends));
    }
    log_->submit(std::move(commit));
    for (int i = 0; i < 1000; ++i) {
      const auto event = log_->poll();
      if (event.has_value() && event->kind == log::Event::Kind::kCommitted) {
        return;
      }
      ASSERT_FALSE(event.has_value() && event->kind == log::Event::Kind::kFailed)
          << event->sentence;
      env_.io().run_all();
    }
    FAIL() << "not committed";
  }

 private:
  env::fake::FakeEnv& env_;
  env::fake::FakeParker parker_;
  std::unique_ptr<log::Log> log_;
  Epoch epoch_;
  std::vector<std::unique_ptr<engine::SinkParticipant>> writers_;
};

class Streams : public ::testing::Test {
 protected:
  template <class T>
  struct Reading {
    Source<T> source;
    std::unique_ptr<engine::AnySourceReader> reader;
    std::vector<engine::SourcePartition> known;
  };

  engine::SourceEnvironment environment() {
    engine::SourceEnvironment result;
    result.env = &env_;
    result.waker = &parker_;
    result.stop_at_end = stop_at_end_;
    result.running = running_;
    return result;
  }
  /// A new process of the job that reads.
  template <class T>
  void start(Reading<T>& reading) {
    auto now = environment();
    auto found = reading.source.connector->discover(now, reading.known);
    ASSERT_TRUE(found) << found.error().message;
    reading.known = *found;
    reading.reader = reading.source.connector->make_any_reader(now);
    for (const auto& partition : *found) {
      reading.reader->assign(partition);
    }
  }
  template <class T>
  void commit(Reading<T>& reading) {
    for (std::size_t i = 0; i < reading.known.size(); ++i) {
      reading.known[i].position = reading.reader->position(i);
    }
  }
  template <class T, class O>
  Poll read(Reading<T>& reading, O& output) {
    Poll last = Poll::kIdle;
    for (int i = 0; i < 3; ++i) {
      env_.clock().advance(std::chrono::milliseconds{200});
      auto polled = connect::poll_through(*reading.reader, output, &env_);
      EXPECT_TRUE(polled) << polled.error().message;
      env_.io().run_all();
      last = polled ? *polled : Poll::kEnded;
    }
    return last;
  }
  template <class T>
  std::string refusal(const Source<T>& source,
                      const std::vector<engine::SourcePartition>& known = {}) {
    auto now = environment();
    auto found = source.connector->discover(now, known);
    return found ? "" : found.error().message;
  }
  static Source<Keyed<std::string_view, Click>> clicks() {
    return in_keyed<std::string_view, Click>("clicks.data", "clicks");
  }

  env::fake::FakeEnv env_;
  env::fake::FakeParker parker_;
  bool stop_at_end_ = false;
  bool running_ = false;
};

TEST_F(Streams, CarryKeysValuesTimesAndTraces) {
  Job job(env_, 1);
  job.write(0, "ann", {"/a", 1}, EventTime{10});
  job.write(0, "ann", {"/b", 2}, EventTime{5}, 77);
  Reading<Keyed<std::string_view, Click>> reading{clicks(), {}, {}};
  start(reading);
  ClickOutput output;
  EXPECT_EQ(read(reading, output), Poll::kIdle);
  EXPECT_THAT(output.records, IsEmpty()) << "not committed yet";
  job.commit();
  EXPECT_EQ(read(reading, output), Poll::kIdle);
  ASSERT_EQ(output.records.size(), 2u);
  EXPECT_EQ(output.records[1].value.key, "ann");
  EXPECT_EQ(output.records[1].value.page, "/b");
  EXPECT_EQ(output.records[1].value.number, 2u);
  EXPECT_EQ(output.records[1].time, EventTime{5});
  EXPECT_THAT(output.traced, ElementsAre(::testing::Pair(1, 77)));
  EXPECT_TRUE(reading.reader->at_end(0));
}

TEST_F(Streams, ThatAreNotThereAreWaitedForWithASentenceThatSaysWhatIs) {
  const auto why = [this](const char* directory, const char* name) {
    auto now = environment();
    const auto source = in<std::string_view>(directory, name);
    const auto found = source.connector->discover(now, {});
    EXPECT_TRUE(found.has_value() && found->empty());
    return now.found_nothing;
  };
  EXPECT_EQ(why("clicks.data", "clicks"), "There is no directory 'clicks.data' yet.");
  ASSERT_TRUE(env_.files().make_directories("empty.data"));
  EXPECT_EQ(why("empty.data", "clicks"), "'empty.data' is there, and no job has run in it yet.");
  Job job(env_, 2);
  job.commit();
  EXPECT_EQ(why("clicks.data", "clcks"), "'clicks.data' has 'clicks', but not 'clcks'.");
}

TEST_F(Streams, AreReadExactlyOnceWhileBothSidesRestart) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    env::fake::FakeEnv env(seed);
    std::mt19937_64 random(seed);
    std::optional<Job> job;
    job.emplace(env, 2);
    std::map<std::string, std::vector<std::uint64_t>> written;
    std::map<std::string, std::vector<std::uint64_t>> uncommitted;
    Reading<Keyed<std::string_view, Click>> reading{clicks(), {}, {}};
    engine::SourceEnvironment environment;
    environment.env = &env;
    environment.waker = &parker_;
    ClickOutput output;
    std::size_t kept = 0;  // records that the reader has committed
    std::uint64_t number = 0;
    const auto restart_reader = [&] {
      output.records.erase(output.records.begin() + static_cast<std::ptrdiff_t>(kept),
                           output.records.end());
      auto found = reading.source.connector->discover(environment, reading.known);
      ASSERT_TRUE(found) << found.error().message;
      reading.known = *found;
      reading.reader = reading.source.connector->make_any_reader(environment);
      for (const auto& partition : *found) {
        reading.reader->assign(partition);
      }
    };
    restart_reader();
    for (int step = 0; step < 2000; ++step) {
      switch (random() % 10) {
        case 0:
          job->commit();
          for (auto& [key, numbers] : uncommitted) {
            written[key].insert(written[key].end(), numbers.begin(), numbers.end());
          }
          uncommitted.clear();
          break;
        case 1:
          if (random() % 5 == 0) {
            job.reset();
            env.io().run_all();
            job.emplace(env, 2);
            uncommitted.clear();
          }
          break;
        case 2:
          commit(reading);
          kept = output.records.size();
          break;
        case 3:
          if (random() % 5 == 0) {
            restart_reader();
          }
          break;
        case 4:
        case 5: {
          env.clock().advance(std::chrono::milliseconds{20});
          output.in_poll = 0;
          output.full_after = 1 + random() % 100;
          const auto polled = reading.reader->poll_any(output);
          ASSERT_TRUE(polled) << polled.error().message;
          env.io().run_one(random());
          break;
        }
        default:
          for (int i = 0; i < 50; ++i) {
            const std::string key = "key" + std::to_string(random() % 7);
            uncommitted[key].push_back(++number);
            job->write(stable_hash(key) % 2, key, {"/page", number},
                       EventTime{static_cast<std::int64_t>(random() % 100)});
          }
      }
    }
    output.full_after = 1000;
    for (int i = 0; i < 20; ++i) {
      env.clock().advance(std::chrono::milliseconds{200});
      ASSERT_TRUE(connect::poll_through(*reading.reader, output, &env));
      env.io().run_all();
    }
    std::map<std::string, std::vector<std::uint64_t>> read_back;
    for (const auto& record : output.records) {
      read_back[record.value.key].push_back(record.value.number);
    }
    ASSERT_EQ(read_back, written);
  }
}

TEST_F(Streams, BringTheSmallestWatermarkOfTheirWriters) {
  Job job(env_, 2);
  Reading<Keyed<std::string_view, Click>> reading{clicks(), {}, {}};
  start(reading);
  ClickOutput output;
  const auto after_commit = [&] {
    env_.clock().advance(std::chrono::seconds{2});
    job.commit();
    read(reading, output);
    return output.watermarks[0];
  };
  job.watermark(0, EventTime{100});
  EXPECT_EQ(after_commit(), EventTime::none()) << "the other writer has not spoken";
  job.watermark(1, EventTime{50});
  EXPECT_EQ(after_commit(), EventTime{50});
  job.watermark(1, EventTime{70}, /*idle=*/true);
  EXPECT_EQ(after_commit(), EventTime{100});
  EXPECT_EQ(output.watermarks.size(), 3u) << "of each partition, also without records";
}

TEST_F(Streams, TellTheWatermarkWithTheirFirstCommit) {
  Job job(env_, 2);
  Reading<Keyed<std::string_view, Click>> reading{clicks(), {}, {}};
  start(reading);
  ClickOutput output;
  job.watermark(0, EventTime{100});
  job.watermark(1, EventTime::min(), /*idle=*/true);
  job.write(0, "ann", {"/a", 1}, EventTime{100});
  job.commit();
  read(reading, output);
  EXPECT_EQ(output.watermarks.size(), 3u) << "one writer has said nothing but that it is idle";
  EXPECT_EQ(output.watermarks[2], EventTime{100});
}

TEST_F(Streams, TellTheWatermarkAlsoToAReaderThatCameAfterAWriterHadFallenSilent) {
  Job job(env_, 2);
  Reading<Keyed<std::string_view, Click>> reading{clicks(), {}, {}};
  start(reading);
  ClickOutput output;
  job.watermark(1, EventTime{70}, /*idle=*/true);
  for (const int time : {100, 200}) {
    job.watermark(0, EventTime{time});
    env_.clock().advance(std::chrono::seconds{2});
    job.commit();
    read(reading, output);
    EXPECT_EQ(output.watermarks[0], EventTime{time});
    commit(reading);
    start(reading);
  }
}

TEST_F(Streams, AreReadByABuildThatHasOtherFields) {
  Job job(env_, 1);
  job.write(0, "ann", {"/a", 7}, EventTime{10});
  job.commit();
  Reading<later::Click> reading{in<later::Click>("clicks.data", "clicks"), {}, {}};
  start(reading);
  FullOutput<later::Click> output;
  read(reading, output);
  ASSERT_EQ(output.records.size(), 1u);
  EXPECT_EQ(output.records[0].value.number, 7u);
  EXPECT_EQ(output.records[0].value.country, "?");
}

TEST_F(Streams, OfAnotherTypeAreRefused) {
  Job job(env_, 1);
  EXPECT_THAT(
      refusal(in<other::Click>("clicks.data", "clicks")),
      HasSubstr("stream 'clicks' in 'clicks.data' was written as Click{page:text,number:u64}"
                ", this build reads Click{number:text}"));
  EXPECT_THAT(refusal(in_keyed<std::uint64_t, Click>("clicks.data", "clicks")),
              HasSubstr("has keys of type text, this build reads keys of type u64"));
}

TEST_F(Streams, ThatDoNotExistYetAreWaitedFor) {
  Reading<Keyed<std::string_view, Click>> reading{clicks(), {}, {}};
  start(reading);
  EXPECT_THAT(reading.known, IsEmpty());
  EXPECT_TRUE(reading.source.connector->grows());
  Job job(env_, 1);
  start(reading);
  EXPECT_EQ(reading.known.size(), 3u);
}

TEST_F(Streams, ThatDoNotExistEndAJobThatShallStopAtTheEnd) {
  stop_at_end_ = true;
  EXPECT_THAT(refusal(clicks()), HasSubstr("there is no stream 'clicks' in 'clicks.data'"));
}

TEST_F(Streams, ThatACompleteJobHasNotWrittenAreRefused) {
  Job job(env_, 1);
  const auto others = in_keyed<std::string_view, Click>("clicks.data", "others");
  EXPECT_EQ(refusal(others), "") << "the job may come with the stream yet";
  job.commit(/*complete=*/true);
  EXPECT_THAT(refusal(others), HasSubstr("there is no stream 'others' in 'clicks.data'. The job "
                                         "that runs there is complete"));
}

TEST_F(Streams, ThatHaveBeenReadAndAreGoneAreRefused) {
  Job job(env_, 1);
  Reading<Keyed<std::string_view, Click>> reading{clicks(), {}, {}};
  start(reading);
  engine::SourceEnvironment environment;
  environment.env = &env_;
  const auto gone = in_keyed<std::string_view, Click>("clicks.data", "others")
                        .connector->discover(environment, reading.known);
  ASSERT_FALSE(gone);
  EXPECT_EQ(gone.error().code, ErrorCode::kRefused);
  EXPECT_THAT(gone.error().message, HasSubstr("bring it back, or `reset` this job"));
}

TEST_F(Streams, EndWithTheirWriter) {
  Job job(env_, 1);
  job.write(0, "ann", {"/a", 7}, EventTime{10});
  job.commit();
  Reading<Keyed<std::string_view, Click>> reading{clicks(), {}, {}};
  start(reading);
  ClickOutput output;
  EXPECT_EQ(read(reading, output), Poll::kIdle);
  job.commit(/*complete=*/true);
  EXPECT_EQ(read(reading, output), Poll::kEnded);
}

TEST_F(Streams, EndWhereTheyAreWhenAskedTo) {
  Job job(env_, 1);
  job.write(0, "ann", {"/a", 7}, EventTime{10});
  job.commit();
  stop_at_end_ = true;
  Reading<Keyed<std::string_view, Click>> reading{clicks(), {}, {}};
  start(reading);
  ClickOutput output;
  EXPECT_EQ(read(reading, output), Poll::kEnded);
  EXPECT_EQ(output.records.size(), 1u);
  commit(reading);
  start(reading);
  EXPECT_FALSE(reading.known[0].more || reading.known[1].more || reading.known[2].more);
}

TEST_F(Streams, ThatWereMadeAnewAreRefused) {
  std::optional<Job> job;
  job.emplace(env_, 1);
  job->write(0, "ann", {"/a", 7}, EventTime{10});
  job->commit();
  Reading<Keyed<std::string_view, Click>> reading{clicks(), {}, {}};
  start(reading);
  ClickOutput output;
  read(reading, output);
  commit(reading);
  job.reset();
  env_.io().run_all();
  ASSERT_TRUE(log::files::reset(env_, "clicks.data", "clicks"));
  EXPECT_THAT(refusal(clicks(), reading.known), HasSubstr("clicks"));
  job.emplace(env_, 1);
  EXPECT_THAT(refusal(clicks(), reading.known), HasSubstr("reset or made anew"));
}

TEST_F(Streams, ThatHaveMovedOnBehindAReaderAreNoReasonToStopIt) {
  Job job(env_, 1, /*retention_bytes=*/8192);
  job.write(0, "ann", {"/a", 7}, EventTime{10});
  job.commit();
  Reading<Keyed<std::string_view, Click>> reading{clicks(), {}, {}};
  start(reading);  // its position is committed here; it reads on
  const std::string page(2000, 'p');
  for (std::uint64_t i = 0; i < 20; ++i) {
    job.write(0, "ann", {page, i}, EventTime{20});
    job.commit();
    env_.io().run_all();
  }
  EXPECT_THAT(refusal(clicks(), reading.known), HasSubstr("retention"));
  running_ = true;
  EXPECT_EQ(refusal(clicks(), reading.known), "");
}

TEST(StreamsOnThisMachine, AreReadWhileTheyGrow) {
  const connect::TemporaryDirectory directory;
  const auto env = env::make_posix_env();
  const auto parker = env->threads().make_parker();
  const auto sink = out("numbers").bind<engine::NoKey, std::uint64_t>();
  log::files::OpenOptions options;
  options.directory = directory.file("numbers.data");
  options.job = "numbers";
  options.streams = sink->declared_streams();
  auto opened = log::files::open(*env, options);
  ASSERT_TRUE(opened) << opened.error().message;
  engine::SinkEnvironment to;
  to.env = env.get();
  to.waker = parker.get();
  const auto writer = sink->make_participant(to, {});

  engine::SourceEnvironment from;
  from.env = env.get();
  from.waker = parker.get();
  const auto source = in<std::uint64_t>(options.directory, "numbers");
  const auto reader = source.connector->make_any_reader(from);
  const auto found = source.connector->discover(from, {});
  ASSERT_TRUE(found);
  for (const auto& partition : *found) {
    reader->assign(partition);
  }
  Output<std::uint64_t> output;
  std::vector<std::uint64_t> written;
  for (std::uint64_t epoch = 1; epoch <= 20; ++epoch) {
    engine::Batch<engine::NoKey, std::uint64_t> batch;
    for (int i = 0; i < 1000; ++i) {
      written.push_back(written.size());
      batch.slots.push_back({{}, written.back(), EventTime{7}});
    }
    writer->write_batch(batch);
    writer->prepare(Epoch{epoch});
    log::Commit commit;
    commit.epoch = Epoch{epoch};
    engine::SinkFactChanges facts;
    ASSERT_TRUE(*writer->prepared(facts, commit.appends));
    opened->log->submit(std::move(commit));
    for (auto event = opened->log->poll(); !event.has_value(); event = opened->log->poll()) {
      std::this_thread::yield();
    }
  }
  while (output.records.size() < written.size()) {
    ASSERT_TRUE(connect::poll_through(*reader, output));
  }
  EXPECT_EQ(output.values(), written);
}

}  // namespace
}  // namespace rheon::streams
