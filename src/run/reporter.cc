#include "run/reporter.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

namespace rheon::run {

namespace {

constexpr std::string_view kClearLine = "\r\033[K";

[[nodiscard]] const char* to_string(LogLevel level) {
  switch (level) {
    case LogLevel::kError:
      return "error";
    case LogLevel::kWarning:
      return "warning";
    case LogLevel::kInfo:
      return "info";
  }
  return "info";
}

}  // namespace

bool Reporter::lives() {
  return format_ == LogFormat::kText && level_ == LogLevel::kInfo &&
         env_.process().is_terminal(env::Stream::kError);
}

void Reporter::live(std::string_view line) {
  // A line that goes on in the next row could not be taken back.
  if (const unsigned width = env_.process().width(env::Stream::kError);
      width > 0 && line.size() >= width) {
    line = line.substr(0, width - 1);
  }
  write(std::string(kClearLine).append(line));
  line_shown_ = true;
}

void Reporter::say(LogLevel level, std::string_view sentence) {
  if (level > level_) {
    return;
  }
  if (format_ == LogFormat::kJson) {
    nlohmann::ordered_json line;
    line["time_us"] = env_.clock().wall().micros;
    line["level"] = to_string(level);
    line["message"] = sentence;
    write(line.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n");
    return;
  }
  std::string text(line_shown_ ? kClearLine : "");
  line_shown_ = false;
  if (level != LogLevel::kInfo) {
    text += fmt::format("{}: ", to_string(level));
  }
  write(text.append(sentence) + "\n");
}

void Reporter::write(std::string_view text) {
  // Nobody can be told when standard error is closed.
  static_cast<void>(env_.process().write(env::Stream::kError, as_bytes(text)));
}

}  // namespace rheon::run
