#pragma once

// Decides which slices to ask for, so that the deltas that must be kept do not outgrow the state.
// Pure bookkeeping: no files. Lives on the coordinator's thread.
//
// A *cell* is one state's key group. A *round* replaces all of a cell's slices: its table is cut
// into 2^k hash ranges of about slice_bytes, each is asked for once, and when all are written the
// new set takes the place of the old one at once. Deltas up to the first slice of the round are
// then no longer needed. A round that a restart interrupts begins again.

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/types.h"
#include "log/files/records.h"
#include "log/log.h"

namespace rheon::log::files {

struct CompactionOptions {
  std::uint64_t snapshot_after_bytes = 0;  // deltas kept before slices are asked for
  std::uint64_t slice_bytes = 0;           // a larger table is cut
};

class Compaction {
 public:
  explicit Compaction(CompactionOptions options) : options_(options) {}

  /// A slice set that is in force (recovery, or a round that completed elsewhere).
  void set_slices(const SliceSet& set);
  /// Counts the sections of a committed delta. False when it cannot be read.
  [[nodiscard]] bool add_delta(Epoch epoch, std::string_view blob);

  /// The oldest epoch whose deltas restore needs; none when no deltas are needed.
  [[nodiscard]] std::optional<Epoch> oldest_needed() const;

  /// Slices that the next commit should carry, about `budget_bytes` of them, the oldest first.
  /// `old_journal_bytes`: of the segments that could go, deltas and all else.
  [[nodiscard]] std::vector<SliceAddress> wanted(std::uint64_t budget_bytes,
                                                 std::uint64_t old_journal_bytes);
  /// The commit of `as_of` carries this slice: it will be written. One that holds a whole cell is
  /// a round of its own, also where it was not asked for, or was asked for in parts.
  void carried(const SliceAddress& address, Epoch as_of);
  /// What was asked for and is not being carried may be asked for again.
  void forget_unanswered();
  /// It is written and synced. The whole set when it was the last of its round.
  [[nodiscard]] std::optional<SliceSet> written(const SliceEntry& slice);
  /// It could not be written (no space): may be asked for again.
  void lost(const SliceAddress& address);
  /// The first snapshot file with slices of a round that is not complete; none: there is none.
  [[nodiscard]] std::optional<std::uint64_t> oldest_file() const;
  /// These cells shall be sliced anew so that a snapshot file that is mostly dead can go.
  void renew(StateId state, KeyGroup group);

  [[nodiscard]] std::uint64_t delta_bytes() const { return delta_bytes_; }

 private:
  enum class Range : std::uint8_t {
    kOpen,     // to be asked for
    kAsked,    // wanted() has returned it
    kCarried,  // a commit carries it
    kWritten,
  };
  struct Round {
    unsigned bits = 0;  // 2^bits ranges
    std::vector<Range> ranges;
    std::vector<SliceEntry> slices;
    std::size_t written = 0;
    std::optional<Epoch> as_of;         // of the first slice
    std::uint64_t bytes_after = 0;      // of deltas after it
    std::optional<Epoch> oldest_after;  // the first of them
  };
  struct Cell {
    std::optional<Epoch> oldest;  // of its deltas that are needed
    std::uint64_t delta_bytes = 0;
    std::uint64_t slice_bytes = 0;
    std::optional<Epoch> as_of;  // smallest of its slices
    bool renew = false;
    std::unique_ptr<Round> round;
  };

  [[nodiscard]] bool grown(std::uint64_t old_journal_bytes) const;
  [[nodiscard]] std::uint64_t size_of(const Cell& cell) const;
  [[nodiscard]] std::vector<std::uint64_t> cells_in_order(bool all) const;
  void begin_round(Cell& cell, unsigned bits);
  std::uint64_t ask(std::uint64_t key, Cell& cell, std::uint64_t budget,
                    std::vector<SliceAddress>& out);
  [[nodiscard]] Range* find(const SliceAddress& address);

  CompactionOptions options_;
  std::unordered_map<std::uint64_t, Cell> cells_;
  std::uint64_t delta_bytes_ = 0;
  std::uint64_t slice_bytes_ = 0;
  std::vector<SliceAddress> asked_;
  std::size_t rounds_ = 0;
  std::size_t renewals_ = 0;
};

}  // namespace rheon::log::files
