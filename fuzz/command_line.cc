// What a person types (run/command_line.h), and the parameters of a job (api/parameters.h).

#include "run/command_line.h"

#include <chrono>

#include "api/job.h"
#include "support/input.h"
#include "support/same.h"
#include "support/seeds.h"

namespace rheon::fuzz {
namespace {

/// Declares a parameter of every type.
void declare(Job& job) {
  static_cast<void>(job.param<std::string>("input", "glob of text files"));
  static_cast<void>(job.param<std::string>("output", "directory", "out"));
  static_cast<void>(job.param<std::int64_t>("most", "so many", 7));
  static_cast<void>(job.param<int>("few", "so few", 7));
  static_cast<void>(job.param<double>("share", "of all", 0.5));
  static_cast<void>(job.param<bool>("follow", "keep reading", false));
  static_cast<void>(job.param<bool>("sure", "say so"));
  static_cast<void>(job.param("gap", "between two", std::chrono::milliseconds{30}));
}

void check_duration(const std::string& text) {
  const auto duration = parse_duration(text);
  if (duration.has_value()) {
    const auto again = parse_duration(format_duration(*duration));
    RHEON_ASSERT(again.has_value() && *again == *duration, "a duration has two lengths");
  }
}

void check_arguments(const run::Arguments& arguments) {
  Job asked("job", Parameters(run::scan_values(arguments), /*complete=*/false));
  declare(asked);
  const auto line = run::parse_command_line("job", asked.parameters().declared(), arguments);
  if (!line.has_value()) {
    RHEON_ASSERT(!line.error().message.empty(), "a mistake without a sentence");
    return;
  }
  Job job("job", Parameters(line->parameters, /*complete=*/true));
  declare(job);
  static_cast<void>(job.parameters().check());
}

}  // namespace

Seeds seeds() {
  return {{"run", "run\n--input\ntexts/*.txt\n--output=out\n--shards\n4\n--gap\n30ms\n--sure"},
          {"options",
           "run\n--commit-interval=5ms\n--guarantee\nexactly-once\n--trace-file\nt\n"
           "--max-quarantined-percent\n10\n--log-level=error\n--follow\nno"},
          {"numbers", "run\n--most\n-9223372036854775808\n--few\n3\n--share\n1e300\n--stop-at-end"},
          {"describe", "describe\n--dot\n--sure=yes"},
          {"state", "state\nget\nwords.count\nthe\n--json\n--data-dir\nd"},
          {"streams", "streams\ncat\nwords"},
          {"scale", "scale\n8"},
          {"help", "run\n--help"},
          {"version", "--version"}};
}

}  // namespace rheon::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace rheon;
  std::string_view left(reinterpret_cast<const char*>(data), size);
  run::Arguments arguments;
  while (!left.empty()) {
    const std::size_t end = std::min(left.find('\n'), left.size());
    arguments.emplace_back(left.substr(0, end));
    left.remove_prefix(std::min(end + 1, left.size()));
    fuzz::check_duration(arguments.back());
  }
  fuzz::check_arguments(arguments);
  return 0;
}
