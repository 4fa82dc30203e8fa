#include "engine/quarantine_limit.h"

namespace rheon::engine {

namespace {

struct Counted {
  std::string_view name;  // of the operator or edge; empty: the entry does not count here
  bool timers = false;    // of the operator: they have a share of their own
  std::uint64_t in = 0;
  std::uint64_t quarantined = 0;
};

// An edge has taken what it has sent, and what went to quarantine instead.
[[nodiscard]] Counted counted(const LedgerEntry& entry) {
  const auto [kind, owner, what] = parse_counter(entry.name);
  const bool edge = kind == "edge";
  if (what == "quarantined") {
    return {owner, false, edge ? entry.count : 0, entry.count};
  }
  if (what == "quarantined_timers") {
    return {owner, true, 0, entry.count};
  }
  if (what == "timers") {
    return {owner, true, entry.count, 0};
  }
  return what == (edge ? "sent" : "in") ? Counted{owner, false, entry.count, 0} : Counted{};
}

}  // namespace

void QuarantineLimit::add(const std::vector<LedgerEntry>& entries, env::Monotonic now) {
  const auto second = std::chrono::floor<std::chrono::seconds>(now);
  for (const LedgerEntry& entry : entries) {
    const auto [name, timers, in, quarantined] = counted(entry);
    if (name.empty()) {
      continue;
    }
    Operator& at = operators_.try_emplace({std::string(name), timers}).first->second;
    while (!at.seconds.empty() && at.seconds.front().second <= second - kWindow) {
      at.sum.in -= at.seconds.front().in;
      at.sum.quarantined -= at.seconds.front().quarantined;
      at.seconds.pop_front();
    }
    if (at.seconds.empty() || at.seconds.back().second != second) {
      at.seconds.push_back({second, 0, 0});
    }
    at.seconds.back().in += in;
    at.seconds.back().quarantined += quarantined;
    at.sum.in += in;
    at.sum.quarantined += quarantined;
  }
}

Status QuarantineLimit::check(
    const std::map<std::string, std::string, std::less<>>& reasons) const {
  for (const auto& [of, counted] : operators_) {
    const auto& [name, timers] = of;
    const Counts& sum = counted.sum;
    if (sum.quarantined <= kAlwaysAllowed || sum.quarantined * 100 <= sum.in * max_percent_) {
      continue;
    }
    const auto reason = reasons.find(name);
    return fail(
        ErrorCode::kInvalidInput,
        "'" + name + "' has sent " + std::to_string(sum.quarantined) + " of " +
            std::to_string(sum.in) + (timers ? " timers" : " records") +
            " to quarantine within a minute, more than " + std::to_string(max_percent_) + " %" +
            (reason == reasons.end() ? "" : "; one of them is " + reason->second) +
            ". Nothing of this epoch is committed. Mend the input or the operator and run again, "
            "or allow more with --max-quarantined-percent.");
  }
  return {};
}

}  // namespace rheon::engine
