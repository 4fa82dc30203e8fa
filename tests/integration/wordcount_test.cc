// The program of a job, as a person meets it: wordcount from the outside.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <atomic>
#include <chrono>
#include <fstream>
#include <map>
#include <set>
#include <thread>

#include "program.h"

namespace rheon::integration {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

class Wordcount : public ::testing::Test {
 protected:
  Outcome wordcount(const std::vector<std::string>& arguments) {
    return run("wordcount", arguments, directory_.path());
  }
  Outcome count(const std::string& glob) {
    return wordcount({"run", "--input", glob, "--output", "out", "--shards", "2"});
  }

  /// The lines of the CSV files: the counts of each word.
  std::map<std::string, std::multiset<int>> counts() {
    std::map<std::string, std::multiset<int>> result;
    for (const auto& entry : std::filesystem::directory_iterator(directory_.path() / "out")) {
      if (entry.path().extension() == ".csv") {
        std::ifstream in(entry.path());
        for (std::string line; std::getline(in, line);) {
          const std::size_t comma = line.find(',');
          result[line.substr(0, comma)].insert(std::stoi(line.substr(comma + 1)));
        }
      }
    }
    return result;
  }

  static std::multiset<int> one_to(int n) {
    std::multiset<int> result;
    for (int i = 1; i <= n; ++i) {
      result.insert(i);
    }
    return result;
  }

  static int times_in(std::string_view text, std::string_view word) {
    int times = 0;
    for (std::size_t at = text.find(word); at != std::string_view::npos;
         at = text.find(word, at + 1)) {
      ++times;
    }
    return times;
  }

  /// Until `arguments` print `text`, for ten seconds at the most.
  Outcome wait_for(const std::vector<std::string>& arguments, const std::string& text) {
    Outcome outcome;
    for (int i = 0; i < 200; ++i) {
      outcome = wordcount(arguments);
      if (outcome.out.find(text) != std::string::npos) {
        break;
      }
      std::this_thread::sleep_for(std::chrono::milliseconds{50});
    }
    return outcome;
  }

  WorkingDirectory directory_;
};

TEST_F(Wordcount, counts_words_of_several_files) {
  directory_.write("in/a.txt", "The quick fox.\nthe end");
  directory_.write("in/b.txt", "Quick, THE fox's\r\n\n");
  const Outcome outcome = count("in/*.txt");
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_THAT(outcome.err, HasSubstr("sink 'csv' (files): exactly-once"));
  EXPECT_EQ(counts(),
            (std::map<std::string, std::multiset<int>>{
                {"the", {1, 2, 3}}, {"quick", {1, 2}}, {"fox", {1, 2}}, {"end", {1}}, {"s", {1}}}));
}

TEST_F(Wordcount, run_again_says_that_it_is_complete) {
  directory_.write("in/a.txt", "a b");
  EXPECT_EQ(count("in/*.txt").code, 0);
  const Outcome again = count("in/*.txt");
  EXPECT_EQ(again.code, 0);
  EXPECT_THAT(again.err, HasSubstr("nothing to do"));
  directory_.write("in/new.txt", "a");
  const Outcome more = count("in/*.txt");
  EXPECT_EQ(more.code, 3);
  EXPECT_THAT(more.err, HasSubstr("`reset`"));
}

TEST_F(Wordcount, mistakes_on_the_command_line_are_sentences) {
  const Outcome none = count("nothing/*.txt");
  EXPECT_EQ(none.code, 2);
  EXPECT_THAT(none.err, HasSubstr("error: no file matches 'nothing/*.txt'"));

  const Outcome missing = wordcount({"run", "--input", "x"});
  EXPECT_EQ(missing.code, 2);
  EXPECT_EQ(
      missing.err,
      "error: --output is missing: directory for the CSV files, or kafka://HOST:PORT/TOPIC.\n");

  const Outcome type = wordcount({"run", "--input", "x", "--output", "out", "--follow=perhaps"});
  EXPECT_EQ(type.code, 2);
  EXPECT_THAT(type.err, HasSubstr("--follow: 'perhaps' is neither yes nor no"));

  const Outcome unknown = wordcount({"run", "--inptu", "x"});
  EXPECT_EQ(unknown.code, 2);
  EXPECT_THAT(unknown.err, HasSubstr("no option or argument '--inptu'"));

  const Outcome nowhere = wordcount({"status", "--data-dir", "nowhere"});
  EXPECT_EQ(nowhere.code, 2);
  EXPECT_THAT(nowhere.err, HasSubstr("there is no data directory 'nowhere'"));
}

TEST_F(Wordcount, foreign_data_is_refused) {
  directory_.write("in/a.txt", "a b");
  ASSERT_EQ(count("in/*.txt").code, 0);
  const Outcome job =
      run("wordcount_generated",
          {"run", "--output", "out2", "--count", "10", "--data-dir", "wordcount.data"},
          directory_.path());
  EXPECT_EQ(job.code, 3);
  EXPECT_THAT(job.err, HasSubstr("wordcount_generated"));

  std::filesystem::rename(directory_.path() / "wordcount.data", directory_.path() / "away");
  const Outcome output = count("in/*.txt");
  EXPECT_EQ(output.code, 3);
  EXPECT_THAT(output.err, HasSubstr("output directory 'out' belongs to"));
}

TEST_F(Wordcount, describe_shows_the_graph_and_marks_what_is_unset) {
  const Outcome json = wordcount({"describe", "--input", "x"});
  EXPECT_EQ(json.code, 0) << json.err;
  EXPECT_THAT(json.out, HasSubstr("\"unset\": true"));
  EXPECT_THAT(json.out, HasSubstr("\"words->counts.0\""));
  EXPECT_THAT(wordcount({"describe", "--dot"}).out, HasSubstr("digraph \"wordcount\""));
}

TEST_F(Wordcount, a_sampled_record_is_followed_from_its_file_to_the_output) {
  directory_.write("in/a.txt", "to be or not to be\n");
  const Outcome run = wordcount({"run", "--input", "in/*.txt", "--output", "out", "--shards", "2",
                                 "--trace-sample", "1", "--trace-file", "spans.json"});
  ASSERT_EQ(run.code, 0) << run.err;
  // One request for a collector per line.
  std::ifstream file(directory_.path() / "spans.json");
  const std::string spans((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  EXPECT_THAT(spans, StartsWith("{\"resourceSpans\":[{"));
  EXPECT_THAT(spans, HasSubstr("\"stringValue\":\"wordcount\""));
  EXPECT_EQ(times_in(spans, "\"name\":\"lines\""), 1);
  EXPECT_EQ(times_in(spans, "\"name\":\"words\""), 1);
  EXPECT_EQ(times_in(spans, "\"name\":\"counts\""), 6);
  EXPECT_EQ(times_in(spans, "\"name\":\"csv\""), 6);
  EXPECT_EQ(times_in(spans, "\"parentSpanId\""), 13);
}

TEST_F(Wordcount, a_running_job_answers_is_scaled_and_stops_with_everything_committed) {
  directory_.write("in/a.txt", "to be or not to be\n");
  Running job("wordcount",
              {"run", "--input", "in/*.txt", "--output", "out", "--follow", "--shards", "2"},
              directory_.path());
  const Outcome value = wait_for({"state", "get", "counts", "be"}, "counts.value of be: 2");
  EXPECT_THAT(value.out, HasSubstr("counts.value of be: 2\n  as of now; committed is epoch "))
      << value.err;

  const Outcome second = count("in/*.txt");
  EXPECT_EQ(second.code, 3);
  EXPECT_THAT(second.err, HasSubstr("wordcount.data"));

  const Outcome scaled = wordcount({"scale", "3"});
  EXPECT_EQ(scaled.code, 0) << scaled.err;
  EXPECT_THAT(scaled.out, HasSubstr("runs on 3 shards"));
  const Outcome status = wordcount({"status"});
  EXPECT_THAT(status.out, HasSubstr("on 3 shards"));
  EXPECT_THAT(status.out, HasSubstr("  source    lines: watermark 20"));
  EXPECT_THAT(status.out, HasSubstr(", held by in/a.txt"));

  directory_.write("in/b.txt", "be quick\n");
  EXPECT_THAT(wait_for({"state", "get", "counts", "be"}, ": 3").out, HasSubstr(": 3"));
  // The state is asked as it is, the ledger as of the last commit.
  const std::string edge = "words->counts.0     8         8            0  ok";
  EXPECT_THAT(wait_for({"ledger"}, edge).out, HasSubstr(edge));
  EXPECT_THAT(wordcount({"ledger", "--json"}).out, HasSubstr("\"balanced\":true"));
  EXPECT_THAT(wordcount({"state", "ls"}).out, HasSubstr("counts    value  value  text  u64"));
  EXPECT_EQ(wordcount({"state", "get", "cuonts", "be"}).err,
            "error: there is no state 'cuonts'. There are: counts.value.\n");
  EXPECT_EQ(wordcount({"state", "get", "counts", "absent"}).out,
            "counts.value of absent: not there\n");
  const Outcome too_many = wordcount({"scale", "1025"});
  EXPECT_EQ(too_many.code, 2);

  job.signal(SIGINT);
  const Outcome stopped = job.wait();
  EXPECT_EQ(stopped.code, 0) << stopped.err;
  EXPECT_THAT(stopped.err, HasSubstr("stopped; run it again to go on"));
  EXPECT_EQ(counts()["be"], one_to(3));
}

TEST_F(Wordcount, a_job_that_does_not_run_is_read_from_its_log) {
  directory_.write("in/a.txt", "to be or not to be\n");
  ASSERT_EQ(count("in/*.txt").code, 0);
  EXPECT_THAT(wordcount({"status"}).out, HasSubstr("not running; last commit: epoch"));
  EXPECT_THAT(
      wordcount({"state", "get", "counts.value", "to"}).out,
      ::testing::MatchesRegex("counts.value of to: 2\n  as of epoch [0-9]+, the last one\n"));
  EXPECT_THAT(wordcount({"state", "ls"}).out, HasSubstr("counts    value  value  text  u64"));
  EXPECT_THAT(wordcount({"ledger"}).out,
              HasSubstr("words->counts.0     6         6            0  ok"));
  EXPECT_THAT(wordcount({"streams", "ls"}).out, HasSubstr("quarantine"));
  const Outcome scale = wordcount({"scale", "2"});
  EXPECT_EQ(scale.code, 2);
  EXPECT_THAT(scale.err, HasSubstr("does not run"));
}

// Found by ComposedJobs: each look at the log holds the directory for a moment, and a job that
// began just then was refused.
TEST_F(Wordcount, commands_that_look_all_the_time_keep_no_job_from_starting) {
  directory_.write("in/a.txt", "to be or not to be\n");
  ASSERT_EQ(count("in/*.txt").code, 0);
  std::atomic<bool> done = false;
  std::vector<std::thread> looking;
  for (int i = 0; i < 3; ++i) {
    looking.emplace_back([&] {
      while (!done) {
        static_cast<void>(wordcount({"state", "get", "counts.value", "to"}));
      }
    });
  }
  for (int i = 0; i < 20; ++i) {
    const Outcome outcome = count("in/*.txt");
    EXPECT_EQ(outcome.code, 0) << outcome.err;
  }
  done = true;
  for (std::thread& one : looking) {
    one.join();
  }
}

TEST_F(Wordcount, a_line_that_is_too_long_goes_to_quarantine) {
  directory_.write("in/a.txt", "good\n" + std::string(3 << 20, 'x') + "\nmore\n");
  const Outcome outcome = count("in/*.txt");
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(counts(), (std::map<std::string, std::multiset<int>>{{"good", {1}}, {"more", {1}}}));
  const Outcome cat = wordcount({"streams", "cat", "quarantine"});
  EXPECT_EQ(cat.code, 0) << cat.err;
  EXPECT_THAT(cat.out, HasSubstr("\"value\":{\"operator_name\":\"lines\""));
  EXPECT_THAT(cat.out, HasSubstr("in/a.txt"));
}

TEST_F(Wordcount, kills_neither_lose_nor_double_a_word) {
  std::string text;
  for (int i = 0; i < 200'000; ++i) {
    text += "alpha beta gamma alpha\n";
  }
  for (const char* name : {"in/a.txt", "in/b.txt", "in/c.txt", "in/d.txt"}) {
    directory_.write(name, text);
  }
  for (int kill = 0; kill < 6; ++kill) {
    Running job(
        "wordcount",
        {"run", "--input", "in/*.txt", "--output", "out", "--shards", std::to_string(1 + kill % 3)},
        directory_.path());
    std::this_thread::sleep_for(std::chrono::milliseconds{60 + 25 * kill});
    job.signal(SIGKILL);
    static_cast<void>(job.wait());
  }
  const Outcome outcome = count("in/*.txt");
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  const auto result = counts();
  EXPECT_EQ(result.size(), 3u);
  EXPECT_TRUE(result.at("alpha") == one_to(1'600'000));
  EXPECT_TRUE(result.at("beta") == one_to(800'000));
  EXPECT_TRUE(result.at("gamma") == one_to(800'000));
}

}  // namespace
}  // namespace rheon::integration
