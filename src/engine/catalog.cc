#include "engine/catalog.h"

#include <algorithm>
#include <charconv>
#include <set>

#include "codec/wire.h"
#include "engine/factories.h"

namespace rheon::engine {

namespace {

constexpr std::uint8_t kCatalogVersion = 1;
constexpr std::string_view kPrefix = "state/";

struct StoredState {
  std::uint32_t id = 0;
  std::string operator_name;
  std::string name;
  std::uint8_t kind = 0;
  std::string key_schema;
  std::string sub_schema;
  std::string value_schema;
  bool has_ttl = false;
};

[[nodiscard]] std::string encode(const StoredState& s) {
  std::string out;
  codec::put_u8(out, kCatalogVersion);
  codec::put_bytes(out, s.operator_name);
  codec::put_bytes(out, s.name);
  codec::put_u8(out, s.kind);
  codec::put_bytes(out, s.key_schema);
  codec::put_bytes(out, s.sub_schema);
  codec::put_bytes(out, s.value_schema);
  codec::put_u8(out, s.has_ttl ? 1 : 0);
  return out;
}

[[nodiscard]] Result<StoredState> decode(const std::string& key, std::string_view value) {
  StoredState s;
  codec::Reader in(value);
  const std::uint8_t version = in.u8();
  s.operator_name = in.bytes();
  s.name = in.bytes();
  s.kind = in.u8();
  s.key_schema = in.bytes();
  s.sub_schema = in.bytes();
  s.value_schema = in.bytes();
  s.has_ttl = in.u8() != 0;
  const char* const end = key.data() + key.size();
  const auto [number_end, error] = std::from_chars(key.data() + kPrefix.size(), end, s.id);
  if (in.failed() || !in.at_end() || version != kCatalogVersion || error != std::errc{} ||
      number_end != end) {
    return fail(ErrorCode::kCorrupt,
                "the stored catalog entry '" + key + "' cannot be read by this build.");
  }
  return s;
}

[[nodiscard]] Result<std::vector<StoredState>> stored_states(const log::Facts& facts) {
  std::vector<StoredState> result;
  for (auto at = facts.lower_bound(kPrefix); at != facts.end() && at->first.starts_with(kPrefix);
       ++at) {
    RHEON_ASSIGN(StoredState state, decode(at->first, at->second));
    result.push_back(std::move(state));
  }
  return result;
}

/// Stored under the operator's name, or under one that it had before.
[[nodiscard]] bool belongs_to(const StoredState& stored, const graph::Node& node) {
  return stored.operator_name == node.name ||
         std::find(node.renamed_from.begin(), node.renamed_from.end(), stored.operator_name) !=
             node.renamed_from.end();
}

/// Its name is the declared one, or one that the state had before.
[[nodiscard]] bool belongs_to(const StoredState& stored, const state::StateDeclaration& declared) {
  const std::vector<std::string>& old = declared.renamed_from.names;
  return stored.name == declared.name ||
         std::find(old.begin(), old.end(), stored.name) != old.end();
}

/// No state may take over from one that the operator still has.
[[nodiscard]] Status check_renames(const graph::Node& node,
                                   const std::vector<state::StateDeclaration>& declarations) {
  for (const state::StateDeclaration& renamed : declarations) {
    for (const state::StateDeclaration& other : declarations) {
      const std::vector<std::string>& old = renamed.renamed_from.names;
      if (std::find(old.begin(), old.end(), other.name) != old.end()) {
        return fail(ErrorCode::kInvalidInput,
                    "state '" + node.name + "." + renamed.name + "' says renamed_from(\"" +
                        other.name + "\"), and '" + node.name +
                        "' still has a state of that name. Give that one another name, or take "
                        "the renamed_from away.");
      }
    }
  }
  return {};
}

/// What is stored under two names cannot become one state.
[[nodiscard]] Status check_same_name(const StoredState& one, const StoredState& other,
                                     const StoredState& current) {
  if (one.operator_name == other.operator_name && one.name == other.name) {
    return {};
  }
  return fail(ErrorCode::kRefused, "the data directory holds '" + one.operator_name + "." +
                                       one.name + "' and '" + other.operator_name + "." +
                                       other.name + "', and both would become '" +
                                       current.operator_name + "." + current.name +
                                       "'. Take the renamed_from of one of them away.");
}

[[nodiscard]] Status compare(const StoredState& stored, const StoredState& current) {
  const std::string where = "state '" + stored.operator_name + "." + stored.name + "'";
  const auto refuse = [&](const std::string& what, const std::string& was, const std::string& is) {
    return fail(ErrorCode::kRefused,
                where + " was written with " + what + " " + was + ", this build has " + is +
                    ". Give the new state another name, or start over with `reset`.");
  };
  if (stored.kind != current.kind) {
    return refuse("kind", state::to_string(static_cast<state::StateKind>(stored.kind)),
                  state::to_string(static_cast<state::StateKind>(current.kind)));
  }
  if (stored.key_schema != current.key_schema) {
    return refuse("keys of type", stored.key_schema, current.key_schema);
  }
  if (stored.sub_schema != current.sub_schema) {
    return refuse("map keys of type", stored.sub_schema, current.sub_schema);
  }
  RHEON_TRY(codec::compatible(stored.value_schema, current.value_schema, where));
  if (stored.has_ttl != current.has_ttl) {
    return refuse("lifetime", stored.has_ttl ? "ttl" : "unbounded",
                  current.has_ttl ? "ttl" : "unbounded");
  }
  return {};
}

[[nodiscard]] Status refuse_orphans(const std::vector<StoredState>& stored,
                                    const std::set<std::uint32_t>& placed) {
  std::string orphans;
  for (const StoredState& s : stored) {
    if (!placed.contains(s.id)) {
      orphans += (orphans.empty() ? "'" : ", '") + s.operator_name + "." + s.name + "'";
    }
  }
  if (orphans.empty()) {
    return {};
  }
  return fail(
      ErrorCode::kRefused,
      "the data directory holds state that this job has no place for: " + orphans +
          ". Bring the operator back under its name, say renamed_from(...) on the one that "
          "replaces it (a state takes it as its last argument), or start over with `reset`.");
}

}  // namespace

Result<Catalog> Catalog::make(const Plan& plan, const log::Facts& facts, std::uint64_t table_seed,
                              std::vector<log::FactChange>& changes) {
  RHEON_ASSIGN(const std::vector<StoredState> stored, stored_states(facts));
  std::uint32_t next_id = 1;
  for (const StoredState& s : stored) {
    next_id = std::max(next_id, s.id + 1);
  }
  Catalog catalog;
  std::set<std::uint32_t> placed;
  catalog.sets_.resize(plan.graph.nodes.size());
  for (std::size_t n = 0; n < plan.graph.nodes.size(); ++n) {
    const graph::Node& node = plan.graph.nodes[n];
    if (node.kind != graph::NodeKind::kTransform && node.kind != graph::NodeKind::kKeyed) {
      continue;
    }
    auto set = std::make_shared<state::StateSet>();
    set->declarations = static_cast<const OperatorFactory&>(*node.runtime).states();
    set->seed = table_seed;
    RHEON_TRY(check_renames(node, set->declarations));
    for (std::size_t i = 0; i < set->declarations.size(); ++i) {
      const state::StateDeclaration& d = set->declarations[i];
      StoredState current{0,
                          node.name,
                          d.name,
                          static_cast<std::uint8_t>(d.kind),
                          d.key_schema,
                          d.sub_schema,
                          d.value_schema,
                          d.lifetime.ttl.has_value()};
      std::vector<StateId> older;
      const StoredState* first = nullptr;
      for (const StoredState& known : stored) {
        if (!belongs_to(known, node) || !belongs_to(known, d)) {
          continue;
        }
        RHEON_TRY(compare(known, current));
        first = first == nullptr ? &known : first;
        RHEON_TRY(check_same_name(*first, known, current));
        placed.insert(known.id);
        if (known.value_schema == current.value_schema) {
          current.id = known.id;
          continue;
        }
        RHEON_ASSIGN(codec::Schema schema, codec::parse_schema(known.value_schema));
        catalog.places_[known.id] = {n, i};
        catalog.older_schemas_.emplace(known.id, std::move(schema));
        older.emplace_back(known.id);
        if (known.operator_name != node.name || known.name != d.name) {
          StoredState renamed = known;
          renamed.operator_name = node.name;
          renamed.name = d.name;
          changes.emplace_back(std::string(kPrefix) + std::to_string(known.id), encode(renamed));
        }
      }
      if (current.id == 0) {
        current.id = next_id++;
      }
      std::string key = std::string(kPrefix) + std::to_string(current.id);
      std::string value = encode(current);
      if (const auto known = facts.find(key); known == facts.end() || known->second != value) {
        changes.emplace_back(std::move(key), std::move(value));
      }
      placed.insert(current.id);
      catalog.places_[current.id] = {n, i};
      set->ids.emplace_back(current.id);
      set->older_ids.push_back(std::move(older));
    }
    // A keyed operator has key groups also when it keeps nothing in them: they hold the watermark.
    if (!set->declarations.empty() || node.kind == graph::NodeKind::kKeyed) {
      catalog.sets_[n] = std::move(set);
    }
  }
  RHEON_TRY(refuse_orphans(stored, placed));
  return catalog;
}

const Catalog::Place* Catalog::find(StateId id) const {
  const auto at = places_.find(id.value);
  return at == places_.end() ? nullptr : &at->second;
}

const codec::Schema* Catalog::older_schema(StateId id) const {
  const auto at = older_schemas_.find(id.value);
  return at == older_schemas_.end() ? nullptr : &at->second;
}

}  // namespace rheon::engine
