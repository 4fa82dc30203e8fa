#pragma once

// Choices that are the product's own - when a batch is handed on, when a file is full - and in
// which a simulation may take the branch that comes rarely by itself. Not in release builds: there
// the condition is not compiled.
//
//     if (out.full() || rare_branch(RareBranch::kBatch)) {

#include <array>
#include <string_view>

#ifndef RHEON_RARE_BRANCHES
#define RHEON_RARE_BRANCHES 0
#endif

#if RHEON_RARE_BRANCHES
#include <functional>
#endif

namespace rheon {

enum class RareBranch {
  kBatch,     // is handed on before it is full
  kEpoch,     // is cut before its time
  kEncoding,  // of an epoch's state goes on in a later step
  kSegment,   // of the journal begins before the last one is full
  kSlices,    // are written before the journal has grown
  kFile,      // of CSV lines is closed before it is full
};
inline constexpr std::array<std::string_view, 6> kRareBranchNames{"batch",   "epoch",  "encoding",
                                                                  "segment", "slices", "file"};

#if RHEON_RARE_BRANCHES
/// Who chooses; empty, as it is by itself: nobody takes one. Set while nothing runs.
inline std::function<bool(RareBranch)>& rare_branches() {
  static std::function<bool(RareBranch)> chooses;
  return chooses;
}
[[nodiscard]] inline bool rare_branch(RareBranch which) {
  return rare_branches() && rare_branches()(which);
}
#else
[[nodiscard]] constexpr bool rare_branch(RareBranch /*which*/) { return false; }
#endif

}  // namespace rheon
