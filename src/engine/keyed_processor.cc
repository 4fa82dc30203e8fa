#include "engine/keyed_processor.h"

#include <algorithm>
#include <bit>
#include <memory>
#include <optional>
#include <set>
#include <utility>

#include "base/rare_branch.h"
#include "engine/epoch_part.h"
#include "engine/record_cost.h"
#include "env/env.h"
#include "state/timer_value.h"

namespace rheon::engine {

namespace {
constexpr std::size_t kTimersPerLook = 8;  // at the clock, in a burst; the first few more often
}

struct KeyedProcessor::Burst {
  std::size_t left = 0;
  bool between_records = false;
  std::size_t fired = 0;
  std::optional<env::Monotonic> began;
};

KeyedProcessor::KeyedProcessor(const std::string& name, ShardContext& shard,
                               std::shared_ptr<const state::StateSet> states)
    : Processor(name, shard),
      states_(states != nullptr ? std::move(states) : std::make_shared<const state::StateSet>()),
      group_mask_(shard.key_groups - 1) {
  groups_.resize(shard.key_groups);
  group_at_.resize(shard.key_groups);
  for (const state::StateDeclaration& declaration : states_->declarations) {
    if (state::is_timer(declaration.kind)) {
      (state::is_processing_timer(declaration.kind) ? has_processing_timers_ : has_event_timers_) =
          true;
    }
    has_ttl_ = has_ttl_ || declaration.lifetime.ttl.has_value();
  }
}

KeyedProcessor::~KeyedProcessor() = default;

void KeyedProcessor::give(KeyGroups&& groups) {
  EventTime least = EventTime::max();
  for (std::size_t i = 0; i < groups.size(); ++i) {
    if (groups[i] != nullptr) {
      groups[i]->attach(&changes_);
      least = std::min(least, groups[i]->watermark);
      furthest_group_ = std::max(furthest_group_, groups[i]->watermark);
      const auto number = static_cast<std::uint32_t>(i);
      if (!owned_.empty() && owned_.back().second + 1 == number) {
        owned_.back().second = number;
      } else {
        owned_.emplace_back(number, number);
      }
      // A barrier may have overtaken them.
      const auto& due = groups[i]->event_timers();
      fire_again_ = fire_again_ || (!due.empty() && due.begin()->time <= groups[i]->watermark);
      group_at_[i] = groups[i].get();
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
  group_at_.clear();
  owned_.clear();
  return taken;
}

void KeyedProcessor::on_watermark(const Watermark& watermark) {
  watermark_ = {std::max(watermark_.time, watermark.time), watermark.idle};
  watermark_pending_ = true;
  event_pass_ = {};
  static_cast<void>(resume());
}

bool KeyedProcessor::resume() {
  if (settled()) {
    return true;
  }
  if (has_event_timers_ && !fire_due(/*processing=*/false, event_pass_)) {
    return false;
  }
  fire_again_ = std::exchange(event_pass_, {}).left_some;
  if (!std::exchange(watermark_pending_, false)) {
    return true;
  }
  if (has_ttl_) {
    sweep_expired();
  }
  forward(watermark_);
  return true;
}

bool KeyedProcessor::on_clock() {
  if (has_processing_timers_ && !fire_due(/*processing=*/true, processing_pass_)) {
    return false;
  }
  processing_pass_ = {};
  return true;
}

EventTime KeyedProcessor::next_clock() const {
  EventTime next = fire_again_ ? EventTime::min() : EventTime::max();
  if (has_processing_timers_) {
    for (const auto& group : groups_) {
      if (group != nullptr && !group->processing_timers().empty()) {
        next = std::min(next, group->processing_timers().begin()->time);
      }
    }
  }
  return next;
}

bool KeyedProcessor::fire_due(bool processing, Pass& pass) {
  Burst burst{shard().budgets.timers, /*between_records=*/true, 0, {}};
  bool all = true;
  while (all && pass.group < groups_.size()) {
    state::KeyGroupState* group = groups_[pass.group].get();
    all = group == nullptr || fire_group(*group, processing, pass, burst);
    if (all) {
      ++pass.group;
      pass.last.reset();
    }
  }
  flush_ports();
  return all;
}

bool KeyedProcessor::fire_group(state::KeyGroupState& group, bool processing, Pass& pass,
                                Burst& burst) {
  std::set<state::DueTimer>& due = group.timers(processing);
  const EventTime until = processing ? shard().now : watermark_of(group);
  for (;;) {
    auto next = due.begin();
    if (pass.last.has_value() && next != due.end() && *next <= *pass.last) {
      next = due.upper_bound(*pass.last);
    }
    if (next == due.end() || next->time > until) {
      pass.left_some = pass.left_some || next != due.begin();
      return true;
    }
    look_at_clock(burst);
    if (burst.left == 0 || shard().error.has_value()) {
      return false;
    }
    --burst.left;
    ++burst.fired;
    const state::DueTimer& timer = pass.last.emplace(*next);
    clear_timer(group, *states_, timer);
    due.erase(next);
    fire(group, timer);
    ++shard().activity;
  }
}

void KeyedProcessor::look_at_clock(Burst& burst) {
  const bool look = burst.fired % kTimersPerLook == 0 || std::has_single_bit(burst.fired);
  if (!burst.between_records || !look) {
    return;
  }
  const env::Monotonic now = shard().env->clock().monotonic();
  if (now - burst.began.value_or(now) >= kWorkAtOnce) {
    burst.left = 0;
  }
  burst.began = burst.began.value_or(now);
}

void KeyedProcessor::fire_past(state::KeyGroupState& group) {
  Burst burst{shard().budgets.timers, /*between_records=*/false, 0, {}};
  for (const bool processing : {false, true}) {
    Pass pass;
    const bool all = fire_group(group, processing, pass, burst);
    // Those in processing time fire with the clock, in the next step.
    fire_again_ = fire_again_ || (!processing && (!all || pass.left_some));
  }
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
  counters().created += std::exchange(changes_.created, 0);
  counters().removed += std::exchange(changes_.removed, 0);
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

void KeyedProcessor::report_watermarks(EpochPart& part) {
  if (watermark_.time >= furthest_group_) {
    for (const auto& [first, last] : owned_) {
      part.watermarks.push_back({name(), first, last, watermark_.time});
    }
    return;
  }
  // After a restore or a rescale groups may be ahead of what has arrived here.
  for (const auto& [first, last] : owned_) {
    for (std::uint32_t g = first; g <= last; ++g) {
      const EventTime reached = watermark_of(*groups_[g]);
      if (g > first && part.watermarks.back().watermark == reached) {
        part.watermarks.back().last = g;
      } else {
        part.watermarks.push_back({name(), g, g, reached});
      }
    }
  }
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
    report_watermarks(part);
    if (!states_->declarations.empty()) {
      part.at_rest.emplace_back(name(), changes_.keys);
    }
    part.state_keys += changes_.keys;
    part.state_bytes += changes_.bytes;
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
    const bool enough = written >= budget || rare_branch(RareBranch::kEncoding);
    if (enough && next_captured_ < captured_.size()) {
      shard().capture_cut_off = true;
      return false;
    }
    budget -= std::min(budget, written);
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
      // slice of today's id holds everything, those of the older ids hold nothing any more. The log
      // takes whole slices unasked, and writes those of one commit all or none.
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
