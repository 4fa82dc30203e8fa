#include "run/figures.h"

#include <fmt/format.h>

#include <array>

namespace rheon::run {

std::string with_commas(std::uint64_t number) {
  std::string digits = std::to_string(number);
  for (std::size_t at = digits.size(); at > 3;) {
    at -= 3;
    digits.insert(at, ",");
  }
  return digits;
}

std::string in_thousands(double number) {
  constexpr std::array<const char*, 4> kUnits{"", " k", " M", " G"};
  std::size_t unit = 0;
  while (number >= 999.5 && unit + 1 < kUnits.size()) {
    number /= 1000;
    ++unit;
  }
  const int decimals = unit > 0 && number < 99.95 ? 1 : 0;
  return fmt::format("{:.{}f}{}", number, decimals, kUnits[unit]);
}

std::string as_size(std::uint64_t bytes) {
  const std::string size = in_thousands(static_cast<double>(bytes));
  return size + (size.find(' ') == std::string::npos ? " B" : "B");
}

std::string as_time(std::uint64_t micros) {
  if (micros < 1000) {
    return fmt::format("{} us", micros);
  }
  if (micros < 1'000'000) {
    return fmt::format("{:.{}f} ms", static_cast<double>(micros) / 1e3, micros < 10'000 ? 1 : 0);
  }
  return fmt::format("{:.1f} s", static_cast<double>(micros) / 1e6);
}

}  // namespace rheon::run
