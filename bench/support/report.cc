#include "report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <nlohmann/json.hpp>

namespace rheon::bench {

namespace {

std::string number(double value) {
  const double size = value < 0 ? -value : value;
  return size >= 1000 ? fmt::format("{:.0f}", value)
         : size >= 10 ? fmt::format("{:.1f}", value)
                      : fmt::format("{:.2f}", value);
}

std::string number(const std::optional<double>& value) {
  return value.has_value() ? number(*value) : "-";
}

}  // namespace

bool Report::wanted(const std::string& name) const {
  return only_.empty() || std::find(only_.begin(), only_.end(), name) != only_.end();
}

std::size_t Report::index_of(const std::string& name) const {
  for (std::size_t i = 0; i < rows_.size(); ++i) {
    if (rows_[i].name == name) {
      return i;
    }
  }
  fmt::print(stderr, "bench: there is no row '{}'\n", name);
  std::abort();
}

bool Report::holds(std::size_t row, const std::optional<double>& bound) const {
  if (!bound.has_value()) {
    return true;
  }
  const double value = figures_[row]->samples.median();
  return rows_[row].higher_is_better ? value >= *bound : value <= *bound;
}

void Report::print_head(const std::string& build) const {
  fmt::print("machine  {}\nbuild    {}\n\n", describe_machine(), build);
  fmt::print("{:<29} {:>9} {:<5} {:>19} {:>6} {:>6}  {:<11} {}\n", "row", "median", "", "min - max",
             "floor", "goal", "floor/goal", "baseline");
}

std::string Report::line(std::size_t i) const {
  const Row& row = rows_[i];
  const Figure& figure = *figures_[i];
  const std::string bounds = fmt::format("{:>6} {:>6}", number(row.floor), number(row.goal));
  if (figure.samples.empty()) {
    return fmt::format("{:<29} {:>9} {:<5} {:>19} {}  {:<11} not measured: {}", row.name, "-",
                       row.unit, "", bounds, "MISS", figure.note);
  }
  const std::string spread =
      fmt::format("{} - {}", number(figure.samples.least()), number(figure.samples.most()));
  const char* verdict = !row.floor.has_value() ? "-"
                        : !holds(i, row.floor) ? "MISS / MISS"
                        : !holds(i, row.goal)  ? "PASS / MISS"
                                               : "PASS / PASS";
  std::string text = fmt::format("{:<29} {:>9} {:<5} {:>19} {}  {:<11} {}", row.name,
                                 number(figure.samples.median()), row.unit, spread, bounds, verdict,
                                 figure.baseline);
  if (!figure.note.empty()) {
    text += (figure.baseline.empty() ? "" : "; ") + figure.note;
  }
  return text;
}

void Report::add(const std::string& name, Figure figure) {
  const std::size_t i = index_of(name);
  figures_[i] = std::move(figure);
  fmt::print("{}\n", line(i));
  std::fflush(stdout);
}

bool Report::print_end() const {
  std::vector<std::string> missed;
  for (std::size_t i = 0; i < rows_.size(); ++i) {
    if (!wanted(rows_[i].name)) {
      continue;
    }
    const bool measured = figures_[i].has_value() && !figures_[i]->samples.empty();
    if (!measured || !holds(i, rows_[i].floor)) {
      missed.push_back(rows_[i].name + (measured ? "" : " (not measured)"));
    }
  }
  if (missed.empty()) {
    fmt::print("\nEvery floor holds.\n");
    return true;
  }
  fmt::print("\nFloors missed: {}.\n", fmt::join(missed, ", "));
  return false;
}

std::string Report::json() const {
  nlohmann::ordered_json rows = nlohmann::ordered_json::array();
  const auto bound = [](const std::optional<double>& value) {
    return value.has_value() ? nlohmann::ordered_json(*value) : nlohmann::ordered_json();
  };
  for (std::size_t i = 0; i < rows_.size(); ++i) {
    if (!wanted(rows_[i].name)) {
      continue;
    }
    const Figure figure = figures_[i].value_or(not_measured("it was not reached"));
    nlohmann::ordered_json row;
    row["name"] = rows_[i].name;
    row["value"] = figure.samples.empty() ? nlohmann::ordered_json()
                                          : nlohmann::ordered_json(figure.samples.median());
    row["unit"] = rows_[i].unit;
    row["better"] = rows_[i].higher_is_better ? "higher" : "lower";
    row["floor"] = bound(rows_[i].floor);
    row["goal"] = bound(rows_[i].goal);
    row["baseline"] = figure.baseline.empty() ? nlohmann::ordered_json()
                                              : nlohmann::ordered_json(figure.baseline);
    if (figure.samples.empty()) {
      row["not_measured"] = figure.note;
    } else {
      row["samples"] = figure.samples.values;
    }
    rows.push_back(std::move(row));
  }
  return rows.dump(2) + "\n";
}

}  // namespace rheon::bench
