#include "engine/ledger.h"

#include <algorithm>

namespace rheon::engine {

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
  add("created", created);
  add("removed", removed);
  add("expired", expired);
  *this = OperatorCounters{};
}

void Ledger::add(const LedgerEntry& entry) { counters_[entry.name] += entry.count; }

void Ledger::set(std::string_view name, std::uint64_t count) {
  counters_[std::string(name)] = count;
}

void Ledger::set_at_rest(const std::string& operator_name, std::uint64_t entries) {
  const std::string prefix = "operator/" + operator_name + "/";
  const auto [at, first] = counters_.try_emplace(prefix + "at_rest", entries);
  at->second = entries;
  if (first) {
    // A job that was begun by a build that did not count them has some already.
    counters_[prefix + "created"] = entries + get(prefix + "removed");
  }
}

std::uint64_t Ledger::get(std::string_view name) const {
  const auto at = counters_.find(name);
  return at == counters_.end() ? 0 : at->second;
}

std::uint64_t Ledger::quarantined() const {
  std::uint64_t sum = 0;
  for (const auto& [counter, count] : counters_) {
    sum += counter.ends_with("/quarantined") ? count : 0;
  }
  return sum;
}

namespace {

// The part between `prefix` and the last slash-separated word: names hold no slash.
[[nodiscard]] std::string_view name_in(std::string_view counter, std::string_view prefix) {
  counter.remove_prefix(prefix.size());
  return counter.substr(0, counter.find('/'));
}

}  // namespace

std::vector<Imbalance> Ledger::imbalances() const {
  std::map<std::string, std::uint64_t, std::less<>> inputs;
  std::map<std::string, std::uint64_t, std::less<>> dispositions;
  std::map<std::string, std::uint64_t, std::less<>> sent;
  std::map<std::string, std::uint64_t, std::less<>> received;
  for (const auto& [counter, count] : counters_) {
    if (counter.starts_with("operator/")) {
      const std::string name(name_in(counter, "operator/"));
      const std::string_view what = std::string_view(counter).substr(
          std::min(counter.size(), std::string_view("operator/").size() + name.size() + 1));
      if (what == "in") {
        inputs[name] += count;
        dispositions[name];  // compared below, also when it has none
      } else if (what == "emitted" || what == "absorbed" || what == "late" ||
                 what == "quarantined" || what.starts_with("dropped/")) {
        dispositions[name] += count;
        inputs[name];
      }
    } else if (counter.starts_with("edge/")) {
      const std::string name(name_in(counter, "edge/"));
      if (counter.ends_with("/quarantined")) {
        continue;  // by its key_by: it was not sent
      }
      (counter.ends_with("/sent") ? sent : received)[name] += count;
      (counter.ends_with("/sent") ? received : sent)[name];
    }
  }
  std::vector<Imbalance> result;
  for (const auto& [counter, entries] : counters_) {
    if (counter.starts_with("operator/") && counter.ends_with("/at_rest")) {
      const std::string name(name_in(counter, "operator/"));
      const std::uint64_t created = get("operator/" + name + "/created");
      const std::uint64_t removed = get("operator/" + name + "/removed");
      if (created != removed + entries) {
        result.push_back({name, "operator '" + name + "' has created " + std::to_string(created) +
                                    " entries of state and removed " + std::to_string(removed) +
                                    ", and holds " + std::to_string(entries) + "."});
      }
    }
  }
  for (const auto& [name, count] : inputs) {
    if (dispositions[name] != count) {
      result.push_back({name, "operator '" + name + "' took " + std::to_string(count) +
                                  " records and accounts for " +
                                  std::to_string(dispositions[name]) + "."});
    }
  }
  for (const auto& [name, count] : sent) {
    if (received[name] != count) {
      result.push_back({name, "edge '" + name + "' sent " + std::to_string(count) +
                                  " records and delivered " + std::to_string(received[name]) +
                                  "."});
    }
  }
  return result;
}

}  // namespace rheon::engine
