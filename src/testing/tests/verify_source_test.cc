#include "testing/verify_source.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "connect/console/lines.h"
#include "connect/files/csv.h"
#include "connect/files/lines.h"
#include "connect/generator/words.h"
#include "connect/memory/values.h"
#include "connect/stream/in.h"
#include "connect/stream/out.h"
#include "connect/tests/connector_driver.h"
#include "testing/simulated_job.h"

namespace rheon::testing {
namespace {

using ::testing::HasSubstr;

TEST(VerifySource, LinesOfFiles) {
  verify_source<std::string_view>([](env::fake::FakeEnv& env) {
    EXPECT_TRUE(env.files().make_directories("in"));
    connect::write_file(env.files(), "in/a.txt", "a\nb\nc");
    connect::write_file(env.files(), "in/b.txt", "");
    connect::write_file(env.files(), "in/c.txt", "\nd\n");
    connect::write_file(env.files(), "in/d.txt", "e\n");
    return files::lines("in/*.txt");
  }).gives({"a", "b", "c", "", "d", "e"});
}

TEST(VerifySource, LinesOfStandardInput) {
  verify_source<std::string_view>([](env::fake::FakeEnv& env) {
    env.process().set_input("one\ntwo\nthree");
    return console::lines();
  }).gives({"one", "two", "three"});
}

TEST(VerifySource, ValuesInMemory) {
  verify_source<std::uint64_t>([](env::fake::FakeEnv&) {
    return memory::timed_values<std::uint64_t>(
        {{EventTime{1}, 7}, {EventTime{2}, 8}, {EventTime{3}, 9}}, {.partitions = 2, .repeat = 2});
  }).gives({7, 8, 9, 7, 8, 9});
}

TEST(VerifySource, GeneratedWords) {
  // Which words they are says the dictionary: of one word all are the same.
  const auto words = [](env::fake::FakeEnv&) {
    return generator::words({.dictionary = 1, .count = 10, .length = {3, 3}});
  };
  env::fake::FakeEnv env;
  testing::SimulatedJob job(env,
                            [&words, &env](Job& described) {
                              described.from("words", words(env)).to("out", files::csv("out"));
                            },
                            {});
  ASSERT_TRUE(job.start());
  ASSERT_TRUE(job.run(100'000));
  std::string word(3, ' ');
  const auto names = env.files().list("out");
  ASSERT_TRUE(names);
  for (const std::string& name : *names) {
    if (name.ends_with(".csv")) {
      auto file = env.files().open("out/" + name, env::OpenMode::kRead);
      ASSERT_TRUE(file);
      ASSERT_TRUE((*file)->read_at(0, std::as_writable_bytes(std::span(word))));
    }
  }
  verify_source<std::string_view>(words).gives(std::vector<std::string_view>(10, word));
}

TEST(VerifySource, AStreamOfAnotherJob) {
  verify_source<std::uint64_t>([](env::fake::FakeEnv& env) {
    SimulatedJobOptions options;
    options.name = "writer";
    options.log = small_log();
    SimulatedJob writer(
        env,
        [](Job& job) {
          job.from("numbers",
                   memory::timed_values<std::uint64_t>(
                       {{EventTime{1}, 1}, {EventTime{2}, 2}, {EventTime{3}, 3}}, {.repeat = 40}))
              .to("out", streams::out("numbers", {.partitions = 3}));
        },
        std::move(options));
    EXPECT_TRUE(writer.start());
    EXPECT_TRUE(writer.run(1'000'000));
    writer.kill();
    return streams::in<std::uint64_t>("writer.data", "numbers");
  }).gives([] {
    std::vector<std::uint64_t> numbers;
    for (int i = 0; i < 40; ++i) {
      numbers.insert(numbers.end(), {1, 2, 3});
    }
    return numbers;
  }());
}

/// Counts to five, and does one thing wrong.
enum class Mistake { kNone, kForgets, kRepeats, kNeverEnds, kGoesOn, kSelectsNothing, kIsNotAtEnd };

class CountingReader final : public engine::SourceReader<std::uint64_t> {
 public:
  explicit CountingReader(Mistake mistake) : mistake_(mistake) {}
  void assign(const engine::SourcePartition& partition) override {
    next_ = partition.position.empty() ? 1 : std::stoull(partition.position);
  }
  Result<engine::Poll> poll(engine::SourceOutput<std::uint64_t>& output) override {
    if (next_ > 5 && mistake_ != Mistake::kNeverEnds) {
      if (mistake_ == Mistake::kGoesOn && ended_) {
        return engine::Poll::kWorked;
      }
      ended_ = true;
      return engine::Poll::kEnded;
    }
    if (mistake_ != Mistake::kSelectsNothing) {
      output.select(0);
    }
    for (; next_ <= 5 && !output.full(); ++next_) {
      output.emit(next_, EventTime{1});
    }
    return engine::Poll::kWorked;
  }
  std::string position(std::size_t) const override {
    const std::uint64_t off = mistake_ == Mistake::kForgets   ? 1
                              : mistake_ == Mistake::kRepeats ? UINT64_MAX
                                                              : 0;
    return std::to_string(next_ > 5 ? next_ : next_ + off);
  }
  bool at_end(std::size_t) const override { return next_ > 5 && mistake_ != Mistake::kIsNotAtEnd; }

 private:
  Mistake mistake_;
  std::uint64_t next_ = 1;
  bool ended_ = false;
};

class Counting final : public engine::SourceConnector<std::uint64_t> {
 public:
  explicit Counting(Mistake mistake) : mistake_(mistake) {}
  engine::SourceTraits traits() const override { return {.kind = "counting"}; }
  Result<std::vector<engine::SourcePartition>> discover(
      engine::SourceEnvironment&,
      const std::vector<engine::SourcePartition>& known) const override {
    return known.empty() ? std::vector<engine::SourcePartition>{{"all", "all", ""}} : known;
  }
  std::unique_ptr<engine::SourceReader<std::uint64_t>> make_reader(
      const engine::SourceEnvironment&) const override {
    return std::make_unique<CountingReader>(mistake_);
  }

 private:
  Mistake mistake_;
};

std::string found_with(Mistake mistake) {
  try {
    verify_source<std::uint64_t>([mistake](env::fake::FakeEnv&) {
      return Source<std::uint64_t>{std::make_shared<const Counting>(mistake)};
    }).gives({1, 2, 3, 4, 5});
  } catch (const std::runtime_error& error) {
    return error.what();
  }
  return "nothing";
}

TEST(VerifySource, FindsWhatAReaderMustNotDo) {
  EXPECT_EQ(found_with(Mistake::kNone), "nothing");
  EXPECT_THAT(found_with(Mistake::kForgets), HasSubstr("by a new process after every poll"));
  EXPECT_THAT(found_with(Mistake::kRepeats), HasSubstr("by a new process after every poll"));
  EXPECT_THAT(found_with(Mistake::kNeverEnds), HasSubstr("does not end"));
  EXPECT_THAT(found_with(Mistake::kGoesOn), HasSubstr("a reader that has ended goes on"));
  EXPECT_THAT(found_with(Mistake::kSelectsNothing), HasSubstr("select() comes first"));
  EXPECT_THAT(found_with(Mistake::kIsNotAtEnd), HasSubstr("is not at its end"));
}

}  // namespace
}  // namespace rheon::testing
