#pragma once

// The parameters that a job function declares while it runs, and the values that the command line
// (or a test) gives them.

#include <chrono>
#include <concepts>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace rheon {

struct Parameter {
  std::string name;  // becomes --name
  std::string help;
  std::string type;                     // "text", "number", "yes/no", "duration"
  std::optional<std::string> fallback;  // none: it must be given
};

/// Reads a parameter's text. Durations are written as 10ms, 5s, 3min, 2h, 1d.
[[nodiscard]] Result<std::string> parse_text(std::string_view text);
[[nodiscard]] Result<std::int64_t> parse_integer(std::string_view text);
[[nodiscard]] Result<double> parse_number(std::string_view text);
[[nodiscard]] Result<bool> parse_yes_no(std::string_view text);
[[nodiscard]] Result<std::chrono::microseconds> parse_duration(std::string_view text);
[[nodiscard]] std::string format_duration(std::chrono::microseconds duration);

class Parameters {
 public:
  using Values = std::map<std::string, std::string, std::less<>>;

  /// `complete`: a parameter without a value and without a default is an error; otherwise it reads
  /// as an empty one (describe, --help).
  Parameters(Values values, bool complete);

  /// The text of a parameter that is declared now; none: it is not given.
  [[nodiscard]] std::optional<std::string> declare(const Parameter& parameter);
  void mistake(const std::string& name, const Error& error);

  [[nodiscard]] const std::vector<Parameter>& declared() const { return declared_; }
  /// Names that have no value.
  [[nodiscard]] const std::vector<std::string>& unset() const { return unset_; }
  /// The first mistake: a missing value, a value that is not of its type, a name that nobody
  /// declares.
  [[nodiscard]] Status check() const;

 private:
  Values values_;
  bool complete_;
  std::vector<Parameter> declared_;
  std::vector<std::string> unset_;
  std::optional<Error> mistake_;
};

}  // namespace rheon
