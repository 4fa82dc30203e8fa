// The second of two jobs: counts the words that examples/split_words writes to its stream `words`.
// Both run at the same time, and either can be stopped, killed and started again.

#include <rheon/rheon.h>

using namespace rheon;

void count_words(Job& job) {
  auto from = job.param<std::string>("from", "data directory of split_words", "split_words.data");
  auto output = job.param<std::string>("output", "directory for the CSV files");

  job.from("words", streams::in<std::string_view>(from, "words"))
      .key_by([](std::string_view word) { return word; })
      .aggregate("counts", count(), unbounded())
      .to("csv", files::csv(output));
}

int main(int argc, char** argv) { return rheon::main("count_words", count_words, argc, argv); }
