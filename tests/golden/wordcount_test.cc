#include <map>
#include <string_view>

#include "connect/files/csv.h"
#include "connect/files/lines.h"
#include "golden.h"

namespace rheon::golden {
namespace {

const std::vector<std::string> kText = {
    "It was the best of times, it was the worst of times,",
    "it was the age of wisdom, it was the age of foolishness,",
    "it was the epoch of belief, it was the epoch of incredulity,",
    "it was the season of Light, it was the season of Darkness,",
    "",
    "it was the spring of hope, it was the winter of despair",
};

std::vector<std::string> words_of(std::string_view line) {
  std::vector<std::string> words(1);
  for (const char c : line) {
    const char lower = static_cast<char>(c | 0x20);
    if (lower >= 'a' && lower <= 'z') {
      words.back().push_back(lower);
    } else if (!words.back().empty()) {
      words.emplace_back();
    }
  }
  if (words.back().empty()) {
    words.pop_back();
  }
  return words;
}

void wordcount(Job& job) {
  auto input = job.param<std::string>("input", "glob of text files");
  job.from("lines", files::lines(input))
      .flat_map("words",
                [](std::string_view line, Emit<std::string_view>& emit) {
                  for (const std::string& word : words_of(line)) {
                    emit(word);
                  }
                })
      .key_by([](std::string_view word) { return word; })
      .aggregate("counts", count(), unbounded())
      .to("csv", files::csv("out"));
}

TEST(Golden, Wordcount) {
  Lines expected;
  std::map<std::string, int> counts;
  for (const std::string& line : kText) {
    for (const std::string& word : words_of(line)) {
      expected.push_back(word + "," + std::to_string(++counts[word]));
    }
  }
  Pipeline pipeline;
  pipeline.job = wordcount;
  pipeline.parameters = {{"input", "*.txt"}};
  pipeline.parts = static_cast<int>(kText.size());
  pipeline.feed = [](testing::Topology& topology, int part) {
    topology.input<std::string_view>("lines").push(kText[static_cast<std::size_t>(part)]);
  };
  pipeline.read = [](testing::Topology& topology) {
    Lines lines;
    for (const auto& [word, count] :
         topology.keyed_output<std::string_view, std::uint64_t>("csv")) {
      lines.push_back(std::string(word) + "," + std::to_string(count));
    }
    return lines;
  };
  expect_golden(pipeline, expected);
}

}  // namespace
}  // namespace rheon::golden
