#include "engine/ledger.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace rheon::engine {

CounterName parse_counter(std::string_view counter) {
  const auto part = [&counter] {
    const std::string_view result = counter.substr(0, counter.find('/'));
    counter.remove_prefix(std::min(counter.size(), result.size() + 1));
    return result;
  };
  CounterName name;
  name.kind = part();
  name.owner = part();
  name.what = counter;
  return name;
}

void OperatorCounters::drop(std::string_view reason, std::uint64_t count) {
  for (auto& [known, sum] : dropped) {
    if (known == reason) {
      sum += count;
      return;
    }
  }
  dropped.emplace_back(std::string(reason), count);
}

void OperatorCounters::report(const std::string& name, std::vector<LedgerEntry>& out_entries) {
  const std::string prefix = "operator/" + name + "/";
  const auto add = [&](std::string_view what, std::uint64_t count) {
    if (count > 0) {
      out_entries.push_back({prefix + std::string(what), count});
    }
  };
  add("in", in);
  add("emitted", emitted);
  add("absorbed", absorbed);
  add("late", late);
  add("quarantined", quarantined);
  for (const auto& [reason, count] : dropped) {
    add("dropped/" + reason, count);
  }
  add("out", out);
  add("out_from_timers", out_from_timers);
  add("timers", timers);
  add("quarantined_timers", quarantined_timers);
  add("created", created);
  add("removed", removed);
  add("expired", expired);
  *this = OperatorCounters{};
}

void Ledger::add(const LedgerEntry& entry) { counters_[entry.name] += entry.count; }

void Ledger::set(std::string_view name, std::uint64_t count) {
  counters_[std::string(name)] = count;
}

std::vector<std::string> Ledger::set_at_rest(const std::string& operator_name,
                                             std::uint64_t entries) {
  const std::string prefix = "operator/" + operator_name + "/";
  std::vector<std::string> changed;
  const auto [at, first] = counters_.try_emplace(prefix + "at_rest", entries);
  if (first || std::exchange(at->second, entries) != entries) {
    changed.push_back(at->first);
  }
  if (first) {
    // A job that was begun by a build that did not count them has some already.
    changed.push_back(prefix + "created");
    counters_[changed.back()] = entries + get(prefix + "removed");
  }
  return changed;
}

std::uint64_t Ledger::get(std::string_view name) const {
  const auto at = counters_.find(name);
  return at == counters_.end() ? 0 : at->second;
}

std::uint64_t Ledger::quarantined() const {
  std::uint64_t sum = 0;
  for (const auto& [counter, count] : counters_) {
    const std::string_view what = parse_counter(counter).what;
    sum += what == "quarantined" || what == "quarantined_timers" ? count : 0;
  }
  return sum;
}

namespace {

[[nodiscard]] bool is_disposition(std::string_view what) {
  return what == "emitted" || what == "absorbed" || what == "late" || what == "quarantined" ||
         what.starts_with("dropped/");
}

// What came in and what became of it; the two are to be equal.
struct Account {
  std::uint64_t in = 0;
  std::uint64_t out = 0;
};
using Accounts = std::map<std::string_view, Account>;

}  // namespace

std::vector<Imbalance> Ledger::imbalances() const {
  std::vector<Imbalance> result;
  Accounts operators;
  Accounts edges;
  for (const auto& [counter, count] : counters_) {
    const auto [kind, owner, what] = parse_counter(counter);
    if (kind == "operator") {
      if (what == "in") {
        operators[owner].in += count;
      } else if (is_disposition(what)) {
        operators[owner].out += count;
      } else if (what == "at_rest") {
        check_state(std::string(owner), count, result);
      }
    } else if (kind == "edge") {  // what its key_by has sent to quarantine was not sent
      if (what == "sent") {
        edges[owner].in += count;
      } else if (what == "received") {
        edges[owner].out += count;
      }
    }
  }
  for (const auto& [name, account] : operators) {
    if (account.in != account.out) {
      result.push_back(
          {std::string(name), fmt::format("operator '{}' took {} records and accounts for {}.",
                                          name, account.in, account.out)});
    }
  }
  for (const auto& [name, account] : edges) {
    if (account.in != account.out) {
      result.push_back(
          {std::string(name), fmt::format("edge '{}' sent {} records and delivered {}.", name,
                                          account.in, account.out)});
    }
  }
  return result;
}

void Ledger::check_state(const std::string& operator_name, std::uint64_t at_rest,
                         std::vector<Imbalance>& out_imbalances) const {
  const std::uint64_t created = get("operator/" + operator_name + "/created");
  const std::uint64_t removed = get("operator/" + operator_name + "/removed");
  if (created != removed + at_rest) {
    out_imbalances.push_back(
        {operator_name,
         fmt::format("operator '{}' has created {} entries of state and removed {}, and holds {}.",
                     operator_name, created, removed, at_rest)});
  }
}

}  // namespace rheon::engine
