#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "operators/split.h"

namespace rheon {

namespace detail {
[[noreturn]] void throw_no_such_branch(const std::string& split, const std::string& name,
                                       const std::string& known);
}

/// A branch of split(): records for which predicate(const T&) is true, unless an earlier branch has
/// taken them. `predicate` may be a field.
template <class Fn>
[[nodiscard]] operators::Branch<Fn> branch(std::string name, Fn predicate) {
  return {std::move(name), std::move(predicate)};
}

/// What split() gives: a stream for each branch, and one for the records that no branch has taken.
/// S: the kind of stream that was split. A branch or rest that nobody reads is no mistake: its
/// records are counted as dropped.
template <class S>
class Branches {
 public:
  Branches(std::string split, S rest) : split_(std::move(split)), rest_(std::move(rest)) {}

  /// Throws std::logic_error when there is no branch of this name.
  [[nodiscard]] const S& operator[](const std::string& name) const {
    std::string known;
    for (const auto& [branch, stream] : branches_) {
      if (branch == name) {
        return stream;
      }
      known.append(known.empty() ? "'" : ", '").append(branch).append("'");
    }
    detail::throw_no_such_branch(split_, name, known);
  }
  [[nodiscard]] const S& rest() const { return rest_; }

  /// For split().
  void add(std::string name, S stream) {
    branches_.emplace_back(std::move(name), std::move(stream));
  }

 private:
  std::string split_;
  std::vector<std::pair<std::string, S>> branches_;
  S rest_;
};

}  // namespace rheon
