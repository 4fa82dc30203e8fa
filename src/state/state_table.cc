#include "state/state_table.h"

#include <algorithm>
#include <memory>

#include "base/block_memory.h"

namespace rheon::state {

namespace {

constexpr std::uint32_t kFirstIndexSlots = 8;

constexpr std::uint32_t kFewSlots = 64;

// Index slots may fill up to 3/4; where they are few, up to 1/2: that costs little, and hardly any
// key is then farther away than candidate() looks.
[[nodiscard]] bool too_full(std::uint32_t size, std::uint32_t slots) {
  const std::uint64_t quarters = slots <= kFewSlots ? 2 : 3;
  return static_cast<std::uint64_t>(size) * 4 >= slots * quarters;
}

}  // namespace

StateTable::StateTable(const ValueOps& ops, bool keeps_last_write, StateId state, KeyGroup group,
                       std::uint64_t seed)
    : index_(new_index(1)),
      mask_(0),
      shift_(32),
      seed_(seed),
      key_offset_(ops.bytes + (keeps_last_write ? 8u : 0u) +
                  static_cast<std::uint32_t>(sizeof(std::uint32_t))),
      ops_(&ops),
      state_(state),
      group_(group),
      keeps_last_write_(keeps_last_write) {}

StateTable::~StateTable() {
  if (ops_->destroy != nullptr) {
    for_each([this](std::string_view, void* value) { ops_->destroy(value); });
  }
  for (std::size_t c = 0; c < chunk_list_.size(); ++c) {
    free_block(chunk_list_[c], chunk_sizes_[c]);
  }
  free_index(index_, mask_ + 1);
}

void StateTable::attach(ChangeLog* log) {
  if (log_ != nullptr) {
    log_->keys -= size_;
    log_->bytes -= own_bytes();
  }
  log_ = log;
  if (log_ != nullptr) {
    log_->keys += size_;
    log_->bytes += own_bytes();
  }
}

void StateTable::count_bytes(std::uint64_t more) {
  if (log_ != nullptr) {
    log_->bytes += more;
  }
}

StateTable::IndexSlot* StateTable::new_index(std::uint32_t slots) {
  auto* index = reinterpret_cast<IndexSlot*>(allocate_block(slots * sizeof(IndexSlot)));
  std::uninitialized_fill_n(index, slots, IndexSlot{0, kNoEntry});
  return index;
}

void StateTable::free_index(IndexSlot* index, std::uint32_t slots) {
  free_block(reinterpret_cast<char*>(index), slots * sizeof(IndexSlot));
}

std::uint32_t StateTable::allocate(std::uint32_t units) {
  for (std::size_t i = free_.size(); i-- > 0;) {
    if (free_[i].units == units) {
      const std::uint32_t entry = free_[i].entry;
      free_[i] = free_.back();
      free_.pop_back();
      return entry;
    }
  }
  if (next_unit_ + units > units_in_last_) {
    // A job has a thousand key groups, each with a last chunk that is half empty: large chunks are
    // for large groups. Smaller ones than these cost more than they save, in cache lines of
    // chunks_.
    const std::size_t most =
        chunk_bytes_ < kManyBytes ? kLargestChunkBytes / 4 : kLargestChunkBytes;
    const std::size_t doubled = std::min<std::size_t>(
        kFirstChunkBytes << std::min<std::size_t>(chunk_list_.size(), 16), most);
    const std::size_t bytes = std::max<std::size_t>(doubled, std::size_t{units} * 8);
    RHEON_ASSERT(chunk_list_.size() < (std::size_t{1} << (32 - kUnitBits)) - 1,
                 "one key group holds more than 32 GiB");
    chunk_list_.push_back(allocate_block(bytes));
    chunk_sizes_.push_back(bytes);
    chunks_ = chunk_list_.data();
    chunk_bytes_ += bytes;
    count_bytes(bytes);
    next_unit_ = 0;
    units_in_last_ = static_cast<std::uint32_t>(bytes / 8);
  }
  const auto chunk = static_cast<std::uint32_t>(chunk_list_.size() - 1);
  const std::uint32_t entry = (chunk << kUnitBits) | next_unit_;
  next_unit_ += units;
  if (next_unit_ > kUnitMask) {  // the next entry could not be addressed
    next_unit_ = units_in_last_;
  }
  return entry;
}

std::uint32_t StateTable::farther_candidate(std::uint32_t at, Tag tag) const {
  for (; index_[at].entry != kNoEntry; at = (at + 1) & mask_) {
    if (index_[at].tag == tag) {
      return index_[at].entry;
    }
  }
  return kNoEntry;
}

void* StateTable::create(std::string_view key, Tag tag) {
  RHEON_ASSERT(key.size() <= kKeyLengthMask, "a key is longer than 512 MiB");
  if (too_full(size_ + 1, mask_ + 1)) {
    grow_index();
  }
  const std::uint32_t entry = allocate(units_for(key.size()));
  char* value = address(entry);
  std::memset(value, 0, key_offset_);
  ops_->construct(value);
  set_header(value, static_cast<std::uint32_t>(key.size()));
  if (!key.empty()) {
    std::memcpy(value + key_offset_, key.data(), key.size());
  }
  std::uint32_t at = home_of(tag);
  while (index_[at].entry != kNoEntry) {
    at = (at + 1) & mask_;
  }
  index_[at] = {tag, entry};
  ++size_;
  if (log_ != nullptr) {
    ++log_->keys;
    ++log_->created;
  }
  return value;
}

void StateTable::grow_index() {
  const std::uint32_t old_slots = mask_ + 1;
  const std::uint32_t slots = std::max(kFirstIndexSlots, old_slots * 2);
  RHEON_ASSERT(slots > old_slots, "one key group holds more than 2^31 keys");
  IndexSlot* const bigger = new_index(slots);
  const auto shift = static_cast<std::uint32_t>(32 - __builtin_ctz(slots));
  for (std::uint32_t i = 0; i < old_slots; ++i) {
    if (index_[i].entry == kNoEntry) {
      continue;
    }
    auto at = static_cast<std::uint32_t>(static_cast<std::uint64_t>(index_[i].tag) >> shift);
    while (bigger[at].entry != kNoEntry) {
      at = (at + 1) & (slots - 1);
    }
    bigger[at] = index_[i];
  }
  free_index(index_, old_slots);
  index_ = bigger;
  mask_ = slots - 1;
  shift_ = shift;
  count_bytes((slots - old_slots) * sizeof(IndexSlot));
}

void StateTable::erase_slot(std::uint32_t hole) {
  // Backward shift: whoever was pushed past the hole moves up.
  for (std::uint32_t at = (hole + 1) & mask_; index_[at].entry != kNoEntry; at = (at + 1) & mask_) {
    const std::uint32_t home = home_of(index_[at].tag);
    if (((at - home) & mask_) >= ((at - hole) & mask_)) {
      index_[hole] = index_[at];
      hole = at;
    }
  }
  index_[hole] = {0, kNoEntry};
  --size_;
  if (log_ != nullptr) {
    --log_->keys;
    ++log_->removed;
  }
}

void StateTable::remove(std::string_view key, std::uint64_t hash) {
  const std::uint32_t tag = tag_of(hash);
  for (std::uint32_t at = home_of(tag); index_[at].entry != kNoEntry; at = (at + 1) & mask_) {
    if (index_[at].tag != tag) {
      continue;
    }
    char* value = address(index_[at].entry);
    if (key_of(value) != key) {
      continue;
    }
    mark_changed(value);
    if (ops_->destroy != nullptr) {
      ops_->destroy(value);
    }
    set_header(value, header_of(value) | kRemoved);
    erase_slot(at);
    return;
  }
}

void StateTable::mark_changed_slow(void* value, Tag tag) {
  // The entry's number, from its key: entries do not know their own address.
  const std::string_view key = key_of(value);
  std::uint32_t at = home_of(tag);
  while (index_[at].entry == kNoEntry || address(index_[at].entry) != value) {
    RHEON_ASSERT(index_[at].entry != kNoEntry, "a value that is not in its table was changed");
    at = (at + 1) & mask_;
  }
  const std::uint32_t entry = index_[at].entry;
  if (mark_of(value) != kClean && log_->written_early != nullptr) {
    log_->written_early->begin_section(state_, group_);
    encode_change(entry, *log_->written_early);
  }
  set_mark(value, running_mark_);
  changed_.push_back(entry);
  log_->changed_bytes += ops_->bytes + key.size() + 4;
  if (!noted_) {
    noted_ = true;
    log_->changed.push_back(this);
  }
}

std::string_view StateTable::stored_prefix(const void* value) const {
  return keeps_last_write_
             ? std::string_view(static_cast<const char*>(value) + ops_->bytes, sizeof(std::int64_t))
             : std::string_view();
}

void StateTable::encode_change(std::uint32_t entry, codec::DeltaWriter& out) {
  char* value = address(entry);
  const std::string_view key = key_of(value);
  if ((header_of(value) & kRemoved) != 0) {
    out.remove(key);
  } else if (ops_->encode_changes != nullptr) {
    ops_->encode_changes(value, stored_prefix(value), key, out);
  } else {
    ops_->encode(value, stored_prefix(value), key, out);
  }
}

void StateTable::release(std::uint32_t entry) {
  free_.push_back({entry, units_for(key_of(address(entry)).size())});
}

void StateTable::begin_capture() {
  RHEON_ASSERT(next_captured_ == captured_.size(), "the last capture is not encoded yet");
  captured_.clear();
  captured_.swap(changed_);
  next_captured_ = 0;
  running_mark_ = 3 - running_mark_;
  noted_ = false;
}

bool StateTable::encode_captured(codec::DeltaWriter& out, std::size_t budget_bytes) {
  const std::uint32_t captured_mark = 3 - running_mark_;
  if (next_captured_ < captured_.size()) {
    out.begin_section(state_, group_);
  }
  const std::size_t stop_at = out.size() + budget_bytes;  // at least one entry, however small
  constexpr std::size_t kAhead = 16;
  const auto fetch = [this](std::size_t i) {
    if (i < captured_.size()) {
      __builtin_prefetch(address(captured_[i]), 1);
    }
  };
  for (std::size_t i = 0; i < kAhead; ++i) {
    fetch(next_captured_ + i);
  }
  for (; next_captured_ < captured_.size() && out.size() < stop_at; ++next_captured_) {
    fetch(next_captured_ + kAhead);
    const std::uint32_t entry = captured_[next_captured_];
    char* value = address(entry);
    if (mark_of(value) != captured_mark) {
      continue;  // written since, and encoded then
    }
    encode_change(entry, out);
    if ((header_of(value) & kRemoved) != 0) {
      release(entry);
    } else {
      set_mark(value, kClean);
    }
  }
  return next_captured_ == captured_.size();
}

void StateTable::encode_slice(std::uint32_t first, std::uint32_t last,
                              codec::DeltaWriter& out) const {
  out.begin_section(state_, group_);
  const bool whole = first == 0 && last == UINT32_MAX;
  for_each([&](std::string_view key, void* value) {
    const auto upper = whole ? 0 : static_cast<std::uint32_t>(stable_hash(key) >> 32);
    if (whole || (upper >= first && upper <= last)) {
      ops_->encode(value, stored_prefix(value), key, out);
    }
  });
}

bool StateTable::apply(const codec::DeltaEntry& entry, std::uint64_t hash,
                       const codec::Schema* older) {
  if (entry.op == codec::DeltaOp::kRemove) {
    const std::uint32_t tag = tag_of(hash);
    for (std::uint32_t at = home_of(tag); index_[at].entry != kNoEntry; at = (at + 1) & mask_) {
      const std::uint32_t number = index_[at].entry;
      if (index_[at].tag == tag && key_of(address(number)) == entry.key) {
        if (ops_->destroy != nullptr) {
          ops_->destroy(address(number));
        }
        erase_slot(at);
        release(number);
        break;
      }
    }
    return true;
  }
  std::string_view stored = entry.value;
  void* value = find_or_create(entry.key, hash);
  if (keeps_last_write_ && entry.op != codec::DeltaOp::kRemoveSub) {
    if (stored.size() < sizeof(std::int64_t)) {
      return false;
    }
    codec::Reader reader(stored);
    set_last_write(value, reader.i64());
    stored.remove_prefix(sizeof(std::int64_t));
  }
  return ops_->apply(value, entry, stored, older);
}

std::vector<std::string_view> StateTable::sorted_keys() const {
  std::vector<std::string_view> keys;
  keys.reserve(size_);
  for_each([&keys](std::string_view key, void*) { keys.push_back(key); });
  std::sort(keys.begin(), keys.end());
  return keys;
}

std::uint64_t StateTable::bytes() const {
  std::uint64_t sum = own_bytes();
  if (ops_->outside_bytes != nullptr) {
    for_each([&](std::string_view, void* value) { sum += ops_->outside_bytes(value); });
  }
  return sum;
}

}  // namespace rheon::state
