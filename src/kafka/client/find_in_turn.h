#pragma once

// Answers name again what was asked for, nearly always in the order of the request.

#include <algorithm>
#include <cstddef>

namespace rheon::kafka {

/// The element for which `is` holds, sought from `next` on and round; `next` is set behind it.
/// end(): there is none.
template <class Elements, class Is>
[[nodiscard]] auto find_in_turn(Elements& elements, std::size_t& next, Is is) {
  const auto from = elements.begin() + static_cast<std::ptrdiff_t>(next);
  auto at = std::find_if(from, elements.end(), is);
  if (at == elements.end()) {
    at = std::find_if(elements.begin(), from, is);
    at = at == from ? elements.end() : at;
  }
  if (at != elements.end()) {
    next = static_cast<std::size_t>(at - elements.begin()) + 1;
  }
  return at;
}

}  // namespace rheon::kafka
