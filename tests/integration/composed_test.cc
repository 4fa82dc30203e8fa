// Two programs, one of which reads the stream that the other writes.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <map>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "program.h"

namespace rheon::integration {
namespace {

using ::testing::HasSubstr;

class ComposedJobs : public ::testing::Test {
 protected:
  Outcome split(const std::string& command, const std::vector<std::string>& more = {}) {
    return run("split_words", line(command, split_, more), directory_.path());
  }
  Outcome count(const std::string& command, const std::vector<std::string>& more = {}) {
    return run("count_words", line(command, count_, more), directory_.path());
  }

  /// How often each word was counted; fails unless its counts are 1 .. n.
  std::map<std::string, std::size_t> words() {
    std::map<std::string, std::vector<std::size_t>> counts;
    for (const auto& entry : std::filesystem::directory_iterator(directory_.path() / "out")) {
      if (entry.path().extension() == ".csv") {
        std::ifstream in(entry.path());
        for (std::string line; std::getline(in, line);) {
          const std::size_t comma = line.find(',');
          counts[line.substr(0, comma)].push_back(std::stoul(line.substr(comma + 1)));
        }
      }
    }
    std::map<std::string, std::size_t> result;
    for (auto& [word, numbers] : counts) {
      std::sort(numbers.begin(), numbers.end());
      for (std::size_t i = 0; i < numbers.size(); ++i) {
        EXPECT_EQ(numbers[i], i + 1) << word;
      }
      result[word] = numbers.size();
    }
    return result;
  }

  /// Waits until the running reader has counted the word so often; after 20 seconds it fails, and
  /// says what the jobs say.
  ::testing::AssertionResult counted(const std::string& word, int times) {
    const std::string wanted = "counts.value of " + word + ": " + std::to_string(times) + "\n";
    Outcome last;
    for (int i = 0; i < 400; ++i) {
      last = count("state get", {"counts", word});
      if (last.out.starts_with(wanted)) {
        return ::testing::AssertionSuccess();
      }
      std::this_thread::sleep_for(std::chrono::milliseconds{50});
    }
    ::testing::AssertionResult result = ::testing::AssertionFailure();
    result << "wanted " << wanted << "state get: " << last.out << last.err;
    for (const Outcome& said : {count("status"), split("status"), split("streams ls")}) {
      result << said.out << said.err;
    }
    for (const auto& entry : std::filesystem::directory_iterator(directory_.path())) {
      if (entry.path().extension() == ".err") {
        result << "--- " << entry.path().filename() << "\n" << std::ifstream(entry.path()).rdbuf();
      }
    }
    return result;
  }

  static std::vector<std::string> line(const std::string& command,
                                       const std::vector<std::string>& parameters,
                                       const std::vector<std::string>& more) {
    std::vector<std::string> words;
    for (std::size_t at = 0; at < command.size();) {
      const std::size_t end = std::min(command.find(' ', at), command.size());
      words.push_back(command.substr(at, end - at));
      at = end + 1;
    }
    if (command == "run") {
      words.insert(words.end(), parameters.begin(), parameters.end());
    }
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }

  WorkingDirectory directory_;
  std::vector<std::string> split_{"--input", "in/*.txt", "--shards", "2"};
  std::vector<std::string> count_{"--output", "out", "--shards", "2"};
};

using Words = std::map<std::string, std::size_t>;

TEST_F(ComposedJobs, a_reader_waits_for_the_writers_first_start_and_ends_with_it) {
  directory_.write("in/a.txt", "to be or not to be\n");
  count_.back() = "6";
  Running reader("count_words", line("run", count_, {}), directory_.path());
  std::this_thread::sleep_for(std::chrono::milliseconds{300});
  const Outcome writing = split("run");
  EXPECT_EQ(writing.code, 0) << writing.err;
  const Outcome reading = reader.wait();
  EXPECT_EQ(reading.code, 0) << reading.err;
  EXPECT_THAT(reading.err,
              HasSubstr("source 'words' (stream 'words' in 'split_words.data'): there is "
                        "nothing to read yet; waiting. There is no directory "
                        "'split_words.data' yet."));
  EXPECT_EQ(words(), (Words{{"to", 2}, {"be", 2}, {"or", 1}, {"not", 1}}));
  EXPECT_THAT(split("streams ls").out,
              ::testing::ContainsRegex("words +4 +6 +[0-9]+ +text +sealed"));
}

TEST_F(ComposedJobs, both_are_killed_and_rescaled_while_the_other_goes_on) {
  directory_.write("in/a.txt", "one\n");
  const std::vector<std::string> follow{"--follow"};
  std::optional<Running> writer(std::in_place, "split_words", line("run", split_, follow),
                                directory_.path());
  std::optional<Running> reader(std::in_place, "count_words", line("run", count_, {}),
                                directory_.path());
  ASSERT_TRUE(counted("one", 1));

  EXPECT_EQ(count("scale 5").code, 0);
  EXPECT_EQ(split("scale 3").code, 0);
  directory_.write("in/b.txt", "one\n");
  ASSERT_TRUE(counted("one", 2));

  writer.reset();  // kill -9
  split_.back() = "1";
  writer.emplace("split_words", line("run", split_, follow), directory_.path());
  directory_.write("in/c.txt", "one\n");
  ASSERT_TRUE(counted("one", 3));

  reader.reset();
  directory_.write("in/d.txt", "one\n");
  count_.back() = "4";
  reader.emplace("count_words", line("run", count_, {}), directory_.path());
  ASSERT_TRUE(counted("one", 4));

  writer->signal(SIGTERM);
  EXPECT_EQ(writer->wait().code, 0);
  EXPECT_EQ(split("run", {"--follow", "--stop-at-end"}).code, 0);
  const Outcome reading = reader->wait();
  EXPECT_EQ(reading.code, 0) << reading.err;
  EXPECT_EQ(words(), (Words{{"one", 4}}));
}

TEST_F(ComposedJobs, a_reader_that_fell_behind_the_retention_is_told_and_begins_anew) {
  split_.insert(split_.end(), {"--keep-bytes", "2000000", "--follow", "--stop-at-end"});
  directory_.write("in/a.txt", "first\n");
  ASSERT_EQ(split("run", {"--no-drain"}).code, 0);
  ASSERT_EQ(count("run", {"--stop-at-end", "--no-drain"}).code, 0);
  EXPECT_EQ(words(), (Words{{"first", 1}}));

  std::string text;
  for (int i = 0; i < 1'000'000; ++i) {
    text += "word word\n";
  }
  directory_.write("in/b.txt", text);
  const Outcome writing = split("run");
  ASSERT_EQ(writing.code, 0) << writing.err;
  const Outcome behind = count("run");
  EXPECT_EQ(behind.code, 3);
  EXPECT_THAT(behind.err, HasSubstr("any more: its retention is shorter than this job was behind"));

  ASSERT_EQ(count("reset").code, 0);
  std::filesystem::remove_all(directory_.path() / "out");
  const Outcome anew = count("run");
  EXPECT_EQ(anew.code, 0) << anew.err;
  const Words kept = words();
  ASSERT_EQ(kept.size(), 1u);
  EXPECT_LT(kept.at("word"), 2'000'000u);
  EXPECT_THAT(split("streams ls", {"--json"}).out,
              HasSubstr("\"records\":" + std::to_string(kept.at("word")) + ","));
  const Outcome cat = split("streams cat words");
  EXPECT_EQ(cat.code, 0) << cat.err;
  EXPECT_EQ(static_cast<std::size_t>(std::count(cat.out.begin(), cat.out.end(), '\n')),
            kept.at("word"));
}

}  // namespace
}  // namespace rheon::integration
