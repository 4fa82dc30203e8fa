// A CSV sink: what commits and its directory say of its files, and the lines that it writes.

#include <memory>

#include "connect/files/csv_directory.h"
#include "connect/files/csv_format.h"
#include "support/directory.h"
#include "support/input.h"
#include "support/same.h"
#include "support/seeds.h"
#include "support/types.h"

namespace rheon::fuzz {
namespace {

using env::fake::FakeEnv;
using namespace connect::csv;

[[nodiscard]] engine::SinkEnvironment environment_of(FakeEnv& env) {
  engine::SinkEnvironment environment;
  environment.env = &env;
  environment.identity = {"job", {1, 2}, {3, 4}, kDefaultKeyGroups};
  environment.shards = 2;
  environment.sink = "csv";
  return environment;
}

/// Brings the directory to what the facts say, and the facts to what the next commit will hold.
[[nodiscard]] bool recover(FakeEnv& env, engine::SinkFacts& facts, bool& changed) {
  const Result<CsvFacts> known = read_facts(facts);
  if (!known.has_value()) {
    return false;
  }
  const engine::SinkEnvironment environment = environment_of(env);
  engine::SinkRecovery done;
  if (!CsvRecovery(environment, "out", *known).run(done)) {
    return false;
  }
  changed = !done.changes.empty();
  for (const log::FactChange& change : done.changes) {
    if (change.value.has_value()) {
      facts[change.key] = *change.value;
    } else {
      facts.erase(change.key);
    }
  }
  return true;
}

/// A directory that was recovered once is as its facts say.
void check_recovery(FakeEnv& env, engine::SinkFacts facts) {
  bool changed = false;
  if (!recover(env, facts, changed)) {
    return;
  }
  RHEON_ASSERT(recover(env, facts, changed), "a directory that was recovered is refused");
  RHEON_ASSERT(!changed, "recovering changes what was recovered");
}

void check_file_name(std::string_view text) {
  if (const auto name = parse_file_name(text); name.has_value()) {
    RHEON_ASSERT(to_string(*name) == text, "a file has two names");
  }
}

struct Line {
  std::string_view text;
  std::int64_t number = 0;
  std::optional<std::string_view> other;
  EventTime time;
  std::chrono::microseconds duration{0};
  Bytes bytes;
  bool flag = false;
  double share = 0;
};
RHEON_FIELDS(Line, text, number, other, time, duration, bytes, flag, share)

/// The columns of a line, as RFC 4180 says.
[[nodiscard]] std::vector<std::string> columns(std::string_view line) {
  std::vector<std::string> result(1);
  bool quoted = false;
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (line[i] == '"') {
      const bool is_text = quoted && i + 1 < line.size() && line[i + 1] == '"';
      quoted = is_text || !quoted;
      if (is_text) {
        result.back() += line[i++];
      }
    } else if (line[i] == ',' && !quoted) {
      result.emplace_back();
    } else {
      result.back() += line[i];
    }
  }
  return result;
}

void check_line(Input in) {
  engine::Slot<engine::NoKey, Line> record{};
  Line& line = record.value;
  line.number = static_cast<std::int64_t>(in.number());
  line.time = EventTime{static_cast<std::int64_t>(in.number())};
  line.duration = std::chrono::microseconds{static_cast<std::int64_t>(in.number())};
  line.share = static_cast<double>(in.number());
  line.flag = in.byte() != 0;
  const std::string text(in.text());
  const std::string other(in.text());
  line.text = text;
  line.other = other;
  line.bytes = as_bytes(other);
  const std::size_t room = line_room(record);
  const auto buffer = std::make_unique<char[]>(room);
  const char* const end = put_line(buffer.get(), record);
  const std::string_view written(buffer.get(), static_cast<std::size_t>(end - buffer.get()));
  RHEON_ASSERT(written.size() <= room && written.back() == '\n',
               "a line needs more room than said");
  const auto found = columns(written.substr(0, written.size() - 1));
  RHEON_ASSERT(found.size() == 8 && found[0] == text && found[2] == other &&
                   found[1] == std::to_string(line.number) &&
                   found[6] == (line.flag ? "true" : "false"),
               "a line holds other columns than its record");
}

}  // namespace

Seeds seeds() {
  const auto row = [](std::string_view kind, std::string_view name, std::string_view bytes) {
    std::string out(kind);
    codec::put_bytes(out, name);
    codec::put_bytes(out, bytes);
    return out;
  };
  FakeEnv env;
  const std::string marker = to_text(marker_of(environment_of(env)));
  const std::string lineage = log::to_string(environment_of(env).identity.lineage);
  const std::string first = "out/0-000001.csv";
  const std::string second = "out/1-000001.csv";
  // Inodes as the machine in memory gives them: 1 is the root, 2 `out`.
  const std::string whole =
      row("f", first, "a,1\nb,2\n") + row("f", second, "c,1\nd") +
      row("f", "out/.rheon/marker", marker) +
      row("f", "out/.rheon/committed", "0-000001.csv 8 0\n1-000001.csv 4 0\n") +
      row("c", "lineage", lineage) + row("c", "sequence/0", "1") + row("c", "sequence/1", "1") +
      row("c", "file/" + first, encode(FileFact{3, 8, false})) +
      row("c", "file/" + second, encode(FileFact{4, 4, false}));
  std::string line = "l";
  for (const std::uint64_t number : {17ull, 1'795'424'761'945'131ull, 1'500'000ull, 3ull}) {
    codec::put_varint(line, number);
  }
  return {
      {"whole", whole},
      {"uncommitted", whole + row("f", "out/1-000002.csv", "e,1\n")},
      {"closed", whole + row("c", "file/./elsewhere/0-000009.csv", encode(FileFact{9, 8, true}))},
      {"foreign", row("f", "out/notes.txt", "text")},
      {"line", line + '\1' + "\4to,\"" + "\3be\n"}};
}

}  // namespace rheon::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace rheon;
  fuzz::Input in(data, size);
  env::fake::FakeEnv env;
  engine::SinkFacts facts;
  while (!in.empty()) {
    switch (in.byte()) {
      case 'l':
        fuzz::check_line(in);
        return 0;
      case 'f': {
        const std::string path(in.text());
        fuzz::check_file_name(path);
        fuzz::write_piece(env.files(), path, 0, in.text());
        break;
      }
      default: {
        const std::string key(in.text());
        facts[key] = in.text();
      }
    }
  }
  fuzz::check_recovery(env, std::move(facts));
  return 0;
}
