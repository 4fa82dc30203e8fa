#pragma once

// Choices that are the product's own - when a batch is handed on, when a file is full - and in
// which a simulation may take the branch that comes rarely by itself. Not in release builds: there
// the condition is not compiled.
//
//     if (out.full() || rare_branch("a batch is handed on early")) {

#include <string_view>

#ifndef RHEON_RARE_BRANCHES
#define RHEON_RARE_BRANCHES 0
#endif

#if RHEON_RARE_BRANCHES
#include <functional>
#endif

namespace rheon {

#if RHEON_RARE_BRANCHES
/// Who chooses; empty, as it is by itself: nobody takes one. Set while nothing runs.
inline std::function<bool(std::string_view place)>& rare_branches() {
  static std::function<bool(std::string_view)> chooses;
  return chooses;
}
[[nodiscard]] inline bool rare_branch(std::string_view place) {
  return rare_branches() && rare_branches()(place);
}
#else
[[nodiscard]] constexpr bool rare_branch(std::string_view /*place*/) { return false; }
#endif

}  // namespace rheon
