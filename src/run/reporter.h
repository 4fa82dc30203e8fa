#pragma once

// What a running job says on standard error: sentences, and on a terminal one line that lives.

#include <string>
#include <string_view>

#include "base/bytes.h"
#include "env/env.h"

namespace rheon::run {

enum class LogLevel { kError, kWarning, kInfo };
enum class LogFormat { kText, kJson };

/// Used on the main thread.
class Reporter {
 public:
  Reporter(env::Env& env, LogLevel level, LogFormat format)
      : env_(env), level_(level), format_(format) {}

  void error(std::string_view sentence) { say(LogLevel::kError, sentence); }
  void warning(std::string_view sentence) { say(LogLevel::kWarning, sentence); }
  void info(std::string_view sentence) { say(LogLevel::kInfo, sentence); }

  /// True when a live line can be shown: a person looks, and wants text.
  [[nodiscard]] bool lives();
  /// Replaces the live line.
  void live(std::string_view line);

 private:
  void say(LogLevel level, std::string_view sentence);
  void write(std::string_view text);

  env::Env& env_;
  LogLevel level_;
  LogFormat format_;
  bool line_shown_ = false;
};

}  // namespace rheon::run
