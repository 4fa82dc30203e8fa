#include "run/nearest_name.h"

#include <algorithm>
#include <numeric>

namespace rheon::run {

namespace {

std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);  // from the first i letters of a to each start of b
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i + 1;
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, row[j + 1] + 1});
    }
  }
  return row.back();
}

}  // namespace

std::string nearest_name(std::string_view typed, const std::vector<std::string>& names) {
  constexpr std::size_t kMost = 2;
  std::string nearest;
  std::size_t least = std::min(kMost, typed.size() / 3) + 1;
  for (const std::string& name : names) {
    if (const std::size_t apart = distance(typed, name); apart < least) {
      least = apart;
      nearest = name;
    }
  }
  return nearest;
}

}  // namespace rheon::run
