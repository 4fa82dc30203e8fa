#include "engine/restore.h"

#include <deque>

#include "base/stable_hash.h"
#include "env/io_pool.h"

namespace rheon::engine {

std::vector<KeyGroups> make_key_groups(const Plan& plan, const Catalog& catalog) {
  std::vector<KeyGroups> all(plan.graph.nodes.size());
  for (std::size_t node = 0; node < all.size(); ++node) {
    const auto& set = catalog.sets()[node];
    if (set == nullptr) {
      continue;
    }
    for (std::uint32_t g = 0; g < plan.graph.key_groups; ++g) {
      all[node].push_back(std::make_unique<state::KeyGroupState>(KeyGroup{g}, *set));
    }
  }
  return all;
}

Status Restore::on_slice(const log::SliceAddress& address, Epoch as_of_epoch,
                         std::string_view blob) {
  if (!wanted_(address.group)) {
    return {};
  }
  slices_[{address.state, address.group}].push_back(
      {address.first_hash, address.last_hash, as_of_epoch});
  codec::DeltaReader reader(blob);
  codec::DeltaSection section;
  while (reader.next(section)) {
    RHEON_TRY(apply(section, as_of_epoch, /*is_slice=*/true));
  }
  return reader.failed()
             ? fail(ErrorCode::kCorrupt, "a snapshot slice cannot be read by this build.")
             : Status{};
}

Status Restore::on_delta(Epoch epoch, std::string_view blob) {
  codec::DeltaReader reader(blob);
  codec::DeltaSection section;
  while (reader.next(section)) {
    if (wanted_(section.group)) {
      RHEON_TRY(apply(section, epoch, /*is_slice=*/false));
    }
  }
  return reader.failed()
             ? fail(ErrorCode::kCorrupt, "the delta of epoch " + std::to_string(epoch.value) +
                                             " cannot be read by this build.")
             : Status{};
}

Epoch Restore::as_of(const std::vector<Range>& ranges, std::uint64_t hash) const {
  const auto upper = static_cast<std::uint32_t>(hash >> 32);
  Epoch latest;
  for (const Range& range : ranges) {
    if (upper >= range.first && upper <= range.last) {
      latest = std::max(latest, range.as_of);
    }
  }
  return latest;
}

Status Restore::apply(const codec::DeltaSection& section, Epoch epoch, bool is_slice) {
  const Catalog::Place* place = catalog_.find(section.state);
  if (place == nullptr) {
    return fail(ErrorCode::kCorrupt, "the log holds state with the unknown id " +
                                         std::to_string(section.state.value) + ".");
  }
  KeyGroups& groups = groups_[place->node];
  if (section.group.value >= groups.size()) {
    return fail(ErrorCode::kCorrupt, "the log holds a key group " +
                                         std::to_string(section.group.value) + " of " +
                                         std::to_string(groups.size()) + ".");
  }
  state::StateTable& table = groups[section.group.value]->table(place->state);
  const codec::Schema* older = catalog_.older_schema(section.state);
  const auto sliced = slices_.find({section.state, section.group});
  codec::DeltaEntryReader reader(section.entries);
  codec::DeltaEntry entry;
  bool good = true;
  while (good && reader.next(entry)) {
    const std::uint64_t hash = stable_hash(entry.key);
    if (!is_slice && sliced != slices_.end() && as_of(sliced->second, hash) >= epoch) {
      continue;
    }
    good = table.apply(entry, hash, older);
  }
  if (!good || reader.failed()) {
    return fail(ErrorCode::kCorrupt, "an entry of state id " + std::to_string(section.state.value) +
                                         " in epoch " + std::to_string(epoch.value) +
                                         " is not what this build writes.");
  }
  return {};
}

Status restore_all(env::Env& env, log::Log& log, const Plan& plan, const Catalog& catalog,
                   std::uint32_t parallel, std::vector<KeyGroups>& groups) {
  const std::uint32_t key_groups = plan.graph.key_groups;
  const std::uint32_t parts = std::min(std::max(parallel, 1u), key_groups);
  std::vector<Status> results(parts);
  const auto part = [&](std::uint32_t i) {
    const auto wanted = [=](KeyGroup group) { return group.value % parts == i; };
    Restore visitor(catalog, groups, wanted);
    results[i] = log.restore(wanted, visitor);
  };
  std::vector<std::unique_ptr<env::Thread>> threads;
  for (std::uint32_t i = 1; i < parts; ++i) {
    threads.push_back(env.threads().start("restore", [&part, i] { part(i); }));
  }
  part(0);
  threads.clear();  // joins
  for (Status& result : results) {
    RHEON_TRY(std::move(result));
  }
  for (std::size_t node = 0; node < groups.size(); ++node) {
    for (const auto& group : groups[node]) {
      RHEON_TRY(group->rebuild_timers(*catalog.sets()[node]));
    }
  }
  return {};
}

}  // namespace rheon::engine
