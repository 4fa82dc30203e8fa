#pragma once

// Keyed state of one (state, key group): an open-addressing index {tag, entry} over entries in
// stable chunks. Keys are canonical bytes. The table knows which entries have changed since the
// last barrier; capture and encode run beside the next epoch's writes: an entry that is written
// before its turn is encoded first.
//
// Lives on the shard that owns its key group, and moves with it at an epoch boundary. References to
// values stay valid until the entry is removed.
//
// An entry is: value (ops.bytes) | last write (8, with ttl only) | header (4) | key bytes, padded
// to 8. The header holds the key's length and the entry's mark: clean, or changed in the running or
// in the captured epoch.

#include <cstdint>
#include <cstring>
#include <string_view>
#include <vector>

#include "base/assert.h"
#include "base/short_text.h"
#include "base/stable_hash.h"
#include "base/types.h"
#include "codec/delta.h"
#include "state/value_ops.h"

namespace rheon::state {

class StateTable;

/// What the tables of one operator on one shard have in common: which of them have changes, where
/// entries go that are written before their turn, and how much they hold.
struct ChangeLog {
  std::vector<StateTable*> changed;             // tables with changes of the running epoch
  codec::DeltaWriter* written_early = nullptr;  // while a capture is being encoded
  std::uint64_t changed_bytes = 0;              // estimate of the running epoch's delta
  std::uint64_t keys = 0;                       // in the tables that are attached
  std::uint64_t created = 0;                    // entries, since whoever counts them set it to 0
  std::uint64_t removed = 0;
  std::uint64_t bytes = 0;  // own_bytes() of these tables
};

class alignas(64) StateTable {
 public:
  /// What of a key's hash this table uses; worked out once for several calls.
  using Tag = std::uint32_t;

  /// `seed`: per process, so that table positions cannot be foreseen from outside.
  StateTable(const ValueOps& ops, bool keeps_last_write, StateId state, KeyGroup group,
             std::uint64_t seed);
  ~StateTable();
  StateTable(const StateTable&) = delete;
  StateTable& operator=(const StateTable&) = delete;

  /// The tables of an operator share one change log; set when the key group comes to a shard, null
  /// when it leaves.
  void attach(ChangeLog* log);

  [[nodiscard]] Tag tag_of(std::uint64_t hash) const {
    return static_cast<Tag>(remix(hash, seed_) >> 32);
  }

  /// The value of `key`, or null. `hash`: stable hash of the key.
  [[nodiscard]] void* find(std::string_view key, std::uint64_t hash) const {
    return find_tagged(key, tag_of(hash));
  }
  [[nodiscard]] void* find_tagged(std::string_view key, Tag tag) const {
    for (std::uint32_t at = home_of(tag);; at = (at + 1) & mask_) {
      const IndexSlot slot = index_[at];
      if (slot.tag == tag) [[likely]] {
        if (slot.entry == kNoEntry) {
          return nullptr;
        }
        char* value = address(slot.entry);
        if (same_text(key, key_of(value))) [[likely]] {
          return value;
        }
      } else if (slot.entry == kNoEntry) {
        return nullptr;
      }
    }
  }

  /// The value of `key`; made (zeroed or default-constructed) when it is not there.
  [[nodiscard]] void* find_or_create(std::string_view key, std::uint64_t hash) {
    return find_or_create_tagged(key, tag_of(hash));
  }
  [[nodiscard]] void* find_or_create_tagged(std::string_view key, Tag tag) {
    void* value = find_tagged(key, tag);
    return value != nullptr ? value : create(key, tag);
  }

  /// Call before writing to a value: it will be in the next delta.
  void mark_changed(void* value) {
    if (mark_of(value) != running_mark_) {
      mark_changed_slow(value, tag_of(stable_hash(key_of(value))));
    }
  }
  void mark_changed_tagged(void* value, Tag tag) {
    if (mark_of(value) != running_mark_) {
      mark_changed_slow(value, tag);
    }
  }

  /// Removes the key; nothing happens when it is not there.
  void remove(std::string_view key, std::uint64_t hash);

  /// Last write in microseconds of the clock that the state's ttl counts in.
  [[nodiscard]] std::int64_t last_write(const void* value) const {
    std::int64_t micros = 0;
    std::memcpy(&micros, static_cast<const char*>(value) + ops_->bytes, sizeof micros);
    return micros;
  }
  void set_last_write(void* value, std::int64_t micros) {
    std::memcpy(static_cast<char*>(value) + ops_->bytes, &micros, sizeof micros);
  }

  /// For loops over many keys: start to bring near what the next step reads. First the index, for
  /// all keys; then the entry that candidate() finds, for all keys; then at() and the values.
  void prefetch_index(Tag tag) const { __builtin_prefetch(&index_[home_of(tag)]); }
  /// The value of the first entry with this tag, or null: most likely the one that find() finds.
  [[nodiscard]] void* candidate(Tag tag) const {
    std::uint32_t at = home_of(tag);
    const IndexSlot first = index_[at];
    const IndexSlot second = index_[(at + 1) & mask_];
    // Which of the two it is cannot be foreseen: no branch on it.
    IndexSlot slot{second.tag, second.entry};
    slot.tag = first.tag == tag ? first.tag : slot.tag;
    slot.entry = first.tag == tag ? first.entry : slot.entry;
    if (slot.tag != tag || slot.entry == kNoEntry) [[unlikely]] {
      slot.entry = farther_candidate(at, tag);
      if (slot.entry == kNoEntry) {
        return nullptr;
      }
    }
    char* value = address(slot.entry);
    __builtin_prefetch(value, 1);
    return value;
  }
  /// As find_or_create(), with what candidate() has returned since the last remove().
  [[nodiscard]] void* at(void* candidate, std::string_view key, Tag tag) {
    if (candidate != nullptr && same_text(key, key_of(candidate))) [[likely]] {
      return candidate;
    }
    return find_or_create_tagged(key, tag);
  }

  // At a barrier.
  /// Everything changed so far belongs to the epoch that ends; what comes now to the next.
  void begin_capture();
  /// Encodes captured entries until `budget_bytes` are written; true when none is left.
  [[nodiscard]] bool encode_captured(codec::DeltaWriter& out, std::size_t budget_bytes);
  /// Encodes all entries whose stable hash has its upper 32 bits in [first, last].
  void encode_slice(std::uint32_t first, std::uint32_t last, codec::DeltaWriter& out) const;

  /// At restore: applies one stored entry; nothing becomes dirty. False when its bytes are broken.
  /// `older`: the schema it was written under, when it is not today's.
  [[nodiscard]] bool apply(const codec::DeltaEntry& entry, std::uint64_t hash,
                           const codec::Schema* older = nullptr);

  /// Calls visit(key, value) for every entry, in no order.
  template <class Visit>
  void for_each(Visit&& visit) const {
    for (std::uint32_t at = 0; at <= mask_; ++at) {
      if (index_[at].entry != kNoEntry) {
        char* value = address(index_[at].entry);
        visit(key_of(value), static_cast<void*>(value));
      }
    }
  }
  /// Keys in byte order (a copy of the views; valid until the table changes).
  [[nodiscard]] std::vector<std::string_view> sorted_keys() const;

  /// Looks at some entries and removes those for which `expired(value)`; remembers where it stands.
  template <class Expired>
  std::size_t sweep(std::uint32_t entries, Expired&& expired);

  [[nodiscard]] std::size_t size() const { return size_; }
  /// Memory held: index, entries, and what hangs off the values. Looks at every value that has
  /// something hanging off it.
  [[nodiscard]] std::uint64_t bytes() const;
  /// ... without what hangs off the values: cheap.
  [[nodiscard]] std::uint64_t own_bytes() const {
    return sizeof *this + (std::uint64_t{mask_} + 1) * sizeof(IndexSlot) + chunk_bytes_;
  }
  [[nodiscard]] StateId state() const { return state_; }
  [[nodiscard]] KeyGroup group() const { return group_; }
  [[nodiscard]] std::string_view key_of(const void* value) const {
    const char* header = static_cast<const char*>(value) + key_offset_ - sizeof(std::uint32_t);
    std::uint32_t word = 0;
    std::memcpy(&word, header, sizeof word);
    return {header + sizeof word, word & kKeyLengthMask};
  }

 private:
  struct IndexSlot {
    std::uint32_t tag;
    std::uint32_t entry;
  };
  struct FreeEntry {
    std::uint32_t entry;
    std::uint32_t units;
  };

  static constexpr std::uint32_t kNoEntry = UINT32_MAX;
  static constexpr unsigned kUnitBits = 13;  // a chunk holds at most 8,192 units of 8 bytes
  static constexpr std::uint32_t kUnitMask = (1u << kUnitBits) - 1;
  static constexpr std::size_t kFirstChunkBytes = 256;
  static constexpr std::size_t kLargestChunkBytes = std::size_t{kUnitMask + 1} * 8;
  static constexpr std::size_t kManyBytes = std::size_t{512} << 10;
  static constexpr std::uint32_t kKeyLengthMask = (1u << 29) - 1;
  static constexpr std::uint32_t kRemoved = 1u << 29;
  static constexpr unsigned kMarkShift = 30;
  static constexpr std::uint32_t kClean = 0;  // marks; 1 and 2 take turns as the running epoch's

  [[nodiscard]] std::uint32_t home_of(std::uint32_t tag) const {
    return static_cast<std::uint32_t>(static_cast<std::uint64_t>(tag) >> shift_);
  }
  [[nodiscard]] char* address(std::uint32_t entry) const {
    return chunks_[entry >> kUnitBits] + static_cast<std::size_t>(entry & kUnitMask) * 8;
  }
  [[nodiscard]] std::uint32_t header_of(const void* value) const {
    std::uint32_t word = 0;
    std::memcpy(&word, static_cast<const char*>(value) + key_offset_ - sizeof word, sizeof word);
    return word;
  }
  void set_header(void* value, std::uint32_t word) {
    std::memcpy(static_cast<char*>(value) + key_offset_ - sizeof word, &word, sizeof word);
  }
  [[nodiscard]] std::uint32_t mark_of(const void* value) const {
    return header_of(value) >> kMarkShift;
  }
  void set_mark(void* value, std::uint32_t mark) {
    set_header(value, (header_of(value) & (kKeyLengthMask | kRemoved)) | (mark << kMarkShift));
  }

  [[nodiscard]] static IndexSlot* new_index(std::uint32_t slots);
  static void free_index(IndexSlot* index, std::uint32_t slots);
  [[nodiscard]] std::uint32_t farther_candidate(std::uint32_t at, Tag tag) const;
  [[nodiscard]] void* create(std::string_view key, Tag tag);
  void mark_changed_slow(void* value, Tag tag);
  void encode_change(std::uint32_t entry, codec::DeltaWriter& out);
  [[nodiscard]] std::string_view stored_prefix(const void* value) const;
  void release(std::uint32_t entry);
  void erase_slot(std::uint32_t at);
  void grow_index();
  void count_bytes(std::uint64_t more);
  [[nodiscard]] std::uint32_t allocate(std::uint32_t units);
  [[nodiscard]] std::uint32_t units_for(std::size_t key_bytes) const {
    return static_cast<std::uint32_t>((key_offset_ + key_bytes + 7) / 8);
  }

  // What find() touches comes first, in one cache line.
  IndexSlot* index_;
  std::uint32_t mask_;
  std::uint32_t shift_;
  std::uint64_t seed_;
  char** chunks_ = nullptr;
  std::uint32_t key_offset_;  // of the key's bytes within an entry
  std::uint32_t running_mark_ = 1;
  const ValueOps* ops_;
  ChangeLog* log_ = nullptr;
  std::uint32_t size_ = 0;
  StateId state_;
  KeyGroup group_;
  bool keeps_last_write_;
  bool noted_ = false;  // this table stands in log_->changed

  // Entries. A removed one keeps its key, flagged, until its removal has been encoded.
  std::vector<std::uint32_t> changed_;   // in the running epoch
  std::vector<std::uint32_t> captured_;  // in the epoch being encoded
  std::size_t next_captured_ = 0;
  std::vector<char*> chunk_list_;
  std::vector<std::size_t> chunk_sizes_;  // in bytes
  std::uint64_t chunk_bytes_ = 0;
  std::uint32_t next_unit_ = 0;      // free in the last chunk
  std::uint32_t units_in_last_ = 0;  // size of the last chunk
  std::vector<FreeEntry> free_;
  std::uint32_t sweep_at_ = 0;
};

template <class Expired>
std::size_t StateTable::sweep(std::uint32_t entries, Expired&& expired) {
  std::size_t removed = 0;
  for (std::uint32_t i = 0; i < entries && i <= mask_; ++i) {
    sweep_at_ = (sweep_at_ + 1) & mask_;
    if (index_[sweep_at_].entry == kNoEntry) {
      continue;
    }
    char* value = address(index_[sweep_at_].entry);
    if (expired(static_cast<const void*>(value))) {
      const std::string key(key_of(value));
      remove(key, stable_hash(key));
      ++removed;
    }
  }
  return removed;
}

}  // namespace rheon::state
