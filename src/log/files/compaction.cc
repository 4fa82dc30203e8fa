#include "log/files/compaction.h"

#include <algorithm>
#include <bit>

#include "base/rare_branch.h"
#include "codec/delta.h"

namespace rheon::log::files {

namespace {

constexpr unsigned kMaxBits = 16;

std::uint64_t key_of(StateId state, KeyGroup group) {
  return (std::uint64_t{state.value} << 32) | group.value;
}

SliceAddress range_address(std::uint64_t key, unsigned bits, std::uint64_t index) {
  SliceAddress address{StateId{static_cast<std::uint32_t>(key >> 32)},
                       KeyGroup{static_cast<std::uint32_t>(key)}, 0, UINT32_MAX};
  if (bits != 0) {
    address.first_hash = static_cast<std::uint32_t>(index << (32 - bits));
    address.last_hash = static_cast<std::uint32_t>(((index + 1) << (32 - bits)) - 1);
  }
  return address;
}

}  // namespace

void Compaction::set_slices(const SliceSet& set) {
  Cell& cell = cells_[key_of(set.state, set.group)];
  slice_bytes_ -= cell.slice_bytes;
  cell.slice_bytes = 0;
  for (const SliceEntry& slice : set.slices) {
    cell.slice_bytes += slice.bytes;
    cell.as_of = std::min(cell.as_of.value_or(slice.as_of), slice.as_of);
  }
  slice_bytes_ += cell.slice_bytes;
}

bool Compaction::add_delta(Epoch epoch, std::string_view blob) {
  codec::DeltaReader reader(blob);
  codec::DeltaSection section;
  while (reader.next(section)) {
    Cell& cell = cells_[key_of(section.state, section.group)];
    if (cell.as_of.has_value() && epoch <= *cell.as_of) {
      continue;
    }
    const std::uint64_t bytes = section.entries.size();
    cell.delta_bytes += bytes;
    delta_bytes_ += bytes;
    if (!cell.oldest.has_value()) {
      cell.oldest = epoch;
    }
    if (cell.round != nullptr && cell.round->as_of.has_value() && epoch > *cell.round->as_of) {
      cell.round->bytes_after += bytes;
      cell.round->oldest_after = cell.round->oldest_after.value_or(epoch);
    }
  }
  return !reader.failed();
}

std::optional<Epoch> Compaction::oldest_needed() const {
  std::optional<Epoch> oldest;
  for (const auto& [key, cell] : cells_) {
    if (cell.oldest.has_value() && (!oldest.has_value() || *cell.oldest < *oldest)) {
      oldest = cell.oldest;
    }
  }
  return oldest;
}

bool Compaction::grown(std::uint64_t old_journal_bytes) const {
  const std::uint64_t most = std::max(options_.snapshot_after_bytes, 2 * slice_bytes_);
  return delta_bytes_ > most || old_journal_bytes > 2 * most || rare_branch(RareBranch::kSlices);
}

std::uint64_t Compaction::size_of(const Cell& cell) const {
  // Deltas may write the same keys again and again: slices are the better measure once there are.
  return cell.slice_bytes == 0 ? cell.delta_bytes
                               : cell.slice_bytes + std::min(cell.slice_bytes, cell.delta_bytes);
}

std::vector<std::uint64_t> Compaction::cells_in_order(bool all) const {
  struct Candidate {
    int rank;  // rounds on their way first: until they end they have cost and brought nothing
    Epoch oldest;
    std::uint64_t key;
    auto operator<=>(const Candidate&) const = default;
  };
  std::vector<Candidate> candidates;
  for (const auto& [key, cell] : cells_) {
    if (cell.round != nullptr) {
      candidates.push_back({0, Epoch{0}, key});
    } else if (cell.renew) {
      candidates.push_back({1, Epoch{0}, key});
    } else if (all && cell.oldest.has_value()) {
      candidates.push_back({2, *cell.oldest, key});
    }
  }
  std::sort(candidates.begin(), candidates.end());
  std::vector<std::uint64_t> keys;
  keys.reserve(candidates.size());
  for (const Candidate& candidate : candidates) {
    keys.push_back(candidate.key);
  }
  return keys;
}

std::vector<SliceAddress> Compaction::wanted(std::uint64_t budget_bytes,
                                             std::uint64_t old_journal_bytes) {
  const bool all = grown(old_journal_bytes);
  std::vector<SliceAddress> result;
  if (!all && rounds_ == 0 && renewals_ == 0) {
    return result;
  }
  std::uint64_t left = budget_bytes;
  for (const std::uint64_t key : cells_in_order(all)) {
    Cell& cell = cells_[key];
    if (!result.empty() && left == 0) {
      break;
    }
    left -= std::min(left, ask(key, cell, left, result));
  }
  asked_.insert(asked_.end(), result.begin(), result.end());
  return result;
}

void Compaction::begin_round(Cell& cell, unsigned bits) {
  rounds_ += cell.round == nullptr ? 1 : 0;
  renewals_ -= cell.renew ? 1 : 0;
  cell.renew = false;
  cell.round = std::make_unique<Round>();
  cell.round->bits = bits;
  cell.round->ranges.assign(std::size_t{1} << bits, Range::kOpen);
  cell.round->slices.resize(cell.round->ranges.size());
}

std::uint64_t Compaction::ask(std::uint64_t key, Cell& cell, std::uint64_t budget,
                              std::vector<SliceAddress>& out) {
  if (cell.round == nullptr) {
    const std::uint64_t parts = size_of(cell) / std::max<std::uint64_t>(1, options_.slice_bytes);
    begin_round(cell, std::min<unsigned>(kMaxBits, static_cast<unsigned>(std::bit_width(parts))));
  }
  Round& round = *cell.round;
  const std::uint64_t each = std::max<std::uint64_t>(1, size_of(cell) >> round.bits);
  std::uint64_t used = 0;
  for (std::size_t i = 0; i < round.ranges.size(); ++i) {
    if (round.ranges[i] != Range::kOpen) {
      continue;
    }
    if (!out.empty() && used + each > budget) {
      return budget;
    }
    round.ranges[i] = Range::kAsked;
    out.push_back(range_address(key, round.bits, i));
    used += each;
  }
  return used;
}

Compaction::Range* Compaction::find(const SliceAddress& address) {
  const std::uint64_t key = key_of(address.state, address.group);
  const auto cell = cells_.find(key);
  if (cell == cells_.end() || cell->second.round == nullptr) {
    return nullptr;
  }
  Round& round = *cell->second.round;
  const std::size_t index = round.bits == 0 ? 0 : address.first_hash >> (32 - round.bits);
  return range_address(key, round.bits, index) == address ? &round.ranges[index] : nullptr;
}

void Compaction::carried(const SliceAddress& address, Epoch as_of) {
  Range* range = find(address);
  if (range == nullptr) {
    const std::uint64_t key = key_of(address.state, address.group);
    if (range_address(key, 0, 0) != address) {
      return;
    }
    begin_round(cells_[key], 0);
    range = find(address);
  }
  *range = Range::kCarried;
  Round& round = *cells_[key_of(address.state, address.group)].round;
  round.as_of = round.as_of.value_or(as_of);
}

void Compaction::forget_unanswered() {
  for (const SliceAddress& address : asked_) {
    if (Range* range = find(address); range != nullptr && *range == Range::kAsked) {
      *range = Range::kOpen;
    }
  }
  asked_.clear();
}

void Compaction::lost(const SliceAddress& address) {
  if (Range* range = find(address); range != nullptr) {
    *range = Range::kOpen;
  }
}

std::optional<SliceSet> Compaction::written(const SliceEntry& slice) {
  Range* range = find(slice.address);
  if (range == nullptr || *range != Range::kCarried) {
    return std::nullopt;
  }
  *range = Range::kWritten;
  Cell& cell = cells_[key_of(slice.address.state, slice.address.group)];
  Round& round = *cell.round;
  round.slices[static_cast<std::size_t>(range - round.ranges.data())] = slice;
  if (++round.written < round.ranges.size()) {
    return std::nullopt;
  }
  SliceSet set{slice.address.state, slice.address.group, std::move(round.slices)};
  delta_bytes_ -= cell.delta_bytes - round.bytes_after;
  cell.delta_bytes = round.bytes_after;
  cell.oldest = round.oldest_after;
  cell.as_of.reset();
  cell.round.reset();
  --rounds_;
  set_slices(set);
  return set;
}

std::optional<std::uint64_t> Compaction::oldest_file() const {
  std::optional<std::uint64_t> oldest;
  if (rounds_ == 0) {
    return oldest;
  }
  for (const auto& [key, cell] : cells_) {
    for (std::size_t i = 0; cell.round != nullptr && i < cell.round->ranges.size(); ++i) {
      if (cell.round->ranges[i] == Range::kWritten) {
        oldest = std::min(oldest.value_or(UINT64_MAX), cell.round->slices[i].file);
      }
    }
  }
  return oldest;
}

void Compaction::renew(StateId state, KeyGroup group) {
  Cell& cell = cells_[key_of(state, group)];
  if (cell.round == nullptr && !cell.renew) {
    cell.renew = true;
    ++renewals_;
  }
}

}  // namespace rheon::log::files
