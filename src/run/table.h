#pragma once

#include <string>
#include <vector>

namespace rheon::run {

/// Columns for a terminal: numbers to the right, words to the left.
class Table {
 public:
  explicit Table(std::vector<std::string> titles) : rows_{std::move(titles)} {}
  void add(std::vector<std::string> row) { rows_.push_back(std::move(row)); }
  [[nodiscard]] std::string text() const;

 private:
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace rheon::run
