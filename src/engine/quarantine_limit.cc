#include "engine/quarantine_limit.h"

namespace rheon::engine {

void QuarantineLimit::add(const std::vector<LedgerEntry>& entries, env::Monotonic now) {
  constexpr std::string_view kPrefix = "operator/";
  const auto second = std::chrono::floor<std::chrono::seconds>(now);
  for (const LedgerEntry& entry : entries) {
    std::string_view name = entry.name;
    if (!name.starts_with(kPrefix)) {
      continue;
    }
    name.remove_prefix(kPrefix.size());
    const std::size_t slash = name.find('/');  // names of operators hold none, reasons may
    const std::string_view counter = name.substr(slash + 1);
    const bool in = counter == "in";
    if (!in && counter != "quarantined") {
      continue;
    }
    name = name.substr(0, slash);
    Operator& counted = operators_.try_emplace(std::string(name)).first->second;
    while (!counted.seconds.empty() && counted.seconds.front().second <= second - kWindow) {
      counted.sum.in -= counted.seconds.front().in;
      counted.sum.quarantined -= counted.seconds.front().quarantined;
      counted.seconds.pop_front();
    }
    if (counted.seconds.empty() || counted.seconds.back().second != second) {
      counted.seconds.push_back({second, 0, 0});
    }
    (in ? counted.seconds.back().in : counted.seconds.back().quarantined) += entry.count;
    (in ? counted.sum.in : counted.sum.quarantined) += entry.count;
  }
}

Status QuarantineLimit::check(
    const std::map<std::string, std::string, std::less<>>& reasons) const {
  for (const auto& [name, counted] : operators_) {
    const Counts& sum = counted.sum;
    if (sum.quarantined <= kAlwaysAllowed || sum.quarantined * 100 <= sum.in * max_percent_) {
      continue;
    }
    const auto reason = reasons.find(name);
    return fail(
        ErrorCode::kInvalidInput,
        "'" + name + "' has sent " + std::to_string(sum.quarantined) + " of " +
            std::to_string(sum.in) + " records to quarantine within a minute, more than " +
            std::to_string(max_percent_) + " %" +
            (reason == reasons.end() ? "" : "; one of them is " + reason->second) +
            ". Nothing of this epoch is committed. Mend the input or the operator and run again, "
            "or allow more with --max-quarantined-percent.");
  }
  return {};
}

}  // namespace rheon::engine
