#pragma once

// What every operator with keyed state has in common: it owns the key groups of its shard, encodes
// what has changed at a barrier, fires timers in order, and drops what a ttl has ended.

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/processor.h"
#include "state/key_group_state.h"

namespace rheon::log {
struct SliceAddress;
}

namespace rheon::engine {

class KeyedProcessor : public Processor {
 public:
  /// `states`: null when there are none.
  KeyedProcessor(const std::string& name, ShardContext& shard,
                 std::shared_ptr<const state::StateSet> states);
  ~KeyedProcessor() override;

  void give(KeyGroups&& groups) override;
  [[nodiscard]] KeyGroups take() override;
  [[nodiscard]] const KeyGroups* groups() const override { return &groups_; }

  void on_watermark(const Watermark& watermark) override;
  void on_barrier(const Barrier& barrier) override;
  [[nodiscard]] bool resume() override;
  [[nodiscard]] bool settled() const override { return !watermark_pending_ && !fire_again_; }
  [[nodiscard]] bool on_clock() override;
  [[nodiscard]] EventTime next_clock() const override;
  [[nodiscard]] bool capture(EpochPart& part) override;
  [[nodiscard]] std::uint64_t uncommitted_bytes() const override { return changes_.changed_bytes; }

 protected:
  /// After a call that has set timers: those that are due already fire now.
  void fire_past(state::KeyGroupState& group);
  /// Fires one timer: calls user code with the key's state selected. It has been removed already.
  virtual void fire(state::KeyGroupState& /*group*/, const state::DueTimer& /*timer*/) {}
  /// Everything emitted so far is handed on.
  virtual void flush_ports() {}

  [[nodiscard]] state::KeyGroupState& group_of(std::uint64_t hash) {
    return *group_at_[static_cast<std::uint32_t>(hash) & group_mask_];
  }
  /// By number; null where a key group is not on this shard.
  [[nodiscard]] const std::vector<state::KeyGroupState*>& group_at() const { return group_at_; }
  /// The watermark as this key group has seen it.
  [[nodiscard]] EventTime watermark_of(const state::KeyGroupState& group) const {
    return std::max(group.watermark, watermark_.time);
  }
  [[nodiscard]] const state::StateSet& states() const { return *states_; }
  [[nodiscard]] bool has_ttl() const { return has_ttl_; }
  /// Removes a set timer from its table; the caller takes it from the group's ordered set.
  static void clear_timer(state::KeyGroupState& group, const state::StateSet& states,
                          const state::DueTimer& timer);

 private:
  /// One pass over the timers that are due, in their order within each key group. One that is set
  /// at or before the timer that fires waits for the next pass: it could go on for ever. A pass is
  /// cut into bursts by the step's budget.
  struct Pass {
    std::uint32_t group = 0;
    std::optional<state::DueTimer> last;  // that has fired in this group
    bool left_some = false;               // that wait for the next pass
  };
  /// False: cut off, go on with the next step.
  [[nodiscard]] bool fire_due(bool processing, Pass& pass);
  /// How many timers may still fire in one go; of those that fire between records, where barriers
  /// may pass, no more than take about kWorkAtOnce, or one that takes longer.
  struct Burst;
  void look_at_clock(Burst& burst);
  /// ... of one group.
  [[nodiscard]] bool fire_group(state::KeyGroupState& group, bool processing, Pass& pass,
                                Burst& burst);
  void sweep_expired();
  /// What a commit holds of the watermark.
  void report_watermarks(EpochPart& part);
  void write_slices(EpochPart& part);
  /// The index of the state that is or was stored under this id; the number of states: none.
  [[nodiscard]] std::size_t state_of(StateId id) const;

  std::shared_ptr<const state::StateSet> states_;
  std::uint32_t group_mask_;
  KeyGroups groups_;
  std::vector<state::KeyGroupState*> group_at_;  // the same ones, as each record looks them up
  state::ChangeLog changes_;
  bool has_event_timers_ = false;
  bool has_processing_timers_ = false;
  bool has_ttl_ = false;

  std::vector<std::pair<std::uint32_t, std::uint32_t>> owned_;  // runs of key groups, [first, last]
  EventTime furthest_group_ = EventTime::min();                 // of the groups' own watermarks
  Watermark watermark_;
  bool watermark_pending_ = false;  // timers are still firing; it has not been forwarded
  Pass event_pass_;
  Pass processing_pass_;
  bool fire_again_ = false;  // timers are due that were set in the past

  // The capture under way.
  std::vector<state::StateTable*> captured_;
  std::size_t next_captured_ = 0;
  bool capturing_ = false;
  bool capture_begun_ = false;
  std::shared_ptr<const std::vector<log::SliceAddress>> slices_;
  std::uint32_t sweep_group_ = 0;
};

}  // namespace rheon::engine
