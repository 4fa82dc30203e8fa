// wordcount over made-up words instead of files: to see a job run for as long as you like.

#include <rheon/rheon.h>

using namespace rheon;

void wordcount_generated(Job& job) {
  auto count_of = job.param<std::uint64_t>("count", "words in all; 0: without end", 0);
  auto rate = job.param<std::uint64_t>("rate", "words a second; 0: as fast as can be", 0);
  auto dictionary = job.param<std::uint32_t>("dictionary", "different words", 9000);
  auto seed = job.param<std::uint64_t>("seed", "another seed, another dictionary", 1);
  auto output =
      job.param<std::string>("output", "directory for the CSV files; none: count, and forget");

  generator::WordsOptions options{.dictionary = dictionary, .seed = seed, .rate = rate};
  if (count_of > 0) {
    options.count = count_of;
  }
  const auto counts = job.from("words", generator::words(options))
                          .key_by([](std::string_view word) { return word; })
                          .aggregate("counts", count(), unbounded());
  if (output == "none") {
    counts.to("none", discard::all());
  } else {
    counts.to("csv", files::csv(output));
  }
}

int main(int argc, char** argv) {
  return rheon::main("wordcount_generated", wordcount_generated, argc, argv);
}
