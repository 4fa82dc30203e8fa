#pragma once

// The table of a benchmark: what a row must reach, what it has come to, on the terminal and as
// JSON.

#include <optional>
#include <string>
#include <vector>

#include "measure.h"

namespace rheon::bench {

/// What a row is, before it is measured.
struct Row {
  std::string name;
  std::string unit;
  bool higher_is_better = true;
  std::optional<double> floor;
  std::optional<double> goal;
};

/// What a row has come to.
struct Figure {
  Samples samples;       // empty: not measured
  std::string baseline;  // what it is compared with, with its own figure
  std::string note;      // or why it was not measured
};

[[nodiscard]] inline Figure not_measured(std::string why) { return {{}, {}, std::move(why)}; }

class Report {
 public:
  explicit Report(std::vector<Row> rows) : rows_(std::move(rows)) { figures_.resize(rows_.size()); }

  /// Prints the row's line, too, so that one sees how it goes on.
  void add(const std::string& name, Figure figure);
  void print_head(const std::string& build) const;
  /// Rows without a figure, and what was missed. True when every row holds its floor.
  [[nodiscard]] bool print_end() const;
  [[nodiscard]] std::string json() const;
  /// Only these rows count; all when empty.
  void only(std::vector<std::string> names) { only_ = std::move(names); }
  [[nodiscard]] bool wanted(const std::string& name) const;

 private:
  [[nodiscard]] std::size_t index_of(const std::string& name) const;
  [[nodiscard]] std::string line(std::size_t row) const;
  [[nodiscard]] bool holds(std::size_t row, const std::optional<double>& bound) const;

  std::vector<Row> rows_;
  std::vector<std::optional<Figure>> figures_;
  std::vector<std::string> only_;
};

}  // namespace rheon::bench
