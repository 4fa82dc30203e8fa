#include "engine/stored_names.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "engine/fact_names.h"
#include "engine/operator_counters.h"

namespace rheon::engine {

namespace {

// Facts whose key goes on with an operator's name, up to the next slash.
constexpr std::array<std::string_view, 4> kNamedPrefixes{"position/", "sink/", "watermark/",
                                                         "ledger/operator/"};

[[nodiscard]] const graph::Node* renamed_to(const graph::Graph& graph, std::string_view old) {
  for (const graph::Node& node : graph.nodes) {
    if (std::find(node.renamed_from.begin(), node.renamed_from.end(), old) !=
        node.renamed_from.end()) {
      return &node;
    }
  }
  return nullptr;
}

/// The key under the operator's new name; none when it keeps its own.
[[nodiscard]] std::optional<std::string> renamed_key(const graph::Graph& graph,
                                                     std::string_view key) {
  for (const std::string_view prefix : kNamedPrefixes) {
    if (!key.starts_with(prefix)) {
      continue;
    }
    const std::string_view rest = key.substr(prefix.size());
    const std::string_view name = rest.substr(0, rest.find('/'));
    if (const graph::Node* node = renamed_to(graph, name)) {
      return std::string(prefix) + node->name + std::string(rest.substr(name.size()));
    }
  }
  return std::nullopt;
}

void add_orphans(const graph::Graph& graph, const log::Facts& facts, std::string_view prefix,
                 graph::NodeKind kind, std::vector<std::string>& orphans) {
  std::set<std::string_view> names;
  for (auto at = facts.lower_bound(prefix); at != facts.end() && at->first.starts_with(prefix);
       ++at) {
    std::string_view name = std::string_view(at->first).substr(prefix.size());
    name = name.substr(0, name.find('/'));
    const bool placed = std::any_of(
        graph.nodes.begin(), graph.nodes.end(),
        [&](const graph::Node& node) { return node.kind == kind && node.name == name; });
    if (!placed) {
      names.insert(name);
    }
  }
  for (const std::string_view name : names) {
    orphans.push_back(fmt::format("{} '{}'", to_string(kind), name));
  }
}

[[nodiscard]] std::vector<std::string> orphans_of(const graph::Graph& graph,
                                                  const log::Facts& facts) {
  std::vector<std::string> orphans;
  add_orphans(graph, facts, kPositionPrefix, graph::NodeKind::kSource, orphans);
  add_orphans(graph, facts, kSinkPrefix, graph::NodeKind::kSink, orphans);
  return orphans;
}

/// What the ledger says of an operator's state. Operators may be joined or split under new names:
/// then it is counted anew.
[[nodiscard]] bool is_count_of_state(std::string_view key) {
  if (!key.starts_with(kLedgerPrefix)) {
    return false;
  }
  const auto [kind, owner, what] = parse_counter(key.substr(kLedgerPrefix.size()));
  return kind == "operator" &&
         (what == "created" || what == "removed" || what == "expired" || what == "at_rest");
}

}  // namespace

Status place_stored_names(const graph::Graph& graph, log::Facts& facts,
                          std::vector<log::FactChange>& changes) {
  log::Facts moved;
  for (auto at = facts.begin(); at != facts.end();) {
    std::optional<std::string> key = renamed_key(graph, at->first);
    if (!key.has_value()) {
      ++at;
      continue;
    }
    changes.push_back({at->first, std::nullopt});
    if (is_count_of_state(*key)) {
      changes.push_back({*key, std::nullopt});
      facts.erase(*key);
      at = facts.erase(at);
      continue;
    }
    changes.push_back({*key, at->second});
    moved.emplace(std::move(*key), std::move(at->second));
    at = facts.erase(at);
  }
  facts.merge(moved);
  const std::vector<std::string> orphans = orphans_of(graph, facts);
  if (orphans.empty()) {
    return {};
  }
  return fail(ErrorCode::kRefused,
              fmt::format("the data directory holds the progress of what this job does not have: "
                          "{}. Bring it back under its name, say renamed_from(...) on the one that "
                          "replaces it, give another job another --data-dir, or start over with "
                          "`reset`.",
                          fmt::join(orphans, ", ")));
}

}  // namespace rheon::engine
