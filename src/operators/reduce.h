#pragma once

#include <optional>
#include <utility>

namespace rheon::operators {

/// reduce() as an aggregator: the accumulator is the last result, if there is one.
template <class T, class Fn>
struct Reduce {
  Fn fn;

  template <class>
  using Accumulator = std::optional<T>;
  void add(std::optional<T>& so_far, const T& record) const {
    so_far = so_far.has_value() ? fn(*so_far, record) : record;
  }
  [[nodiscard]] const T& result(const std::optional<T>& so_far) const { return *so_far; }
};

}  // namespace rheon::operators
