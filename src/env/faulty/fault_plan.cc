#include "env/faulty/fault_plan.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <string>
#include <utility>
#include <vector>

namespace rheon::env::faulty {
namespace {

using What = FaultPlan::What;
using Survival = FaultPlan::Survival;

constexpr std::array<std::pair<std::string_view, What>, 5> kWhats{{{"stop", What::kStop},
                                                                   {"io", What::kIo},
                                                                   {"nospace", What::kNoSpace},
                                                                   {"short", What::kShortWrite},
                                                                   {"sync", What::kFailedSync}}};
constexpr std::array<std::pair<std::string_view, Survival>, 3> kSurvivals{
    {{"all", Survival::kAll}, {"synced", Survival::kSynced}, {"torn", Survival::kTorn}}};

/// False when none of the names is `text`.
template <class Names, class Value>
bool look_up(const Names& names, std::string_view text, Value& value) {
  const auto* const found = std::find_if(names.begin(), names.end(),
                                         [&](const auto& name) { return name.first == text; });
  if (found == names.end()) {
    return false;
  }
  value = found->second;
  return true;
}

bool read_number(std::string_view text, std::uint64_t& number) {
  const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
  return read.ec == std::errc{} && read.ptr == text.data() + text.size();
}

}  // namespace

Result<FaultPlan> parse_fault_plan(std::string_view text) {
  std::vector<std::string_view> parts;
  for (std::string_view left = text; parts.empty() || !left.empty();) {
    parts.push_back(left.substr(0, left.find(':')));
    left.remove_prefix(std::min(parts.back().size() + 1, left.size()));
  }
  FaultPlan plan;
  const bool read = parts.size() >= 2 && parts.size() <= 4 &&
                    look_up(kWhats, parts[0], plan.what) && read_number(parts[1], plan.at) &&
                    (parts.size() < 3 || look_up(kSurvivals, parts[2], plan.survival)) &&
                    (parts.size() < 4 || read_number(parts[3], plan.seed));
  if (!read) {
    return fail(ErrorCode::kInvalidInput,
                "'" + std::string(text) + "' is not a plan for a fault, such as stop:17:torn:5, " +
                    "stop:17, io:17, nospace:17, short:17 or sync:17");
  }
  return plan;
}

}  // namespace rheon::env::faulty
