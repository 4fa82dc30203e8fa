// Counts the words of text files or of a topic in Kafka: for every word read, one CSV line `word,n`
// with its updated count, or one record with the word as key and the count as value. A word is a
// maximal run of the letters A-Z a-z, counted in lower case.

#include <rheon/rheon.h>

using namespace rheon;

constexpr auto letters = [](std::string_view line, Emit<std::string_view>& emit) {
  std::string text(line);
  std::size_t start = 0;
  for (std::size_t at = 0; at <= text.size(); ++at) {
    const char lower = at < text.size() ? static_cast<char>(text[at] | 0x20) : ' ';
    if (lower >= 'a' && lower <= 'z') {
      text[at] = lower;
    } else {
      if (at > start) {
        emit(std::string_view(text).substr(start, at - start));
      }
      start = at + 1;
    }
  }
};

void wordcount(Job& job) {
  auto input = job.param<std::string>("input", "glob of text files, or kafka://HOST:PORT/TOPIC");
  auto output =
      job.param<std::string>("output", "directory for the CSV files, or kafka://HOST:PORT/TOPIC");
  auto follow = job.param<bool>("follow", "keep reading as files grow and appear", false);

  const auto counts =
      job.from("lines", kafka::is_url(input) ? kafka::values(input)
                                             : files::lines(input, {.follow = follow}))
          .flat_map("words", letters)
          .key_by([](std::string_view word) { return word; })
          .aggregate("counts", count(), unbounded());
  if (kafka::is_url(output)) {
    counts.to("kafka", kafka::out(output));
  } else {
    counts.to("csv", files::csv(output));
  }
}

int main(int argc, char** argv) { return rheon::main("wordcount", wordcount, argc, argv); }
