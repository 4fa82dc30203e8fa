#include "keyed_tables.h"

#include <fmt/format.h>

#include <chrono>
#include <cstdlib>
#include <map>

#include "../support/running_job.h"
#include "engine/restore.h"

namespace rheon::bench {

namespace {

template <class T>
T value_of(Result<T> result) {
  if (!result.has_value()) {
    must(tl::unexpected(result.error()));
  }
  return std::move(*result);
}

}  // namespace

KeyedTables::KeyedTables(env::Env& env, const std::function<void(Job&)>& describe,
                         std::string directory)
    : env_(env), parker_(env.threads().make_parker()), plan_(plan_of("bench", describe)) {
  log::files::OpenOptions options;
  options.directory = std::move(directory);
  options.job = plan_.graph.job;
  options.key_groups = plan_.graph.key_groups;
  options.waker = parker_.get();
  options.snapshot_after_bytes = 1 << 20;  // a snapshot is wanted whenever there is something to it
  log::files::OpenResult opened = value_of(log::files::open(env, options));
  log_ = std::move(opened.log);
  epoch_ = opened.opened.epoch;
  catalog_ = value_of(engine::Catalog::make(plan_, opened.opened.facts, 0, facts_));
  std::vector<engine::KeyGroups> by_node = engine::make_key_groups(plan_, catalog_);
  for (engine::KeyGroups& groups : by_node) {
    if (!groups.empty()) {
      groups_ = std::move(groups);
    }
  }
  for (const auto& group : groups_) {
    group->attach(&changes_);
  }
}

void KeyedTables::put(const std::vector<std::string_view>& keys,
                      const std::function<void(void*, std::size_t)>& write) {
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const std::uint64_t hash = stable_hash(keys[i]);
    const KeyGroup group = key_group(hash, plan_.graph.key_groups);
    state::StateTable& table = groups_[group.value]->table(0);
    void* value = table.find_or_create(keys[i], hash);
    table.mark_changed(value);
    write(value, i);
  }
}

void KeyedTables::submit(log::Commit commit) {
  commit.epoch = Epoch{epoch_.value + 1};
  commit.facts = std::exchange(facts_, {});
  log_->submit(std::move(commit));
  for (;;) {
    for (auto event = log_->poll(); event.has_value(); event = log_->poll()) {
      if (event->kind == log::Event::Kind::kCommitted) {
        epoch_ = event->epoch;
        return;
      }
      fmt::print(stderr, "bench: the log does not commit: {}\n", event->sentence);
      std::exit(2);
    }
    parker_->park_until(env_.clock().monotonic() + std::chrono::seconds{1});
  }
}

std::uint64_t KeyedTables::commit(std::uint64_t bytes_per_commit) {
  std::vector<state::StateTable*> changed;
  changed.swap(changes_.changed);
  changes_.changed_bytes = 0;
  for (state::StateTable* table : changed) {
    table->begin_capture();
  }
  log::Commit commit;
  codec::DeltaWriter delta;
  std::uint64_t bytes = 0;
  for (state::StateTable* table : changed) {
    while (!table->encode_captured(delta, bytes_per_commit)) {
    }
    if (delta.size() >= bytes_per_commit) {
      bytes += delta.size();
      commit.deltas.push_back(delta.take());
      submit(std::exchange(commit, {}));
    }
  }
  bytes += delta.size();
  commit.deltas.push_back(delta.take());
  submit(std::move(commit));
  return bytes;
}

std::uint64_t KeyedTables::snapshot(std::uint64_t bytes_per_commit) {
  std::uint64_t bytes = 0;
  for (;;) {
    const std::vector<log::SliceAddress> wanted = log_->slices_wanted(bytes_per_commit);
    log::Commit commit;
    for (const log::SliceAddress& address : wanted) {
      codec::DeltaWriter writer;
      groups_[address.group.value]->table(0).encode_slice(address.first_hash, address.last_hash,
                                                          writer);
      commit.slices.push_back({address, writer.take()});
      bytes += commit.slices.back().blob.size();
    }
    submit(std::move(commit));
    // What is written between two commits is done when the log has nothing more to do.
    while (log_->poll().has_value()) {
    }
    if (wanted.empty()) {
      return bytes;
    }
  }
}

void KeyedTables::close() {
  log_.reset();
  groups_.clear();
}

}  // namespace rheon::bench
