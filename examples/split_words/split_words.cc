// The first of two jobs: splits text files into words and writes them to the stream `words`, which
// other jobs can read while it grows. The second is examples/count_words.

#include <rheon/rheon.h>

using namespace rheon;

/// What stands between two characters that are no letters.
constexpr auto words_of = [](std::string_view line, Emit<std::string_view>& emit) {
  constexpr std::string_view kLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
  std::size_t start = line.find_first_of(kLetters);
  while (start != std::string_view::npos) {
    const std::size_t end = std::min(line.find_first_not_of(kLetters, start), line.size());
    emit(line.substr(start, end - start));
    start = line.find_first_of(kLetters, end);
  }
};

void split_words(Job& job) {
  auto input = job.param<std::string>("input", "glob of text files");
  auto follow = job.param<bool>("follow", "keep reading as files grow and appear", false);
  auto keep = job.param<std::uint64_t>("keep-bytes", "of the stream; 0: all of it", 0);

  streams::OutOptions options;
  if (keep > 0) {
    options.retention_bytes = keep;
  }
  job.from("lines", files::lines(input, {.follow = follow}))
      .flat_map("split", words_of)
      .to("words", streams::out("words", options));
}

int main(int argc, char** argv) { return rheon::main("split_words", split_words, argc, argv); }
