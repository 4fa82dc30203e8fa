#include "testing/verify_sink.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "connect/console/lines_out.h"
#include "connect/files/csv.h"
#include "connect/stream/out.h"
#include "engine/fact_names.h"
#include "env/files.h"

namespace rheon::testing {
namespace {

using ::testing::HasSubstr;

[[nodiscard]] std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) {
    lines.push_back(line);
  }
  return lines;
}

/// The lines of a directory of CSV that can not be taken back any more.
[[nodiscard]] std::vector<std::string> committed_lines(const Outside& outside) {
  std::vector<std::string> lines;
  const std::string committed = env::read_whole(outside.files, "out/.rheon/committed").value_or("");
  for (const std::string& line : lines_of(committed)) {
    std::istringstream in(line);
    std::string name;
    std::size_t length = 0;
    if (in >> name >> length && name.ends_with(".csv")) {
      const std::string text = env::read_whole(outside.files, "out/" + name).value_or("");
      EXPECT_GE(text.size(), length) << name;
      const std::vector<std::string> more = lines_of(text.substr(0, length));
      lines.insert(lines.end(), more.begin(), more.end());
    }
  }
  return lines;
}

TEST(VerifySink, CsvFiles) {
  verify_sink<std::string_view, std::uint64_t>([] { return files::csv("out"); }, &committed_lines)
      .record("a", 1)
      .record("b, or not", 2)
      .record("c", 3)
      .record("a", 1)
      .record("d", 4)
      .writes({"a,1", "\"b, or not\",2", "c,3", "a,1", "d,4"});
}

TEST(VerifySink, CsvFilesThatAreSoonFull) {
  verify_sink<std::uint64_t>([] { return files::csv("out", {.max_file_bytes = 4}); },
                             &committed_lines)
      .record(100)
      .record(200)
      .record(300)
      .record(400)
      .record(500)
      .writes({"100", "200", "300", "400", "500"});
}

TEST(VerifySink, StandardOutput) {
  verify_sink<std::string_view>([] { return console::lines_out(); },
                                [](const Outside& outside) { return lines_of(outside.output); })
      .record("one")
      .record("two")
      .record("three")
      .writes({"one", "two", "three"});
}

TEST(VerifySink, StreamsBelongToTheLog) {
  const auto check = [] {
    verify_sink<std::uint64_t>([] { return streams::out("numbers"); },
                               [](const Outside&) { return std::vector<std::string>(); })
        .record(1)
        .writes({"1"});
  };
  EXPECT_THAT(check, ::testing::ThrowsMessage<std::runtime_error>(HasSubstr("the job's own log")));
}

/// Appends lines to one file for each shard, keeps its length as a fact, and does one thing wrong.
enum class SinkMistake {
  kNone,
  kDoesNotSync,
  kDoesNotCutBack,
  kCutsTooMuch,
  kLosesTheLastBatch,
  kNeverDone,
  kWritesSomethingElse,
};

[[nodiscard]] std::string path_of(std::uint32_t shard) { return "log-" + std::to_string(shard); }

class AppendingWriter final : public engine::SinkParticipant {
 public:
  AppendingWriter(const engine::SinkEnvironment& environment, SinkMistake mistake)
      : path_(path_of(environment.shard)), mistake_(mistake) {
    file_ = std::move(*environment.env->files().open(path_, env::OpenMode::kReadWrite));
    length_ = file_->info()->size;
  }
  void write_batch(const engine::BatchBase& batch) override {
    for (const auto& slot :
         static_cast<const engine::Batch<engine::NoKey, std::uint64_t>&>(batch).slots) {
      held_.push_back(std::to_string(slot.value) + "\n");
    }
  }
  void prepare(Epoch) override {
    if (mistake_ == SinkMistake::kLosesTheLastBatch && held_.size() > 1) {
      held_.pop_back();
    }
    for (std::string& line : held_) {
      if (mistake_ == SinkMistake::kWritesSomethingElse) {
        line.insert(line.begin(), '0');
      }
      EXPECT_TRUE(file_->write_at(length_, as_bytes(line)));
      length_ += line.size();
    }
    held_.clear();
    if (mistake_ != SinkMistake::kDoesNotSync) {
      EXPECT_TRUE(file_->sync());
    }
  }
  Result<bool> prepared(engine::SinkFactChanges& facts, std::vector<log::StreamAppend>&) override {
    facts.push_back({path_, engine::encode_u64(length_)});
    return mistake_ != SinkMistake::kNeverDone;
  }

 private:
  std::string path_;
  SinkMistake mistake_;
  std::unique_ptr<env::File> file_;
  std::uint64_t length_ = 0;
  std::vector<std::string> held_;
};

class AppendingCommitter final : public engine::SinkCommitter {
 public:
  explicit AppendingCommitter(SinkMistake mistake) : mistake_(mistake) {}
  Status recover(const engine::SinkEnvironment& environment, const engine::SinkFacts& facts,
                 engine::SinkRecovery&) override {
    for (std::uint32_t shard = 0; shard < environment.shards; ++shard) {
      RHEON_ASSIGN(const auto file,
                   environment.env->files().open(path_of(shard), env::OpenMode::kCreate));
      RHEON_TRY(environment.env->files().sync_directory("."));
      const auto fact = facts.find(path_of(shard));
      std::uint64_t length = fact == facts.end() ? 0 : engine::decode_u64(fact->second);
      if (mistake_ == SinkMistake::kDoesNotCutBack) {
        RHEON_ASSIGN(const env::FileInfo info, file->info());
        length = info.size;
      }
      if (mistake_ == SinkMistake::kCutsTooMuch && length > 0) {
        --length;
      }
      RHEON_TRY(file->truncate(length));
      RHEON_TRY(file->sync());
    }
    return {};
  }

 private:
  SinkMistake mistake_;
};

class Appending final : public engine::AnySinkConnector {
 public:
  explicit Appending(SinkMistake mistake) : mistake_(mistake) {}
  engine::SinkTraits traits() const override { return {.kind = "appending"}; }
  std::unique_ptr<engine::SinkParticipant> make_participant(
      const engine::SinkEnvironment& environment, const engine::SinkFacts&) const override {
    return std::make_unique<AppendingWriter>(environment, mistake_);
  }
  std::unique_ptr<engine::SinkCommitter> make_committer() const override {
    return std::make_unique<AppendingCommitter>(mistake_);
  }

 private:
  SinkMistake mistake_;
};

struct Appender {
  SinkMistake mistake;
  template <class K, class T>
  [[nodiscard]] std::shared_ptr<const engine::AnySinkConnector> bind() const {
    return std::make_shared<const Appending>(mistake);
  }
};

std::string sink_found_with(SinkMistake mistake) {
  try {
    verify_sink<std::uint64_t>([mistake] { return Appender{mistake}; },
                               [](const Outside& outside) {
                                 std::string text;
                                 for (std::uint32_t shard = 0; shard < 3; ++shard) {
                                   text +=
                                       env::read_whole(outside.files, path_of(shard)).value_or("");
                                 }
                                 return lines_of(text);
                               })
        .record(1)
        .record(2)
        .record(3)
        .record(4)
        .record(5)
        .writes({"1", "2", "3", "4", "5"});
  } catch (const std::runtime_error& error) {
    return error.what();
  }
  return "nothing";
}

TEST(VerifySink, FindsWhatASinkMustNotDo) {
  EXPECT_EQ(sink_found_with(SinkMistake::kNone), "nothing");
  EXPECT_THAT(sink_found_with(SinkMistake::kDoesNotSync),
              HasSubstr("(a power cut in every epoch before it is prepared, epoch 2)"));
  EXPECT_THAT(sink_found_with(SinkMistake::kDoesNotCutBack),
              HasSubstr("after a start there stands '1', '2' and not ''"));
  EXPECT_THAT(sink_found_with(SinkMistake::kCutsTooMuch), HasSubstr("there stands '1', '23', '4'"));
  EXPECT_THAT(sink_found_with(SinkMistake::kLosesTheLastBatch),
              HasSubstr("(all in one epoch, epoch 2)"));
  EXPECT_THAT(sink_found_with(SinkMistake::kNeverDone), HasSubstr("the sink is never done"));
  EXPECT_THAT(sink_found_with(SinkMistake::kWritesSomethingElse), HasSubstr("there stands '01'"));
}

/// A file for each record, whatever writes it: once or more often.
class UpsertingWriter final : public engine::SinkParticipant {
 public:
  explicit UpsertingWriter(env::Env& env) : env_(env) {}
  void write_batch(const engine::BatchBase& batch) override {
    for (const auto& slot :
         static_cast<const engine::Batch<engine::NoKey, std::uint64_t>&>(batch).slots) {
      const std::string path = "kept/" + std::to_string(slot.value);
      EXPECT_TRUE(env_.files().make_directories("kept"));
      EXPECT_TRUE((*env_.files().open(path, env::OpenMode::kCreate))->sync());
      EXPECT_TRUE(env_.files().sync_directory("kept"));
    }
  }
  void prepare(Epoch) override { EXPECT_TRUE(env_.files().sync_directory(".")); }
  Result<bool> prepared(engine::SinkFactChanges&, std::vector<log::StreamAppend>&) override {
    return true;
  }

 private:
  env::Env& env_;
};

class Upserting final : public engine::AnySinkConnector {
 public:
  explicit Upserting(engine::Guarantee guarantee) : guarantee_(guarantee) {}
  engine::SinkTraits traits() const override {
    return {.kind = "upserting", .guarantee = guarantee_};
  }
  std::unique_ptr<engine::SinkParticipant> make_participant(
      const engine::SinkEnvironment& environment, const engine::SinkFacts&) const override {
    return std::make_unique<UpsertingWriter>(*environment.env);
  }
  std::unique_ptr<engine::SinkCommitter> make_committer() const override { return nullptr; }

 private:
  engine::Guarantee guarantee_;
};

struct Upserter {
  engine::Guarantee guarantee;
  template <class K, class T>
  [[nodiscard]] std::shared_ptr<const engine::AnySinkConnector> bind() const {
    return std::make_shared<const Upserting>(guarantee);
  }
};

void verify_upserter(engine::Guarantee guarantee) {
  verify_sink<std::uint64_t>(
      [guarantee] { return Upserter{guarantee}; },
      [](const Outside& outside) {
        return outside.files.list("kept").value_or(std::vector<std::string>());
      })
      .record(1)
      .record(2)
      .record(3)
      .writes({"1", "2", "3"});
}

TEST(VerifySink, WhatIsIdempotentMayBeThereBeforeItsCommit) {
  verify_upserter(engine::Guarantee::kIdempotent);
  const auto as_exactly_once = [] { verify_upserter(engine::Guarantee::kExactlyOnce); };
  EXPECT_THAT(as_exactly_once, ::testing::ThrowsMessage<std::runtime_error>(
                                   HasSubstr("after a start there stands '1', '2' and not ''")));
}

TEST(VerifySink, WantsATextForEachRecord) {
  const auto check = [] {
    verify_sink<std::string_view>([] { return console::lines_out(); },
                                  [](const Outside& outside) { return lines_of(outside.output); })
        .record("one")
        .record("two")
        .writes({"one"});
  };
  EXPECT_THAT(check, ::testing::ThrowsMessage<std::runtime_error>(HasSubstr("1 for 2 records")));
}

/// At least once: nothing may be missing, and nothing may stand there that nobody wrote.
std::string output_found_with(const std::function<std::string(const std::string&)>& spoilt) {
  try {
    verify_sink<std::string_view>(
        [] { return console::lines_out(); },
        [&spoilt](const Outside& outside) { return lines_of(spoilt(outside.output)); })
        .record("one")
        .record("two")
        .writes({"one", "two"});
  } catch (const std::runtime_error& error) {
    return error.what();
  }
  return "nothing";
}

TEST(VerifySink, AtLeastOnceMeansAllOfIt) {
  EXPECT_EQ(output_found_with([](const std::string& output) { return output + output; }),
            "nothing");
  EXPECT_THAT(output_found_with([](const std::string& output) { return output.substr(0, 4); }),
              HasSubstr("after a commit 'two' is missing (all in one epoch"));
  EXPECT_THAT(output_found_with([](const std::string& output) { return output + "three\n"; }),
              HasSubstr("'three' stands there, which nobody wrote"));
}

}  // namespace
}  // namespace rheon::testing
