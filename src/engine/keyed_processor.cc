#include "engine/keyed_processor.h"

#include <algorithm>
#include <set>
#include <utility>

#include "state/timer_value.h"

namespace rheon::engine {

KeyedProcessor::KeyedProcessor(std::string name, ShardContext& shard,
                               std::shared_ptr<const state::StateSet> states)
    : Processor(std::move(name), shard),
      states_(std::move(states)),
      group_mask_(shard.key_groups - 1) {
  groups_.resize(shard.key_groups);
  for (const state::StateDeclaration& declaration : states_->declarations) {
    if (state::is_timer(declaration.kind)) {
      (state::is_processing_timer(declaration.kind) ? has_processing_timers_ : has_event_timers_) =
          true;
    }
    has_ttl_ = has_ttl_ || declaration.lifetime.ttl.has_value();
  }
}

void KeyedProcessor::give(KeyGroups groups) {
  EventTime least = EventTime::max();
  for (std::size_t i = 0; i < groups.size(); ++i) {
    if (groups[i] != nullptr) {
      groups[i]->attach(&changes_);
      least = std::min(least, groups[i]->watermark);
      groups_[i] = std::move(groups[i]);
    }
  }
  watermark_.time = std::max(watermark_.time, least == EventTime::max() ? EventTime::min() : least);
}

KeyGroups KeyedProcessor::take() {
  for (const auto& group : groups_) {
    if (group != nullptr) {
      group->watermark = watermark_of(*group);
      group->attach(nullptr);
    }
  }
  KeyGroups taken = std::move(groups_);
  groups_.clear();
  return taken;
}

void KeyedProcessor::on_watermark(const Watermark& watermark) {
  watermark_ = {std::max(watermark_.time, watermark.time), watermark.idle};
  watermark_pending_ = true;
  firing_group_ = 0;
  static_cast<void>(resume());
}

bool KeyedProcessor::resume() {
  if (!watermark_pending_) {
    return true;
  }
  if (has_event_timers_ && !fire_due(/*processing=*/false, watermark_.time)) {
    return false;
  }
  watermark_pending_ = false;
  if (has_ttl_) {
    sweep_expired();
  }
  forward(watermark_);
  return true;
}

bool KeyedProcessor::on_clock() {
  return !has_processing_timers_ || fire_due(/*processing=*/true, shard().now);
}

EventTime KeyedProcessor::next_clock() const {
  EventTime next = EventTime::max();
  if (has_processing_timers_) {
    for (const auto& group : groups_) {
      if (group != nullptr && !group->processing_timers().empty()) {
        next = std::min(next, group->processing_timers().begin()->time);
      }
    }
  }
  return next;
}

bool KeyedProcessor::fire_due(bool processing, EventTime until) {
  std::size_t left = shard().budgets.timers;
  std::uint32_t first = processing ? 0 : firing_group_;
  for (std::uint32_t g = first; g < groups_.size(); ++g) {
    if (groups_[g] == nullptr) {
      continue;
    }
    std::set<state::DueTimer>& due = groups_[g]->timers(processing);
    while (!due.empty() && due.begin()->time <= until) {
      if (left-- == 0 || shard().error.has_value()) {
        firing_group_ = processing ? firing_group_ : g;
        flush_ports();
        return false;
      }
      const state::DueTimer timer = *due.begin();
      clear_timer(*groups_[g], *states_, timer);
      due.erase(due.begin());
      fire(*groups_[g], timer);
      ++shard().activity;
    }
  }
  flush_ports();
  return true;
}

void KeyedProcessor::clear_timer(state::KeyGroupState& group, const state::StateSet& states,
                                 const state::DueTimer& timer) {
  state::StateTable& table = group.table(timer.state);
  const std::uint64_t hash = stable_hash(timer.key);
  const state::StateKind kind = states.declarations[timer.state].kind;
  if (kind == state::StateKind::kEventTimer || kind == state::StateKind::kProcessingTimer) {
    table.remove(timer.key, hash);
    return;
  }
  void* value = table.find(timer.key, hash);
  if (value == nullptr) {
    return;
  }
  table.mark_changed(value);
  auto& times = *static_cast<state::TimerSetValue*>(value);
  times.remove(state::timer_set_sub(timer.time));
  if (times.items().empty()) {
    table.remove(timer.key, hash);
  }
}

void KeyedProcessor::sweep_expired() {
  // A few entries at each step of the watermark: whether an entry is visible never depends on it.
  constexpr std::uint32_t kGroupsPerSweep = 4;
  constexpr std::uint32_t kEntriesPerSweep = 64;
  for (std::uint32_t i = 0; i < kGroupsPerSweep; ++i) {
    sweep_group_ = (sweep_group_ + 1) & group_mask_;
    state::KeyGroupState* group = groups_[sweep_group_].get();
    if (group == nullptr) {
      continue;
    }
    for (std::size_t s = 0; s < group->states(); ++s) {
      const state::Lifetime& lifetime = states_->declarations[s].lifetime;
      if (!lifetime.ttl.has_value()) {
        continue;
      }
      const EventTime clock = lifetime.processing_time ? shard().now : watermark_of(*group);
      state::StateTable& table = group->table(s);
      counters().expired += table.sweep(kEntriesPerSweep, [&](const void* value) {
        return is_over(lifetime, EventTime{table.last_write(value)}, clock);
      });
    }
  }
}

void KeyedProcessor::on_barrier(const Barrier& barrier) {
  RHEON_ASSERT(!capturing_, "a barrier came before the last epoch was encoded");
  captured_.swap(changes_.changed);
  changes_.changed.clear();
  changes_.changed_bytes = 0;
  for (state::StateTable* table : captured_) {
    table->begin_capture();
  }
  next_captured_ = 0;
  capturing_ = true;
  capture_begun_ = false;
  slices_ = barrier.slices;
  forward(barrier);
}

bool KeyedProcessor::capture(EpochPart& part) {
  if (!capturing_) {
    return true;
  }
  if (!capture_begun_) {
    // Still in the step in which the barrier passed: nothing has been written since.
    capture_begun_ = true;
    changes_.written_early = &part.written_early;
    write_slices(part);
    for (std::uint32_t g = 0; g < groups_.size(); ++g) {
      if (groups_[g] == nullptr) {
        continue;
      }
      const EventTime reached = watermark_of(*groups_[g]);
      for (std::size_t s = 0; s < groups_[g]->states(); ++s) {
        part.state_keys += groups_[g]->table(s).size();
      }
      WatermarkRun* last = part.watermarks.empty() ? nullptr : &part.watermarks.back();
      if (last != nullptr && last->operator_name == name() && last->last + 1 == g &&
          last->watermark == reached) {
        last->last = g;
      } else {
        part.watermarks.push_back({name(), g, g, reached});
      }
    }
  }
  std::size_t budget = shard().budgets.encoded_bytes;
  while (next_captured_ < captured_.size()) {
    const std::size_t before = part.delta.size();
    if (!captured_[next_captured_]->encode_captured(part.delta, budget)) {
      shard().capture_cut_off = true;
      return false;
    }
    ++next_captured_;
    const std::size_t written = part.delta.size() - before;
    if (written >= budget && next_captured_ < captured_.size()) {
      shard().capture_cut_off = true;
      return false;
    }
    budget -= written;
  }
  capturing_ = false;
  changes_.written_early = nullptr;
  captured_.clear();
  return true;
}

std::size_t KeyedProcessor::state_of(StateId id) const {
  for (std::size_t s = 0; s < states_->ids.size(); ++s) {
    const auto& older = states_->older_ids[s];
    if (states_->ids[s] == id || std::find(older.begin(), older.end(), id) != older.end()) {
      return s;
    }
  }
  return states_->ids.size();
}

void KeyedProcessor::write_slices(EpochPart& part) {
  if (slices_ == nullptr) {
    return;
  }
  std::set<std::pair<std::size_t, KeyGroup>> whole;  // written for a state with older ids
  for (log::SliceAddress address : *slices_) {
    const std::size_t s = state_of(address.state);
    state::KeyGroupState* group = groups_[address.group.value].get();
    if (s == states_->ids.size() || group == nullptr) {
      continue;
    }
    if (!states_->older_ids[s].empty()) {
      // What stands under older ids is replaced together, whatever part of it was asked for: a
      // slice of today's id holds everything, those of the older ids hold nothing any more.
      if (!whole.emplace(s, address.group).second) {
        continue;
      }
      for (const StateId older : states_->older_ids[s]) {
        part.slices.push_back({{older, address.group, 0, UINT32_MAX}, codec::DeltaWriter().take()});
      }
      address = {states_->ids[s], address.group, 0, UINT32_MAX};
    }
    codec::DeltaWriter writer;
    group->table(s).encode_slice(address.first_hash, address.last_hash, writer);
    part.slices.push_back({address, writer.take()});
  }
  slices_ = nullptr;
}

}  // namespace rheon::engine
