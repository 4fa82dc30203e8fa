// Snapshot slices and deltas (codec/delta.h): into tables, and as what `state get` prints.

#include "engine/restore.h"

#include <algorithm>
#include <tuple>

#include "base/stable_hash.h"
#include "run/state_entry.h"
#include "support/input.h"
#include "support/job.h"
#include "support/same.h"
#include "support/seeds.h"

namespace rheon::fuzz {
namespace {

constexpr std::size_t kOperator = 1;  // the node with the states

struct Job {
  engine::Plan plan = plan_with(declared_states());
  engine::Catalog catalog = make_catalog(plan);

 private:
  static engine::Catalog make_catalog(const engine::Plan& plan) {
    std::vector<log::FactChange> changes;
    return std::move(*engine::Catalog::make(plan, older_facts(), /*table_seed=*/1, changes));
  }
};

const Job& job() {
  static const Job kJob;
  return kJob;
}

/// The tables of all key groups while they are brought back.
class Tables {
 public:
  Tables() : groups_(engine::make_key_groups(job().plan, job().catalog)) {}

  [[nodiscard]] engine::Restore& restore() { return restore_; }
  [[nodiscard]] state::StateTable& table(std::size_t group, std::size_t state) {
    return groups_[kOperator][group]->table(state);
  }
  /// False: what was brought back is refused.
  [[nodiscard]] bool rebuild_timers() {
    return std::all_of(groups_[kOperator].begin(), groups_[kOperator].end(), [](const auto& group) {
      return group->rebuild_timers(*job().catalog.sets()[kOperator]).has_value();
    });
  }
  /// One slice for each table, as the log would keep it.
  [[nodiscard]] std::vector<std::string> slices() {
    std::vector<std::string> result;
    for (std::size_t g = 0; g < groups_[kOperator].size(); ++g) {
      for (std::size_t s = 0; s < groups_[kOperator][g]->states(); ++s) {
        codec::DeltaWriter writer;
        table(g, s).encode_slice(0, UINT32_MAX, writer);
        result.push_back(writer.take());
      }
    }
    return result;
  }

 private:
  std::vector<engine::KeyGroups> groups_;
  engine::Restore restore_{job().catalog, groups_, [](KeyGroup) { return true; }};
};

/// Entries of slices in an order that does not depend on the tables.
[[nodiscard]] auto sorted_entries(const std::vector<std::string>& slices) {
  std::vector<std::tuple<StateId, KeyGroup, std::string, std::string, std::string>> entries;
  for (const std::string& blob : slices) {
    codec::DeltaReader reader(blob);
    codec::DeltaSection section;
    while (reader.next(section)) {
      codec::DeltaEntryReader in(section.entries);
      codec::DeltaEntry entry;
      while (in.next(entry)) {
        entries.emplace_back(section.state, section.group, entry.key, entry.sub, entry.value);
      }
      RHEON_ASSERT(!in.failed(), "an entry that was written cannot be read");
    }
    RHEON_ASSERT(!reader.failed(), "a slice that was written cannot be read");
  }
  std::sort(entries.begin(), entries.end());
  return entries;
}

/// What was restored comes back from the slices that are made of it, and can be shown.
void check_tables(Tables& tables) {
  if (!tables.rebuild_timers()) {
    return;
  }
  const std::vector<std::string> slices = tables.slices();
  Tables again;
  for (const std::string& blob : slices) {
    RHEON_ASSERT(again.restore().on_slice({}, Epoch{1}, blob).has_value(), "a slice is refused");
  }
  RHEON_ASSERT(sorted_entries(again.slices()) == sorted_entries(slices),
               "what was restored is not what was stored");
  const auto& set = *job().catalog.sets()[kOperator];
  for (std::size_t g = 0; g < job().plan.graph.key_groups; ++g) {
    for (std::size_t s = 0; s < set.declarations.size(); ++s) {
      const state::StateTable& table = tables.table(g, s);
      for (const std::string_view key : table.sorted_keys()) {
        const std::string entry = run::encode_entry(table, set.declarations[s], key);
        static_cast<void>(run::entry_json(set.declarations[s], entry));
      }
    }
  }
}

/// Slices first, as a log gives them, then deltas.
[[nodiscard]] bool restore(Tables& tables, Input& in) {
  for (std::uint64_t left = in.number(); left > 0 && !in.empty(); --left) {
    log::SliceAddress address{StateId{static_cast<std::uint32_t>(in.number())},
                              KeyGroup{in.byte()}};
    address.first_hash = std::uint32_t{in.byte()} << 24;
    const Epoch as_of{in.number()};
    if (!tables.restore().on_slice(address, as_of, in.text()).has_value()) {
      return false;
    }
  }
  while (!in.empty()) {
    const Epoch epoch{in.number()};
    if (!tables.restore().on_delta(epoch, in.text()).has_value()) {
      return false;
    }
  }
  return true;
}

// For the seeds.

void put_all_kinds(codec::DeltaWriter& out, KeyGroup group) {
  const auto& set = *job().catalog.sets()[kOperator];
  for (std::size_t s = 0; s < set.declarations.size(); ++s) {
    const state::StateDeclaration& state = set.declarations[s];
    const std::string prefix(state.lifetime.ttl.has_value() ? 8 : 0, '\1');
    const std::string value = state.name == "session" || state.name == "map" ? encoded(a_session())
                              : state.value_schema == "text"                 ? "\3abc"
                              : state.value_schema == "time"                 ? "12345678"
                                                                             : "\1";
    out.begin_section(set.ids[s], group);
    switch (state.kind) {
      case state::StateKind::kMap:
        out.put_sub("a key", std::string_view("\x80\0\0\1", 4), value);
        break;
      case state::StateKind::kList:
        out.put("a key", prefix);
        out.put_sub("a key", std::string(8, '\0'), prefix + value);
        break;
      case state::StateKind::kEventTimerSet:
      case state::StateKind::kProcessingTimerSet:
        out.put_sub("a key", state::timer_set_sub(EventTime{1'000'000}), value);
        break;
      default:
        out.put("a key", prefix + value);
    }
  }
}

}  // namespace

Seeds seeds() {
  const auto delta = [](std::uint64_t epoch, codec::DeltaWriter writer) {
    std::string out;
    codec::put_varint(out, epoch);
    codec::put_bytes(out, writer.take());
    return out;
  };
  codec::DeltaWriter all;
  put_all_kinds(all, KeyGroup{1});
  codec::DeltaWriter removals;
  for (const StateId id : job().catalog.sets()[kOperator]->ids) {
    removals.begin_section(id, KeyGroup{1});
    removals.remove("a key");
  }
  removals.begin_section(job().catalog.sets()[kOperator]->ids[6], KeyGroup{2});
  removals.remove_sub("a key", std::string_view("\x80\0\0\1", 4));
  codec::DeltaWriter older;
  older.begin_section(job().catalog.sets()[kOperator]->older_ids[8][0], KeyGroup{0});
  older.put("a key", std::string_view("\4gone\7", 6));

  std::string slice;
  codec::put_varint(slice, 1);  // slices
  codec::put_varint(slice, job().catalog.sets()[kOperator]->ids[8].value);
  slice += std::string_view("\1\0", 2);
  slice += delta(3, std::move(all));
  codec::DeltaWriter same;
  put_all_kinds(same, KeyGroup{1});
  codec::DeltaWriter once_more;
  put_all_kinds(once_more, KeyGroup{1});
  return {{"slice", slice + delta(2, std::move(same))},
          {"delta", std::string(1, '\0') + delta(1, std::move(once_more))},
          {"removals", slice + delta(4, std::move(removals))},
          {"older", std::string(1, '\0') + delta(5, std::move(older))}};
}

}  // namespace rheon::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace rheon;
  fuzz::Input in(data, size);
  fuzz::Tables tables;
  if (fuzz::restore(tables, in)) {
    fuzz::check_tables(tables);
  }
  const std::string_view blob(reinterpret_cast<const char*>(data), size);
  for (const state::StateDeclaration& state : fuzz::declared_states()) {
    static_cast<void>(run::entry_json(state, blob));
  }
  return 0;
}
