// Lines of text files (connect/line_splitter.h, connect/files/): the same as a plain reading gives,
// however the text is cut into chunks.

#include <algorithm>

#include "connect/files/line_reader.h"
#include "connect/utf8.h"
#include "support/input.h"
#include "support/same.h"
#include "support/seeds.h"
#include "support/text_output.h"

namespace rheon::fuzz {
namespace {

using connect::LineLimits;

/// What must come of a text.
struct Plain {
  std::vector<std::string> lines;
  std::size_t refused = 0;
};

[[nodiscard]] Plain read_plainly(std::string_view text, const LineLimits& limits) {
  Plain plain;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    line.remove_suffix(line.ends_with('\r') ? 1 : 0);
    if (line.size() > limits.max_line_bytes || (limits.require_utf8 && !connect::is_utf8(line))) {
      ++plain.refused;
    } else {
      plain.lines.emplace_back(line);
    }
  }
  return plain;
}

void check_output(const TextOutput& output, std::string_view text, const LineLimits& limits) {
  const Plain plain = read_plainly(text, limits);
  RHEON_ASSERT(output.records == plain.lines, "other lines than stand in the text");
  RHEON_ASSERT(output.quarantined.size() == plain.refused, "other lines are refused");
}

/// `chunk_bytes`: a text of sizes, used in turn.
void check_splitter(std::string_view text, std::string_view chunk_bytes, const LineLimits& limits) {
  connect::LineSplitter splitter(limits, "it", 0);
  TextOutput output;
  std::size_t turn = 0;
  for (std::string_view left = text; !left.empty(); ++turn) {
    const std::size_t size =
        chunk_bytes.empty() ? left.size()
                            : 1 + static_cast<std::uint8_t>(chunk_bytes[turn % chunk_bytes.size()]);
    const std::string chunk(left.substr(0, size));  // what was shown before is gone
    left.remove_prefix(chunk.size());
    splitter.feed(chunk);
    while (!splitter.run(output)) {
      output.make_room();
    }
  }
  splitter.finish(output);
  RHEON_ASSERT(splitter.offset() == text.size(), "a text has another length than its lines");
  check_output(output, text, limits);
}

/// `stored`: a position that may be broken, or none of this file.
void check_reader(std::string_view text, std::string_view stored, bool follow,
                  const LineLimits& limits) {
  env::fake::FakeEnv env;
  const auto file = *env.files().open("a.txt", env::OpenMode::kCreate);
  RHEON_ASSERT(file->write_at(0, as_bytes(text)).has_value(), "the disk in memory has failed");
  engine::SourceEnvironment environment;
  environment.env = &env;
  environment.stop_at_end = true;
  connect::files::LineReader reader(environment, limits, follow);
  engine::SourcePartition partition{"0", "a.txt", std::string(stored)};
  if (stored.empty()) {
    connect::files::FilePosition start;
    start.identity = connect::files::identify(file->info()->inode, text.substr(0, 1024));
    start.path = "a.txt";
    partition.position = connect::files::encode(start);
  }
  reader.assign(partition);
  TextOutput output;
  const auto polled = poll_through(reader, output, env);
  if (stored.empty()) {
    RHEON_ASSERT(polled.has_value(), "a file that is there cannot be read");
    const std::size_t whole = text.rfind('\n') + 1;  // what is followed may still get an end
    check_output(output, follow ? text.substr(0, whole) : text, limits);
  }
  if (polled.has_value()) {
    RHEON_ASSERT(connect::files::decode_position(reader.position(0)).has_value(),
                 "a position that was given cannot be read");
  }
}

}  // namespace

Seeds seeds() {
  const auto seed = [](char options, char max_bytes, std::string_view chunks,
                       std::string_view position, std::string_view text) {
    std::string out{options, max_bytes};
    codec::put_bytes(out, chunks);
    codec::put_bytes(out, position);
    return out.append(text);
  };
  const std::string text = "to be,\r\n\nor not \xc3\xa9\nto\r be";
  const std::string position =
      connect::files::encode({7, connect::files::identify(2, text), false, false, "a.txt"});
  return {{"plain", seed(0, 40, "", "", text)},
          {"utf8", seed(1, 40, "\1\3", "", text + "\xe2\x82\xac \xed\xa0\x80\n")},
          {"long", seed(4, 5, "\2", "", text)},
          {"position", seed(4, 40, "", position, text)},
          {"follow", seed(6, 40, "", "", text)}};
}

}  // namespace rheon::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace rheon;
  fuzz::Input in(data, size);
  const std::uint8_t options = in.byte();
  connect::LineLimits limits;
  limits.require_utf8 = (options & 1) != 0;
  limits.max_line_bytes = in.byte();
  const std::string_view chunk_bytes = in.text();
  const std::string_view position = in.text();
  const std::string_view text = in.rest();
  fuzz::check_splitter(text, chunk_bytes, limits);
  if ((options & 4) != 0) {  // has buffers of its own: slow
    fuzz::check_reader(text, position, /*follow=*/(options & 2) != 0, limits);
  }
  return 0;
}
