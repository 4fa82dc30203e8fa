#include "api/parameters.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace rheon {

Result<std::string> parse_text(std::string_view text) { return std::string(text); }

Result<std::int64_t> parse_integer(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) {
    return fail(ErrorCode::kInvalidInput, "'" + std::string(text) + "' is not a whole number");
  }
  return value;
}

Result<double> parse_number(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) {
    return fail(ErrorCode::kInvalidInput, "'" + std::string(text) + "' is not a number");
  }
  return value;
}

Result<bool> parse_yes_no(std::string_view text) {
  if (text == "true" || text == "yes" || text == "on" || text == "1" || text.empty()) {
    return true;
  }
  if (text == "false" || text == "no" || text == "off" || text == "0") {
    return false;
  }
  return fail(ErrorCode::kInvalidInput, "'" + std::string(text) + "' is neither yes nor no");
}

namespace {

struct Unit {
  std::string_view name;
  std::int64_t micros;
};
constexpr std::array<Unit, 7> kUnits{{{"us", 1},
                                      {"ms", 1'000},
                                      {"s", 1'000'000},
                                      {"min", 60'000'000},
                                      {"m", 60'000'000},
                                      {"h", 3'600'000'000},
                                      {"d", 86'400'000'000}}};

}  // namespace

Result<std::chrono::microseconds> parse_duration(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
  const auto* at = std::find_if(kUnits.begin(), kUnits.end(),
                                [unit](const Unit& known) { return known.name == unit; });
  std::int64_t micros = 0;
  if (error != std::errc{} || at == kUnits.end() ||
      __builtin_mul_overflow(number, at->micros, &micros)) {
    return fail(
        ErrorCode::kInvalidInput,
        "'" + std::string(text) + "' is not a duration: write it as 10ms, 5s, 3min, 2h, 1d");
  }
  return std::chrono::microseconds{micros};
}

std::string format_duration(std::chrono::microseconds duration) {
  for (const std::string_view name : {"d", "h", "min", "s", "ms"}) {
    const auto* unit = std::find_if(kUnits.begin(), kUnits.end(),
                                    [name](const Unit& known) { return known.name == name; });
    if (duration.count() != 0 && duration.count() % unit->micros == 0) {
      return std::to_string(duration.count() / unit->micros) + std::string(name);
    }
  }
  return std::to_string(duration.count()) + "us";
}

Parameters::Parameters(Values values, bool complete)
    : values_(std::move(values)), complete_(complete) {}

std::optional<std::string> Parameters::declare(const Parameter& parameter) {
  declared_.push_back(parameter);
  if (const auto at = values_.find(parameter.name); at != values_.end()) {
    return at->second;
  }
  if (parameter.fallback.has_value()) {
    return std::nullopt;
  }
  unset_.push_back(parameter.name);
  if (complete_ && !mistake_.has_value()) {
    mistake_ = {ErrorCode::kInvalidInput,
                "--" + parameter.name + " is missing: " + parameter.help + "."};
  }
  return std::nullopt;
}

void Parameters::mistake(const std::string& name, const Error& error) {
  if (!mistake_.has_value()) {
    mistake_ = {error.code, "--" + name + ": " + error.message + "."};
  }
}

Status Parameters::check() const {
  for (const auto& [name, value] : values_) {
    if (std::none_of(declared_.begin(), declared_.end(),
                     [&wanted = name](const Parameter& p) { return p.name == wanted; })) {
      return fail(ErrorCode::kInvalidInput,
                  "this job has no parameter --" + name + ". `run --help` lists those it has.");
    }
  }
  if (mistake_.has_value()) {
    return tl::unexpected<Error>(*mistake_);
  }
  return {};
}

}  // namespace rheon
